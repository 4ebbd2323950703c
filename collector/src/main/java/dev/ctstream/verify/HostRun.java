package dev.ctstream.verify;

import dev.ctstream.record.DecodedRecord;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * One run of a collector, over all its namespaces: its place in the order of the host's runs, and what its records
 * acknowledge.
 *
 * <p>Threads: confined to one.
 */
final class HostRun {
    final Id id;
    private final HostRuns host;
    private boolean present;
    private boolean started;
    private @Nullable Id preceding;
    private @Nullable Id previous; // the preceding run, if this run says that it ended uncleanly
    private long firstMillis = Long.MAX_VALUE;
    private long lastMillis = Long.MIN_VALUE;
    private final Map<Long, Long> acknowledged = new HashMap<>(2); // acknowledged_epoch -> highest log_index
    private long acknowledgedIndex = -1;
    private boolean lostWithoutCount;
    private long lostWithoutRange;

    // Written by HostRuns.
    @Nullable
    HostRun parent;

    @Nullable
    HostRun next;

    int position = -1;
    boolean settled;

    /** Identifies a run of a host. */
    record Id(String bootId, long streamEpoch) {}

    HostRun(Id id, HostRuns host) {
        this.id = id;
        this.host = host;
    }

    /** The run for people. */
    String name() {
        return host.hostId + " run " + id.streamEpoch;
    }

    /** Records that the run has a record or an event of its own, apart from OPERATOR records. */
    void present() {
        if (!present) {
            present = true;
            host.changed();
        }
    }

    boolean isPresent() {
        return present;
    }

    /** Takes the time of a control record, ms since 1970-01-01 UTC. */
    void time(long millis) {
        firstMillis = Math.min(firstMillis, millis);
        lastMillis = Math.max(lastMillis, millis);
    }

    long firstMillis() {
        return firstMillis;
    }

    /** Whether the control records of two runs were created in overlapping periods. */
    boolean overlaps(HostRun other) {
        return firstMillis < other.lastMillis && other.firstMillis < lastMillis;
    }

    /** Whether the last control record of this run was created before the first one of another run. */
    boolean endsBy(HostRun other) {
        return lastMillis <= other.firstMillis;
    }

    /** Takes a STARTED. */
    void started(DecodedRecord record) {
        started = true;
        id(record, "previous").ifPresent(run -> previous = run);
        id(record, "preceding").or(() -> id(record, "previous")).ifPresent(run -> preceding = run);
        host.changed();
    }

    private static Optional<Id> id(DecodedRecord record, String which) {
        String bootId = record.text(which + "_boot_id");
        return record.number(which + "_epoch").map(epoch -> new Id(bootId, epoch));
    }

    @Nullable
    Id preceding() {
        return preceding;
    }

    /** Takes what a control record of this run says about the batches that Kafka has. */
    void acknowledged(long epoch, long logIndex) {
        acknowledged.merge(epoch, logIndex, Math::max);
        if (epoch == id.streamEpoch) {
            takeAcknowledged(logIndex);
        }
        host.changed();
    }

    Map<Long, Long> acknowledged() {
        return acknowledged;
    }

    void takeAcknowledged(long logIndex) {
        acknowledgedIndex = Math.max(acknowledgedIndex, logIndex);
    }

    /** Batches of this run with a smaller log_index are in Kafka or declared; -1 = unknown. */
    long acknowledgedIndex() {
        return acknowledgedIndex;
    }

    /**
     * Whether no batch of the run can still come: a later run of the chain acknowledges all of them, or a new chain has
     * begun, which does not use the spool of this run.
     */
    boolean settled() {
        host.order();
        return settled;
    }

    /** Whether this run comes after another one of the host. */
    boolean after(HostRun other) {
        host.order();
        return position > other.position;
    }

    /** Place in the order of the host's runs; -1 for an OPERATOR record. */
    int position() {
        host.order();
        return position;
    }

    /** Whether the host has a later run. */
    boolean hasNext() {
        host.order();
        return next != null;
    }

    /**
     * Whether the next run reports that its predecessor ended uncleanly. That predecessor may be a run that left no
     * record.
     */
    boolean endedUncleanly() {
        host.order();
        Id ended = next == null ? null : next.previous;
        return ended != null && (ended.equals(id) || !host.isPresent(ended));
    }

    /** Whether the next run has a STARTED that does not report this run as ended uncleanly. */
    boolean endUndeclared() {
        host.order();
        return next != null && next.started && !endedUncleanly();
    }

    /** Takes a GAP that does not name the stream of the loss. */
    void lostWithoutRange(Optional<Long> count) {
        lostWithoutCount |= count.isEmpty();
        lostWithoutRange += count.orElse(0L);
    }

    /** Returns how many of the missing events such GAPs account for, and uses up their count. */
    long coveredWithoutRange(long missing) {
        if (lostWithoutCount) {
            return missing;
        }
        long covered = Math.min(missing, lostWithoutRange);
        lostWithoutRange -= covered;
        return covered;
    }
}
