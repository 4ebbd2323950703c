package dev.ctstream.verify;

import dev.ctstream.record.RunKey;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * What a topic no longer has at its beginning: partitions that do not begin with their first record, or everything that
 * was sent to an earlier topic of the same name, or what precedes the offset from which it was read. Files are assumed to
 * be complete.
 */
final class TrimmedPartitions {
    private static final long MARGIN_MILLIS = TimeUnit.MINUTES.toMillis(1); // records wait, and not all equally long

    private final Set<Integer> trimmed = new HashSet<>();
    private final Set<Integer> withoutRecord = new HashSet<>();
    private long oldestKeptMillis = Long.MIN_VALUE;
    private boolean middle;
    private final Set<RunKey> whole = new HashSet<>();
    private final Map<String, Long> againNanos = new HashMap<>(); // by host
    private final Map<Integer, Long> begins = new HashMap<>(); // ms: time of the first record of a trimmed partition
    private final Map<String, Long> lastBegins = new HashMap<>(); // by host: the latest one of its partitions

    /** Records that these partitions begin after offset 0. */
    void trimmed(int... partitions) {
        for (int partition : partitions) {
            trimmed.add(partition);
            withoutRecord.add(partition);
        }
    }

    /** Records that every partition was read from some offset on, which nothing is said about. */
    void fromTheMiddle() {
        middle = true;
    }

    /** Records that the run began after that offset: nothing of it may be missing. */
    void whole(RunKey run) {
        whole.add(run);
    }

    /** Whether what the run wrote before some offset was not read. */
    boolean beginsInTheMiddle(RunKey run) {
        return middle && !whole.contains(run);
    }

    /** Takes the time of a record that was read. */
    void onRecord(int partition, long timeMillis) {
        if (!withoutRecord.isEmpty() && withoutRecord.remove(partition)) {
            oldestKeptMillis = Math.max(oldestKeptMillis, timeMillis);
        }
    }

    /** As {@link #onRecord(int, long)}, and of which host it is. */
    void onRecord(String hostId, int partition, long timeMillis) {
        onRecord(partition, timeMillis);
        if (trimmed.contains(partition)) {
            lastBegins.merge(hostId, begins.computeIfAbsent(partition, first -> timeMillis), Math::max);
        }
    }

    /** Records that the topic was created again before a run of the host: it lacks what its earlier runs had sent. */
    void createdAgainBefore(String hostId, long epochNanos) {
        againNanos.merge(hostId, epochNanos, Math::max);
    }

    /** Whether the topic was created again after the run began. The first host to say so speaks for those that do not. */
    boolean createdAgainAfter(RunKey run) {
        Long own = againNanos.get(run.hostId());
        long again = own != null
                ? own
                : againNanos.values().stream().mapToLong(Long::longValue).min().orElse(Long.MIN_VALUE);
        return run.streamEpoch() < again;
    }

    /** Whether the beginning of a run's records on this partition may be missing. */
    boolean trimmed(int partition, RunKey run) {
        return trimmed.contains(partition) || createdAgainAfter(run) || beginsInTheMiddle(run);
    }

    /** Whether all records of a run may be missing. */
    boolean any(RunKey run) {
        return !trimmed.isEmpty() || createdAgainAfter(run) || beginsInTheMiddle(run);
    }

    int partitions() {
        return trimmed.size();
    }

    /** Whether records of a run that were written at that time or later may have been removed from some partition. */
    boolean mayHaveExpired(long timeMillis, RunKey run) {
        return createdAgainAfter(run)
                || (!trimmed.isEmpty() && (!withoutRecord.isEmpty() || timeMillis - MARGIN_MILLIS <= oldestKeptMillis));
    }

    /**
     * Whether a record about a run that was written at that time or later may have been removed.
     *
     * @param present whether some record of the run is there, read with {@link #onRecord(String, int, long)}: then a
     *     partition that has no record of its host never had one
     */
    boolean laterMayHaveExpired(long timeMillis, RunKey run, boolean present) {
        return present
                ? createdAgainAfter(run)
                        || timeMillis - MARGIN_MILLIS <= lastBegins.getOrDefault(run.hostId(), Long.MIN_VALUE)
                : mayHaveExpired(timeMillis, run);
    }
}
