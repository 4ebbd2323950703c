package dev.ctstream.verify;

import dev.ctstream.proof.ProofReport;
import dev.ctstream.record.GapCause;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The result of a {@link Verifier}.
 *
 * <p>Threads: confined to one.
 */
public final class VerifyReport {
    final List<RunAudit> runs;
    final List<StreamAudit> streams;
    final Holes holes;
    final Findings problems;
    final Findings remarks;
    final FlowCounts flows = new FlowCounts();
    final long[] lost = new long[GapCause.values().length];
    final int trimmedPartitions;
    final long flowsUntracked;
    final int flowCapacity;
    private long present;
    private long duplicates;
    private long reordered;
    private long expired;
    private long inSpool;
    private long kernelLost;
    private long kernelUndeclared;
    private long unlisted;

    @Nullable
    ProofReport proof; // null = nobody asked for it

    VerifyReport(
            List<RunAudit> runs,
            List<StreamAudit> streams,
            Holes holes,
            Findings problems,
            Findings remarks,
            FlowAudit flowAudit,
            int trimmedPartitions) {
        this.runs = runs;
        this.streams = streams;
        this.holes = holes;
        this.problems = problems;
        this.remarks = remarks;
        this.trimmedPartitions = trimmedPartitions;
        flowsUntracked = flowAudit.untracked();
        flowCapacity = flowAudit.capacity();
        streams.forEach(this::add);
        for (RunAudit run : runs) {
            kernelLost += run.kernelLost();
            kernelUndeclared += run.kernelUndeclared;
            unlisted += run.unlisted;
            inSpool += run.inSpool();
        }
    }

    static final Comparator<RunAudit> RUNS = Comparator.comparing((RunAudit run) -> run.key.hostId())
            .thenComparing(run -> run.key.netns())
            .thenComparingInt(run -> run.host.position())
            .thenComparing(run -> run.key.streamEpoch())
            .thenComparing(run -> run.key.netnsId());
    static final Comparator<StreamAudit> STREAMS =
            Comparator.comparing((StreamAudit stream) -> stream.run, RUNS).thenComparing(stream -> stream.key.zone());

    private void add(StreamAudit stream) {
        if (!stream.run.filters()) {
            stream.flows.expectNoneByUpdate();
        }
        flows.add(stream.flows);
        present += stream.present();
        duplicates += stream.duplicates;
        reordered += stream.reordered;
        expired += stream.expired;
        for (int i = 0; i < lost.length; i++) {
            lost[i] += stream.lost[i];
        }
    }

    /** Present events, each counted once. */
    public long present() {
        return present;
    }

    /** Repetitions: events with a stream and sequence that are already present. */
    public long duplicates() {
        return duplicates;
    }

    /** Events that come after a later one of their stream, on one partition. */
    public long reordered() {
        return reordered;
    }

    /** Events that retention has removed. */
    public long expired() {
        return expired;
    }

    /** Events that only reports count, and that their host has not acknowledged yet: they are still in its spool. */
    public long inSpool() {
        return inSpool;
    }

    /** Events that the kernel dropped; an upper bound where a run's loss_exact is false. */
    public long kernelLost() {
        return kernelLost;
    }

    /** Numbered events that are missing and declared as lost with this cause. */
    public long lost(GapCause cause) {
        return lost[cause.index()];
    }

    /** Events that are declared as lost, for all causes. */
    public long declared() {
        long sum = kernelLost - kernelUndeclared;
        for (long of : lost) {
            sum += of;
        }
        return sum;
    }

    /** Events that are neither present nor declared as lost. */
    public long undeclared() {
        return holes.events() + kernelUndeclared + unlisted;
    }

    /** The first undeclared holes. */
    public List<Hole> holes() {
        return List.copyOf(holes.listed());
    }

    /** Other inconsistencies, as text for people; only the first ones are listed. */
    public List<String> problems() {
        return problems.listed().stream().map(Findings.Finding::what).toList();
    }

    /** What a reader should know although it does not stand against the proof; only the first ones are listed. */
    public List<String> remarks() {
        return remarks.listed().stream().map(Findings.Finding::what).toList();
    }

    /**
     * Whether every event is present, declared as lost or still in the spool of its host, order is kept, all records
     * agree, and none was altered, if that was asked for.
     */
    public boolean proven() {
        ProofReport of = proof;
        return undeclared() == 0 && holes.holes() == 0 && problems.count() == 0 && (of == null || of.proven());
    }

    /** Adds what the proof of the logs has found. */
    public void with(ProofReport of) {
        proof = of;
    }

    /** Present events as a percentage of all expected events; 100 when none were expected. */
    public double completenessPercent() {
        long all = present + declared() + undeclared();
        return all == 0 ? 100 : 100.0 * present / all;
    }

    /** Flows that started with NEW or were first seen in a snapshot. */
    public long flowsOpened() {
        return flows.opened();
    }

    /** Flows that ended in any way. */
    public long flowsClosed() {
        return flows.observed + flows.inferred + flows.restart;
    }

    /** Flows that have not ended. */
    public long flowsOpen() {
        return flows.open;
    }
}
