package dev.ctstream.read;

/** A record that cannot be decoded; the text says why and, where something can be done, what. */
public final class RecordException extends Exception {
    private static final long serialVersionUID = 1L;

    RecordException(String message) {
        super(message);
    }

    RecordException(String message, Throwable cause) {
        super(message, cause);
    }
}
