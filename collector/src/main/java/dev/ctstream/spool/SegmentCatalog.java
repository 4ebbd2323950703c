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
 * The segments that exist, oldest first, and which of them the publisher has been handed something from.
 *
 * <p>Threads: the spool thread adds and removes, the publisher looks up; a lock keeps the two apart, so that a segment is
 * never dropped and handed out at the same time. The receive thread never comes here.
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

    /** Bytes of all segments, as far as they are appended. */
    synchronized long sizeBytes() {
        return sizeBytes;
    }

    /** The place behind all that was ever appended, when no segment is left that says so. */
    synchronized SpoolPosition end() {
        return end;
    }

    synchronized void end(SpoolPosition place) {
        end = place;
    }

    /**
     * The segment that holds the batch, or the oldest one that holds a later one. It is not dropped from now on, unless
     * {@link #wentBack} is called.
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

    /** The publisher begins again with this number. */
    synchronized void wentBack(long number) {
        offeredNumber = number - 1;
    }

    /** The oldest sealed segment of which the publisher was handed nothing; null when there is none. */
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
     * Deletes a segment's file and forgets the segment, unless the publisher has come to it meanwhile.
     *
     * @return false when it has
     */
    synchronized boolean drop(Segment segment) throws IOException {
        if (!isDroppable(segment)) {
            return false;
        }
        delete(segment);
        return true;
    }

    /** Whether all batches of the oldest segment are acknowledged, and it gets no more. */
    synchronized boolean hasAcknowledged(long acknowledgedNumber) {
        Segment oldest = segments.peekFirst();
        return oldest != null && oldest.extent().sealed() && oldest.nextNumber() - 1 <= acknowledgedNumber;
    }

    /** Deletes the oldest segment if {@link #hasAcknowledged}. */
    synchronized boolean deleteAcknowledged(long acknowledgedNumber) throws IOException {
        if (!hasAcknowledged(acknowledgedNumber)) {
            return false;
        }
        delete(segments.getFirst());
        return true;
    }

    private synchronized void delete(Segment segment) throws IOException {
        Files.deleteIfExists(segment.file()); // first: what cannot be deleted must not be forgotten
        segments.remove(segment);
        sizeBytes -= segment.extent().sizeBytes();
        SpoolPosition next = segment.extent().next();
        end = next.number() > end.number() ? next : end;
    }
}
