package dev.ctstream.record;

/** A record cannot be decoded. The message says why and, where possible, what to do. */
public class RecordException extends Exception {
    private static final long serialVersionUID = 1L;

    /** The message says why the record cannot be decoded. */
    public RecordException(String message) {
        super(message);
    }

    /** The message says why the record cannot be decoded. */
    public RecordException(String message, Throwable cause) {
        super(message, cause);
    }
}
