package dev.ctstream.spool;

import java.nio.file.Path;

/**
 * Settings of the spool.
 *
 * @param directory holds the segments; one collector at a time
 * @param maxBytes all segments together; at least four segments
 * @param segmentBytes a segment that has grown to it is sealed
 * @param syncIntervalMillis how much time of data a power loss may take
 * @param whenFull what gives way at {@code maxBytes}, and when the disk takes no more
 */
public record SpoolConfig(
        Path directory, long maxBytes, long segmentBytes, long syncIntervalMillis, WhenFull whenFull) {

    /** Which data gives way when there is no room for all. */
    public enum WhenFull {
        /** The oldest segment that Kafka was not offered yet. */
        DROP_OLDEST,
        /** What was just received. */
        DROP_NEWEST
    }
}
