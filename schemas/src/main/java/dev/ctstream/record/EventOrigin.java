package dev.ctstream.record;

/** Where an event comes from: field {@code origin}. */
public enum EventOrigin {
    /** An event message of the kernel; {@code event_type} is that of the message. */
    KERNEL("kernel"),
    /** An entry of a dump; {@code event_type} is EXISTING or INTERIM. */
    DUMP("dump"),
    /** A flow that disappeared without a DESTROY; {@code event_type} is DESTROY. */
    INFERRED("inferred");

    private final String text;

    EventOrigin(String text) {
        this.text = text;
    }

    /** The value in the record. */
    public String text() {
        return text;
    }
}
