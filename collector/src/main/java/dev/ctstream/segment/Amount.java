package dev.ctstream.segment;

/**
 * A number of batches and of the events in them.
 *
 * @param batches batches of events, and control records
 * @param events events in these batches
 */
public record Amount(long batches, long events) {
    /** No batches. */
    public static final Amount NONE = new Amount(0, 0);

    /** The amount between two positions; {@link #NONE} when the second is not after the first. */
    public static Amount between(SpoolPosition first, SpoolPosition next) {
        return next.number() <= first.number()
                ? NONE
                : new Amount(next.number() - first.number(), next.eventsBefore() - first.eventsBefore());
    }

    /** The sum of both. */
    public Amount plus(Amount other) {
        return new Amount(batches + other.batches, events + other.events);
    }
}
