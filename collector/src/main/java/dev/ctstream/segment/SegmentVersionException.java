package dev.ctstream.segment;

import java.io.IOException;

/** A file in the spool has a version that this program does not read. This must not be treated as damage. */
public final class SegmentVersionException extends IOException {
    private static final long serialVersionUID = 1L;

    /**
     * The file has another version.
     *
     * @param found version of the file
     * @param known the version that this program reads
     */
    public SegmentVersionException(int found, int known) {
        super("it has version " + found + ", this program reads version " + known
                + (found < known
                        ? "; no release wrote that version: publish the spool with the build that wrote it,"
                                + " or use another spool.directory"
                        : "; use the version of ctstream that wrote it, or another spool.directory"));
    }
}
