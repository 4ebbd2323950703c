package dev.ctstream.spool;

import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The segments that exist, oldest first, and which of them Kafka may still be sent from.
 *
 * <p>Threads: the spool thread adds and removes, the publisher looks up; a lock, held briefly, keeps the two apart. The
 * receive thread never comes here.
 */
final class SegmentCatalog {
    private final Deque<Segment> segments = new ArrayDeque<>();
    private long offeredNumber;

    synchronized void add(Segment segment) {
        segments.addLast(segment);
    }

    synchronized List<Segment> list() {
        return new ArrayList<>(segments);
    }

    synchronized int count() {
        return segments.size();
    }

    /** Bytes of all segments. */
    synchronized long sizeBytes() {
        long bytes = 0;
        for (Segment segment : segments) {
            bytes += segment.sizeBytes();
        }
        return bytes;
    }

    /**
     * The oldest segment that holds the batch or a later one. It is not dropped before {@link #offered} says that the
     * publisher went back.
     *
     * @return null when no such segment exists now
     */
    synchronized @Nullable Segment open(long number) {
        for (Segment segment : segments) {
            if (segment.nextNumber() > number) {
                offeredNumber = Math.max(offeredNumber, Math.max(number, segment.firstNumber()));
                return segment;
            }
        }
        return null;
    }

    /** Says up to which batch the publisher was handed what there is. */
    synchronized void offered(long number) {
        offeredNumber = number;
    }

    /** The oldest sealed segment of which the publisher was handed nothing; null when there is none. */
    synchronized @Nullable Segment droppable() {
        for (Segment segment : segments) {
            if (segment.sealed() && segment.firstNumber() > offeredNumber) {
                return segment;
            }
        }
        return null;
    }

    /** Forgets a segment and deletes its file. */
    void delete(Segment segment) throws IOException {
        synchronized (this) {
            segments.remove(segment);
        }
        Files.deleteIfExists(segment.file());
    }

    /** Removes the segments whose batches are all acknowledged and deletes their files. */
    int deleteAcknowledged(long acknowledgedNumber) throws IOException {
        int deleted = 0;
        while (true) {
            Segment oldest;
            synchronized (this) {
                oldest = segments.peekFirst();
                if (oldest == null || !oldest.sealed() || oldest.nextNumber() - 1 > acknowledgedNumber) {
                    return deleted;
                }
            }
            delete(oldest);
            deleted++;
        }
    }
}
