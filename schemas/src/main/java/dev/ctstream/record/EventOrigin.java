package dev.ctstream.record;

/** Where an event comes from: the field {@code origin}. */
public enum EventOrigin {
    /** An event message; {@code event_type} is the message's. */
    KERNEL("kernel"),
    /** An entry of a dump; {@code event_type} is EXISTING. */
    DUMP("dump"),
    /** A flow that had gone without a DESTROY; {@code event_type} is DESTROY. */
    INFERRED("inferred");

    private final String text;

    EventOrigin(String text) {
        this.text = text;
    }

    /** As it stands in the record. */
    public String text() {
        return text;
    }
}
