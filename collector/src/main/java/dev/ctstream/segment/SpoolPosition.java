package dev.ctstream.segment;

/**
 * A place in the spool, between two batches.
 *
 * @param number of the batch behind the place
 * @param eventsBefore events in all batches before the place, ever
 */
public record SpoolPosition(long number, long eventsBefore) {
    /** Before the very first batch. */
    public static final SpoolPosition START = new SpoolPosition(1, 0);
}
