package dev.ctstream.segment;

/**
 * A position in the spool, between two batches.
 *
 * @param number number of the next batch
 * @param eventsBefore events in all batches that were ever appended before the position
 */
public record SpoolPosition(long number, long eventsBefore) {
    /** The position before the very first batch. */
    public static final SpoolPosition START = new SpoolPosition(1, 0);

    /** Whether a spool can have got there: a good checksum alone does not say so. */
    public boolean isPossible() {
        return number >= 1 && number <= SegmentFormat.MOST && eventsBefore >= 0 && eventsBefore <= SegmentFormat.MOST;
    }
}
