package dev.ctstream.segment;

import java.io.IOException;

/** A file in the spool cannot be read as a segment. The message completes "FILE: ...". */
public final class DamagedSegmentException extends IOException {
    private static final long serialVersionUID = 1L;

    DamagedSegmentException(String message) {
        super(message);
    }
}
