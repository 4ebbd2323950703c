package dev.ctstream.spool;

import java.io.IOException;

/**
 * A write failed and what it may have written cannot be removed, or a sync failed: a restart may find the frames. So
 * their numbers must not be used again.
 */
final class NotTakenBackException extends IOException {
    private static final long serialVersionUID = 1L;

    NotTakenBackException(IOException reason) {
        super(reason);
    }
}
