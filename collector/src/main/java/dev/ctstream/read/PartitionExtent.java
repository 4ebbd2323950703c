package dev.ctstream.read;

/**
 * What a partition holds.
 *
 * @param begin first offset; above 0 when retention has removed records
 * @param end offset behind the last record
 */
public record PartitionExtent(int partition, long begin, long end) {
    /** Records of a partition, at most. */
    public long records() {
        return end - begin;
    }
}
