package dev.ctstream.proof;

/**
 * Where a record lies. Immutable; any thread.
 *
 * @param control whether it is a control record
 * @param partition of its topic; a negative number for a file: -1 is the first
 * @param offset in the partition; of a file the number of the record
 */
public record Place(boolean control, int partition, long offset) {
    /** Whether it lies in a file: then the partitions are mixed, and the file may begin anywhere. */
    boolean isFile() {
        return partition < 0;
    }

    /** For people. */
    public String text() {
        return (control ? "control topic, " : "event topic, ")
                + (isFile() ? "file " + -partition + ", record " : "partition " + partition + ", offset ")
                + offset;
    }
}
