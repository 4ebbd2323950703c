package dev.ctstream.spool;

/**
 * A place in the spool, between two batches.
 *
 * @param number of the batch behind the place
 * @param eventsBefore events in all batches before the place, ever
 */
public record Mark(long number, long eventsBefore) {
    /** Before the very first batch. */
    static final Mark START = new Mark(1, 0);
}
