package dev.ctstream.segment;

import java.io.IOException;

/** A file in the spool is no segment that can be read. The message completes "FILE: ...". */
public final class DamagedSegmentException extends IOException {
    private static final long serialVersionUID = 1L;

    DamagedSegmentException(String message) {
        super(message);
    }
}
