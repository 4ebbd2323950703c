package dev.ctstream.segment;

/** Batches from one place to another. */
public record MissingBatches(SpoolPosition first, SpoolPosition next) {
    /** How many batches. */
    public long batches() {
        return next.number() - first.number();
    }

    /** How many events are in them. */
    public long events() {
        return next.eventsBefore() - first.eventsBefore();
    }
}
