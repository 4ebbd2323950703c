package dev.ctstream.spool;

import dev.ctstream.segment.SpoolPosition;
import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The existing segments, oldest first, and which of them have been offered to the publisher.
 *
 * <p>Threads: the spool thread adds and removes; the publisher looks up. A lock ensures that a segment is never dropped
 * while it is handed out. The receive thread never uses the catalog.
 */
final class SegmentCatalog {
    private final Deque<Segment> segments = new ArrayDeque<>();
    private long sizeBytes;
    private long offeredNumber;
    private SpoolPosition end = SpoolPosition.START;

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
     * Returns the segment that holds the batch, or else the oldest one with a later batch. From now on it is not
     * dropped, unless {@link #rewound} is called.
     *
     * @return null when there is no such segment
     */
    synchronized @Nullable Segment offer(long number) {
        for (Segment segment : segments) {
            if (segment.nextNumber() > number) {
                offeredNumber = Math.max(number, segment.first().number());
                return segment;
            }
        }
        return null;
    }

    /** Records that the publisher starts again at this number. */
    synchronized void rewound(long number) {
        offeredNumber = number - 1;
    }

    /** The oldest sealed segment that was not offered to the publisher; null when there is none. */
    synchronized @Nullable Segment droppable() {
        for (Segment segment : segments) {
            if (isDroppable(segment)) {
                return segment;
            }
        }
        return null;
    }

    private boolean isDroppable(Segment segment) {
        return segment.extent().sealed() && segment.first().number() > offeredNumber;
    }

    /**
     * Deletes a segment's file and forgets the segment, unless the publisher has reached it meanwhile.
     *
     * @return false when the publisher has reached it
     */
    synchronized boolean drop(Segment segment) throws IOException {
        if (!isDroppable(segment)) {
            return false;
        }
        delete(segment);
        return true;
    }

    /** Whether the oldest segment is sealed and all its batches are acknowledged. */
    synchronized boolean hasAcknowledged(long acknowledgedNumber) {
        Segment oldest = segments.peekFirst();
        return oldest != null && oldest.extent().sealed() && oldest.nextNumber() - 1 <= acknowledgedNumber;
    }

    /** Deletes the oldest segment if {@link #hasAcknowledged} is true. */
    synchronized boolean deleteAcknowledged(long acknowledgedNumber) throws IOException {
        if (!hasAcknowledged(acknowledgedNumber)) {
            return false;
        }
        delete(segments.getFirst());
        return true;
    }

    private synchronized void delete(Segment segment) throws IOException {
        Files.deleteIfExists(segment.file()); // first: a file that cannot be deleted must stay in the catalog
        segments.remove(segment);
        sizeBytes -= segment.extent().sizeBytes();
        SpoolPosition next = segment.extent().next();
        end = next.number() > end.number() ? next : end;
    }
}
