package dev.ctstream.spool;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Settings of the spool.
 *
 * @param directory holds the segments; for one collector at a time
 * @param maxBytes limit for all segments of events together; at least four times {@code segmentBytes}
 * @param segmentBytes size at which a segment of events is sealed
 * @param controlBytes limit for all segments of control records together; {@link #CONTROL_SEGMENTS} segments
 * @param syncIntervalMillis a power loss may destroy at most this much time of data
 * @param whenFull which data is dropped at {@code maxBytes} and when the disk takes no more
 * @param proof null = nothing is signed
 */
public record SpoolConfig(
        Path directory,
        long maxBytes,
        long segmentBytes,
        long controlBytes,
        long syncIntervalMillis,
        WhenFull whenFull,
        @Nullable ProofConfig proof) {
    /** Segments into which the space for control records is divided. */
    static final int CONTROL_SEGMENTS = 8;

    private static final long CONTROL_LEAST_BYTES = 256 << 10;
    private static final long CONTROL_MOST_BYTES = 64 << 20;

    /** Which data is dropped when there is not enough space. */
    public enum WhenFull {
        /** The oldest segment that was not offered to Kafka yet. */
        DROP_OLDEST,
        /** The data that was just received. */
        DROP_NEWEST
    }

    /** Settings of a spool whose log is not proven. */
    public SpoolConfig(
            Path directory,
            long maxBytes,
            long segmentBytes,
            long controlBytes,
            long syncIntervalMillis,
            WhenFull whenFull) {
        this(directory, maxBytes, segmentBytes, controlBytes, syncIntervalMillis, whenFull, null);
    }

    /** The default of {@code spool.control-bytes}: an eighth of {@code spool.max-bytes}, 256 KiB to 64 MiB. */
    public static long defaultControlBytes(long maxBytes) {
        return Math.max(CONTROL_LEAST_BYTES, Math.min(CONTROL_MOST_BYTES, maxBytes / CONTROL_SEGMENTS));
    }

    /**
     * These settings on a file system of this size: the space for control records is at most an eighth of it, because it
     * is reserved.
     */
    SpoolConfig on(long fileSystemBytes) {
        long most = Math.max(CONTROL_LEAST_BYTES, fileSystemBytes / CONTROL_SEGMENTS);
        return new SpoolConfig(
                directory, maxBytes, segmentBytes, Math.min(controlBytes, most), syncIntervalMillis, whenFull, proof);
    }

    /** Length of a segment of control records. */
    long controlSegmentBytes() {
        return controlBytes / CONTROL_SEGMENTS;
    }
}
