package dev.ctstream.segment;

/**
 * How much of something there is.
 *
 * @param batches of events or control records
 * @param events in them
 */
public record Amount(long batches, long events) {
    /** Nothing. */
    public static final Amount NONE = new Amount(0, 0);

    /** What lies between two places; nothing when the second is not behind the first. */
    public static Amount between(SpoolPosition first, SpoolPosition next) {
        return next.number() <= first.number()
                ? NONE
                : new Amount(next.number() - first.number(), next.eventsBefore() - first.eventsBefore());
    }

    /** Both together. */
    public Amount plus(Amount other) {
        return new Amount(batches + other.batches, events + other.events);
    }
}
