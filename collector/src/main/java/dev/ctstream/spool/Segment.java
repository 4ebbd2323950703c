package dev.ctstream.spool;

import dev.ctstream.batch.RunIdentity;
import java.nio.file.Path;

/**
 * One segment file as the catalog knows it.
 *
 * <p>Threads: the spool thread writes the growing fields, the publisher reads them.
 */
final class Segment {
    private final long id;
    private final Path file;
    private final RunIdentity identity;
    private final long firstNumber;
    private volatile long nextNumber;
    private volatile long sizeBytes;
    private volatile boolean sealed;

    Segment(
            long id,
            Path file,
            RunIdentity identity,
            long firstNumber,
            long nextNumber,
            long sizeBytes,
            boolean sealed) {
        this.id = id;
        this.file = file;
        this.identity = identity;
        this.firstNumber = firstNumber;
        this.nextNumber = nextNumber;
        this.sizeBytes = sizeBytes;
        this.sealed = sealed;
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

    long firstNumber() {
        return firstNumber;
    }

    /** The number behind its last batch. */
    long nextNumber() {
        return nextNumber;
    }

    long sizeBytes() {
        return sizeBytes;
    }

    /** Whether nothing will be appended any more. */
    boolean sealed() {
        return sealed;
    }

    void grown(long nextNumber, long sizeBytes) {
        this.sizeBytes = sizeBytes;
        this.nextNumber = nextNumber;
    }

    void seal(long sizeBytes) {
        this.sizeBytes = sizeBytes;
        sealed = true;
    }
}
