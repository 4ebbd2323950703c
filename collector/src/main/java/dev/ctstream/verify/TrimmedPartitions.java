package dev.ctstream.verify;

import java.util.HashSet;
import java.util.Set;

/** Which partitions of a topic do not begin with their first record any more. Files always do, for all we know. */
final class TrimmedPartitions {
    private final Set<Integer> trimmed = new HashSet<>();
    private final Set<Integer> withoutRecord = new HashSet<>();
    private long oldestKeptMillis = Long.MIN_VALUE;

    /** The partition begins behind offset 0. */
    void trimmed(int... partitions) {
        for (int partition : partitions) {
            trimmed.add(partition);
            withoutRecord.add(partition);
        }
    }

    /** The time of a record that was read. */
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

    /** Whether what was written at that time may have been removed on some partition. */
    boolean mayHaveExpired(long timeMillis) {
        return any() && (!withoutRecord.isEmpty() || timeMillis <= oldestKeptMillis);
    }
}
