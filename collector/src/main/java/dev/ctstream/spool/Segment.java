package dev.ctstream.spool;

import dev.ctstream.record.RunIdentity;
import dev.ctstream.segment.SpoolPosition;
import java.nio.file.Path;

/**
 * One segment file as the catalog knows it.
 *
 * <p>Threads: the spool thread moves the extent, the publisher reads it; it is replaced as a whole.
 */
final class Segment {
    /**
     * How much of the file counts.
     *
     * @param next the place behind its last batch
     * @param sizeBytes bytes up to there, or up to the index's end
     * @param sealed whether nothing will be appended any more
     */
    record Extent(SpoolPosition next, long sizeBytes, boolean sealed) {}

    private final long id;
    private final Path file;
    private final RunIdentity identity;
    private final SpoolPosition first;
    private volatile Extent extent;

    Segment(long id, Path file, RunIdentity identity, SpoolPosition first, Extent extent) {
        this.id = id;
        this.file = file;
        this.identity = identity;
        this.first = first;
        this.extent = extent;
    }

    long id() {
        return id;
    }

    Path file() {
        return file;
    }

    /** The run that wrote it. */
    RunIdentity identity() {
        return identity;
    }

    /** The place before its first batch. */
    SpoolPosition first() {
        return first;
    }

    Extent extent() {
        return extent;
    }

    /** The number behind its last batch. */
    long nextNumber() {
        return extent.next().number();
    }

    /** For the catalog, which keeps the sum of all sizes. */
    void extent(Extent newExtent) {
        extent = newExtent;
    }
}
