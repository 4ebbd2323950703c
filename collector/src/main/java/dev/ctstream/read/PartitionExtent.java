package dev.ctstream.read;

/**
 * Offsets of the records in a partition.
 *
 * @param begin first offset; above 0 when retention has removed records
 * @param end offset after the last record
 */
public record PartitionExtent(int partition, long begin, long end) {
    /** Upper bound for the number of records in the partition. */
    public long records() {
        return end - begin;
    }
}
