package dev.ctstream.verify;

import java.util.HashSet;
import java.util.Set;

/** The partitions of a topic that no longer begin with their first record. Files are assumed to be complete. */
final class TrimmedPartitions {
    private final Set<Integer> trimmed = new HashSet<>();
    private final Set<Integer> withoutRecord = new HashSet<>();
    private long oldestKeptMillis = Long.MIN_VALUE;

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

    boolean trimmed(int partition) {
        return trimmed.contains(partition);
    }

    boolean any() {
        return !trimmed.isEmpty();
    }

    int partitions() {
        return trimmed.size();
    }

    /** Whether records written at that time may have been removed from some partition. */
    boolean mayHaveExpired(long timeMillis) {
        return any() && (!withoutRecord.isEmpty() || timeMillis <= oldestKeptMillis);
    }
}
