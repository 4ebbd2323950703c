package dev.ctstream.spool;

import dev.ctstream.segment.SpoolPosition;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The existing segments of one chain, oldest first, and which of them have been offered to the publisher.
 *
 * <p>Threads: the spool thread adds and removes; the publisher looks up. A lock ensures that a segment is never given up
 * while it is handed out. The receive thread never uses the catalog.
 */
final class SegmentCatalog {
    private final SpoolFileSystem files;
    private final Deque<Segment> segments = new ArrayDeque<>();
    private long sizeBytes;
    private long offeredNumber;
    private @Nullable Segment claimed;
    private SpoolPosition end = SpoolPosition.START;

    SegmentCatalog(SpoolFileSystem files) {
        this.files = files;
    }

    synchronized void add(Segment segment) {
        segments.addLast(segment);
        sizeBytes += segment.extent().sizeBytes();
    }

    /** Moves the end of a segment that is in the catalog. */
    synchronized void extend(Segment segment, Segment.Extent extent) {
        sizeBytes += extent.sizeBytes() - segment.extent().sizeBytes();
        segment.extent(extent);
    }

    synchronized List<Segment> list() {
        return new ArrayList<>(segments);
    }

    synchronized int count() {
        return segments.size();
    }

    /** Appended bytes of all segments. */
    synchronized long sizeBytes() {
        return sizeBytes;
    }

    /** The position after everything that was ever appended; used when no segment is left to show it. */
    synchronized SpoolPosition end() {
        return end;
    }

    synchronized void end(SpoolPosition position) {
        end = position;
    }

    /**
     * Returns the segment that holds the batch, or else the oldest one with a later batch. From now on it is not given
     * up, also after a rewind: a request of the producer before may still arrive, and its events would come after those
     * that follow what was given up.
     *
     * @return null when there is no such segment, or when it is being given up just now
     */
    synchronized @Nullable Segment offer(long number) {
        for (Segment segment : segments) {
            if (segment.nextNumber() > number) {
                if (segment.equals(claimed)) {
                    return null;
                }
                offeredNumber = Math.max(offeredNumber, segment.first().number());
                return segment;
            }
        }
        return null;
    }

    /** Whether the batch is in the segment that is being given up. */
    synchronized boolean isClaimed(long number) {
        Segment known = claimed;
        return known != null && known.first().number() <= number && known.nextNumber() > number;
    }

    /**
     * Claims the oldest sealed segment that was not offered to the publisher, which will not be offered either; null when
     * there is none.
     */
    synchronized @Nullable Segment claim() {
        for (Segment segment : segments) {
            if (segment.extent().sealed() && segment.first().number() > offeredNumber) {
                claimed = segment;
                return segment;
            }
        }
        return null;
    }

    /** Ends the claim; the publisher may reach the segment again. */
    synchronized void unclaim() {
        claimed = null;
    }

    /** The oldest segment if it is sealed and all its batches are acknowledged; else null. */
    synchronized @Nullable Segment acknowledged(long acknowledgedNumber) {
        Segment oldest = segments.peekFirst();
        return oldest != null && oldest.extent().sealed() && oldest.nextNumber() - 1 <= acknowledgedNumber
                ? oldest
                : null;
    }

    /** Deletes a segment's file and forgets the segment. */
    synchronized void delete(Segment segment) throws IOException {
        files.delete(segment.file()); // first: a file that cannot be deleted must stay in the catalog
        forget(segment);
    }

    /** Forgets all segments: their files are gone. */
    synchronized void clear() {
        list().forEach(this::forget);
    }

    private void forget(Segment segment) {
        segments.remove(segment);
        sizeBytes -= segment.extent().sizeBytes();
        SpoolPosition next = segment.extent().next();
        end = next.number() > end.number() ? next : end;
    }
}
