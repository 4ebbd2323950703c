package dev.ctstream.record;

/** A schema registry did not do what was asked. The message says what failed and what to do, and holds no secret. */
public final class RegistryException extends Exception {
    private static final long serialVersionUID = 1L;

    /** What kind of answer it was. */
    public enum Kind {
        /** No usable answer: nothing listens, no answer in time, or an error of the server. It may be there later. */
        UNAVAILABLE,
        /** The registry does not accept the credentials, or its certificate is not trusted. */
        CREDENTIALS,
        /** There is no such subject, schema or id. */
        UNKNOWN,
        /** It will not take the schema: the subject holds another one that does not fit. */
        REFUSED
    }

    private final Kind kind;

    /** The message is a sentence for people. */
    public RegistryException(Kind kind, String message) {
        super(message);
        this.kind = kind;
    }

    /** The message is a sentence for people. */
    public RegistryException(Kind kind, String message, Throwable cause) {
        super(message, cause);
        this.kind = kind;
    }

    /** The kind of answer. */
    public Kind kind() {
        return kind;
    }

    /** Whether the registry has answered, and will answer the same until something is changed there. */
    public boolean isAnswer() {
        return kind == Kind.UNKNOWN || kind == Kind.REFUSED;
    }
}
