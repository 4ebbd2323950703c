package dev.ctstream.spool;

import java.io.IOException;

/**
 * A write or a sync failed, and what it may have written cannot be removed either: a restart may find it. So the frames'
 * numbers must not be used again.
 */
final class NotTakenBackException extends IOException {
    private static final long serialVersionUID = 1L;

    NotTakenBackException(IOException reason) {
        super(reason);
    }
}
