package dev.ctstream.spool;

import java.io.IOException;

/** A file in the spool was written by a later version of this program, which may not be taken for damage. */
public final class LaterVersionException extends IOException {
    private static final long serialVersionUID = 1L;

    LaterVersionException(int version) {
        super("it has version " + version + ", this program reads up to " + SegmentFormat.VERSION
                + "; use the version of ctstream that wrote it, or another spool.directory");
    }
}
