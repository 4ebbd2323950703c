package dev.ctstream.segment;

/** A range of missing batches between two positions of the spool. */
public record MissingBatches(SpoolPosition first, SpoolPosition next) {
    /** Number of missing batches. */
    public long batches() {
        return next.number() - first.number();
    }

    /** Number of events in them. */
    public long events() {
        return next.eventsBefore() - first.eventsBefore();
    }
}
