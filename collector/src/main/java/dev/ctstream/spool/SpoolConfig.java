package dev.ctstream.spool;

import java.nio.file.Path;

/**
 * Settings of the spool.
 *
 * @param directory holds the segments; for one collector at a time
 * @param maxBytes limit for all segments together; at least four times {@code segmentBytes}
 * @param segmentBytes size at which a segment is sealed
 * @param syncIntervalMillis a power loss may destroy at most this much time of data
 * @param whenFull which data is dropped at {@code maxBytes} and when the disk takes no more
 */
public record SpoolConfig(
        Path directory, long maxBytes, long segmentBytes, long syncIntervalMillis, WhenFull whenFull) {

    /** Which data is dropped when there is not enough space. */
    public enum WhenFull {
        /** The oldest segment that was not offered to Kafka yet. */
        DROP_OLDEST,
        /** The data that was just received. */
        DROP_NEWEST
    }
}
