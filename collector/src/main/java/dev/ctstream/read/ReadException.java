package dev.ctstream.read;

/** Reading is impossible; the message says what failed and what to do. */
public final class ReadException extends Exception {
    private static final long serialVersionUID = 1L;

    ReadException(String message) {
        super(message);
    }

    ReadException(String message, Throwable cause) {
        super(message, cause);
    }
}
