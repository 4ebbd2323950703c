package dev.ctstream.verify;

import java.util.HashSet;
import java.util.Set;

/**
 * What a topic no longer has at its beginning: partitions that do not begin with their first record, or everything that
 * was sent to an earlier topic of the same name. Files are assumed to be complete.
 */
final class TrimmedPartitions {
    private final Set<Integer> trimmed = new HashSet<>();
    private final Set<Integer> withoutRecord = new HashSet<>();
    private long oldestKeptMillis = Long.MIN_VALUE;
    private long againNanos = Long.MIN_VALUE;

    /** Records that these partitions begin after offset 0. */
    void trimmed(int... partitions) {
        for (int partition : partitions) {
            trimmed.add(partition);
            withoutRecord.add(partition);
        }
    }

    /** Takes the time of a record that was read. */
    void onRecord(int partition, long timeMillis) {
        if (!withoutRecord.isEmpty() && withoutRecord.remove(partition)) {
            oldestKeptMillis = Math.max(oldestKeptMillis, timeMillis);
        }
    }

    /** Records that the topic was created again before this run began: what earlier runs had sent is not in it. */
    void createdAgainBefore(long epochNanos) {
        againNanos = Math.max(againNanos, epochNanos);
    }

    /** Whether the topic was created again after this run began. */
    boolean createdAgainAfter(long epochNanos) {
        return epochNanos < againNanos;
    }

    /** Whether the beginning of a run's records on this partition may be missing. */
    boolean trimmed(int partition, long epochNanos) {
        return trimmed.contains(partition) || createdAgainAfter(epochNanos);
    }

    /** Whether all records of a run may be missing. */
    boolean any(long epochNanos) {
        return !trimmed.isEmpty() || createdAgainAfter(epochNanos);
    }

    int partitions() {
        return trimmed.size();
    }

    /** Whether records of a run that were written at that time may have been removed from some partition. */
    boolean mayHaveExpired(long timeMillis, long epochNanos) {
        return createdAgainAfter(epochNanos)
                || (!trimmed.isEmpty() && (!withoutRecord.isEmpty() || timeMillis <= oldestKeptMillis));
    }
}
