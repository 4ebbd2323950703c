package dev.ctstream.record;

/** A record that cannot be decoded; the text says why and, where something can be done, what. */
public final class RecordException extends Exception {
    private static final long serialVersionUID = 1L;

    /** Why the record cannot be decoded. */
    public RecordException(String message) {
        super(message);
    }

    /** Why the record cannot be decoded. */
    public RecordException(String message, Throwable cause) {
        super(message, cause);
    }
}
