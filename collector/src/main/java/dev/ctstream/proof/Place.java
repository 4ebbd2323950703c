package dev.ctstream.proof;

/**
 * Where a record lies. Immutable; any thread.
 *
 * @param control whether it is a control record
 * @param partition of its topic; a negative number for a file: -1 is the first
 * @param offset in the partition; of a file the number of the record
 */
public record Place(boolean control, int partition, long offset) {
    /** For people. */
    public String text() {
        return (control ? "control topic, " : "event topic, ")
                + (partition < 0 ? "file " + -partition + ", record " : "partition " + partition + ", offset ")
                + offset;
    }
}
