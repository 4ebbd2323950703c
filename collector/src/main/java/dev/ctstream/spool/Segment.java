package dev.ctstream.spool;

import dev.ctstream.record.RunIdentity;
import dev.ctstream.segment.SpoolPosition;
import java.nio.file.Path;

/**
 * One segment file as the catalog knows it.
 *
 * <p>Threads: the spool thread replaces the extent as a whole; the publisher reads it.
 */
final class Segment {
    /**
     * The valid part of the file.
     *
     * @param next the position after its last batch
     * @param sizeBytes bytes up to there; including the index when there is one
     * @param sealed true when nothing more will be appended
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

    /** The position of its first batch. */
    SpoolPosition first() {
        return first;
    }

    Extent extent() {
        return extent;
    }

    /** The number after its last batch. */
    long nextNumber() {
        return extent.next().number();
    }

    /** Only for the catalog, which keeps the sum of all sizes. */
    void extent(Extent newExtent) {
        extent = newExtent;
    }
}
