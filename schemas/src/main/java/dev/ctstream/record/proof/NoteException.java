package dev.ctstream.record.proof;

/** A text is no key, note, checkpoint or proof, or not a good one. The message says why. */
public final class NoteException extends Exception {
    private static final long serialVersionUID = 1L;

    /** The message says why. */
    public NoteException(String message) {
        super(message);
    }

    /** The message says why. */
    public NoteException(String message, Throwable cause) {
        super(message, cause);
    }
}
