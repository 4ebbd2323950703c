package dev.ctstream.proof;

import dev.ctstream.record.ControlKind;
import dev.ctstream.record.RawRecord;
import dev.ctstream.record.RecordException;
import dev.ctstream.record.RunIdentity;
import dev.ctstream.record.proof.Checkpoint;
import dev.ctstream.record.proof.KeySuccession;
import dev.ctstream.record.proof.Leaf;
import dev.ctstream.record.proof.LeafGatherer;
import dev.ctstream.record.proof.LogOrigin;
import dev.ctstream.record.proof.NoteException;
import dev.ctstream.record.proof.SignedNote;
import dev.ctstream.record.proof.TreeWindow;
import dev.ctstream.record.proof.TrustedKeys;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Checks every record against the roots that its host has signed, in one pass: each partition in its order, the partitions
 * and topics as they come.
 *
 * <p>Bounds: what is known of a leaf is in a temporary file ({@link LeafStore}); memory has some hundred bytes for each run,
 * partition and stream.
 *
 * <p>Threads: confined to one. Ownership: owns the file until {@link #close}. Errors: IOException of that file; what is wrong
 * with records is a finding.
 */
public final class ProofAudit implements AutoCloseable {
    /** A run that is younger need not have a checkpoint. */
    private static final long YOUNG_MILLIS = TimeUnit.MINUTES.toMillis(10);

    /** The reason of a STOPPED that does not end its run. */
    static final String OF_NAMESPACE = "namespace-removed";

    private static final int MOST_DEFERRED_LEAVES = 1 << 20;
    private static final int MOST_LISTED = 100;

    private final TrustedKeys keys;
    private final LeafStore store;
    private final LogAudit.Streams streams = new LogAudit.Streams();
    private final LeafGatherer<Place> gatherer = new LeafGatherer<>();
    private final Map<RunIdentity, LogAudit> logs = new LinkedHashMap<>();
    private final Map<RunIdentity, RunIdentity> successors = new HashMap<>();
    private final List<NotProven> notProven = new ArrayList<>();
    private final Map<LogAudit.Lane, Begin> begins = new HashMap<>();
    private final Map<String, Map<LogAudit.Lane, Long>> oldest = new HashMap<>(); // least epoch, by host
    private final List<LogAudit.Lane> trimmed = new ArrayList<>();
    private final List<Deferred> deferred = new ArrayList<>();
    private final List<Tampering> findings = new ArrayList<>(); // of no log
    private final List<SignedNote> doubtful =
            new ArrayList<>(); // kept elsewhere, not signed by a key that is trusted yet
    private final List<Withdrawal> withdrawals = new ArrayList<>();
    private final Map<String, Acknowledged> acknowledged = new HashMap<>(); // by host
    private boolean acknowledging = true;
    private int deferredLeaves;
    private long findingsCount;
    private long withoutLog;
    private long keptWithoutKey;

    /** A checkpoint whose key may be told of later. */
    private record Deferred(
            LogAudit log, long index, RunIdentity signedRun, SignedNote note, TreeWindow window, Place place) {}

    /** A STARTED says that nothing of the run before it was proven; it counts if the record is good. */
    private record NotProven(LogAudit by, long index, LogAudit before) {}

    /** The first record of a partition, and whether pieces of its batch before it have expired. */
    private record Begin(RunIdentity run, long index, boolean within) {}

    /** Everything of earlier runs, and of this run below the index, is in the topics or will never be. */
    private record Acknowledged(long epoch, long index) {
        Acknowledged or(Acknowledged other) {
            boolean less = epoch < other.epoch || (epoch == other.epoch && index < other.index);
            return less ? other : this;
        }

        long settledBelow(RunIdentity run) {
            return run.streamEpoch() < epoch ? Long.MAX_VALUE : run.streamEpoch() == epoch ? index : 0;
        }
    }

    /** What a record says was given up; it counts if the record is good. */
    private record Withdrawal(LogAudit by, long index, LogAudit of, long from, long to) {}

    /**
     * Nothing is read yet.
     *
     * @param keys of the hosts; gets the ones that follow them
     */
    public ProofAudit(TrustedKeys keys) throws IOException {
        this.keys = keys;
        store = new LeafStore();
    }

    /** Marks partitions that no longer begin with their first record. */
    public void trimmed(boolean control, int... partitions) {
        for (int partition : partitions) {
            trimmed.add(new LogAudit.Lane(control, partition));
        }
    }

    /**
     * Takes checkpoints that somebody kept elsewhere: the topics must reach them. Before any record. A later key may have
     * signed them, which the topics tell of.
     *
     * @throws NoteException when one is none of a log
     */
    public void kept(List<SignedNote> notes) throws NoteException {
        for (SignedNote note : notes) {
            Checkpoint checkpoint = Checkpoint.parse(note.text());
            RunIdentity run = LogOrigin.run(checkpoint.origin());
            if (run == null) {
                throw new NoteException("'" + checkpoint.origin() + "' is not a log of ctstream");
            }
            if (keys.of(LogOrigin.keyName(run.hostId())).isEmpty()) {
                keptWithoutKey++;
            } else {
                log(run).kept(checkpoint);
                if (isDoubtful(note)) {
                    doubtful.add(note);
                }
            }
        }
    }

    private boolean isDoubtful(SignedNote note) {
        try {
            keys.verified(note);
            return false;
        } catch (NoteException e) {
            return true;
        }
    }

    /**
     * Records that the end offsets of the event topic have been fixed: what later control records acknowledge may be beyond
     * them. Without this call the events must be there up to the last control record.
     */
    public void eventEndsFixed() {
        acknowledging = false;
    }

    /** Takes a record that cannot be decoded. */
    public void undecodable(Place place) {
        found(Manipulation.CHANGED, place, "it cannot be decoded");
    }

    private void found(Manipulation manipulation, Place place, String what) {
        findingsCount++;
        if (findings.size() < MOST_LISTED) {
            findings.add(new Tampering(manipulation, null, Tampering.NO_INDEX, place, "", what));
        }
    }

    /** Takes a record. */
    public void record(RawRecord record, Place place) throws IOException {
        RunIdentity run = LeafGatherer.run(record);
        if (run == null) {
            found(Manipulation.CHANGED, place, "it has no host_id");
            return;
        }
        boolean operator = record.text("kind").equals(ControlKind.OPERATOR.name());
        long index = record.number("log_index").orElse(Tampering.NO_INDEX);
        if (operator && index == Tampering.NO_INDEX) {
            withoutLog++;
            return;
        }
        LogAudit log = log(run);
        log.present(place);
        if (record.control() != place.control()) {
            log.found(Manipulation.MOVED, index, place, "", "it is a record of the other topic");
            return;
        }
        LogAudit.Lane lane = new LogAudit.Lane(place.control(), place.partition());
        oldest.computeIfAbsent(run.hostId(), host -> new HashMap<>()).merge(lane, run.streamEpoch(), Math::min);
        try {
            Leaf leaf = gatherer.take(record, place);
            begins.putIfAbsent(lane, new Begin(run, index, false));
            if (leaf != null) {
                log.record(leaf, place);
            } else if (index == Tampering.NO_INDEX) {
                log.found(Manipulation.CHANGED, index, place, "", "it has no log_index");
            }
        } catch (LeafGatherer.MissingPieceException e) {
            boolean mayBegin = place.isFile() || trimmed.contains(lane);
            Begin begin = begins.computeIfAbsent(lane, added -> new Begin(run, index, mayBegin));
            if (!begin.within || !begin.run.equals(run) || begin.index != index) {
                log.found(
                        Manipulation.REMOVED,
                        index,
                        place,
                        "zone " + record.number("ct_zone").orElse(-1L),
                        String.valueOf(e.getMessage()));
            }
            return;
        } catch (RecordException e) {
            log.found(
                    Manipulation.CHANGED,
                    index,
                    place,
                    "zone " + record.number("ct_zone").orElse(-1L),
                    String.valueOf(e.getMessage()));
            return;
        }
        if (record.control()) {
            control(log, record, place, index);
        }
    }

    private LogAudit log(RunIdentity run) {
        return logs.computeIfAbsent(run, added -> new LogAudit(added, store, streams));
    }

    private void control(LogAudit log, RawRecord record, Place place, long index) throws IOException {
        long millis = record.number("time").orElse(0L);
        log.leastMillis = Math.min(log.leastMillis, millis);
        log.greatestMillis = Math.max(log.greatestMillis, millis);
        log.controlThere = true;
        log.time(index, millis);
        Long epoch = record.number("acknowledged_epoch").orElse(null);
        if (acknowledging && epoch != null) {
            acknowledged.merge(
                    log.run.hostId(),
                    new Acknowledged(
                            epoch, record.number("acknowledged_log_index").orElse(0L)),
                    Acknowledged::or);
        }
        ControlKind kind = kind(record);
        if (kind == null) {
            return;
        }
        switch (kind) {
            case STARTED -> started(log, record, place, index);
            case STOPPED -> log.stopped |= !record.text("reason").equals(OF_NAMESPACE); // the run goes on
            case CHECKPOINT -> checkpoint(log, record, CheckpointWindow.OWN, place, index);
            case KEY -> key(log, record, place, index);
            case WITHDRAWN -> withdrawn(log, record, index);
            default -> {}
        }
    }

    private static @Nullable ControlKind kind(RawRecord record) {
        for (ControlKind kind : ControlKind.values()) {
            if (kind.name().equals(record.text("kind"))) {
                return kind;
            }
        }
        return null;
    }

    private void started(LogAudit log, RawRecord record, Place place, long index) throws IOException {
        log.started = true;
        Long epoch = record.number("preceding_epoch").orElse(null);
        if (epoch == null) {
            return;
        }
        RunIdentity before = new RunIdentity(log.run.hostId(), record.text("preceding_boot_id"), epoch);
        successors.put(before, log.run);
        if (!record.text(CheckpointWindow.PRECEDING).isEmpty()) {
            checkpoint(log, record, CheckpointWindow.PRECEDING, place, index);
        } else if (index == 0) {
            notProven.add(new NotProven(log, index, log(before)));
        }
    }

    /** Takes a checkpoint of this log or, in STARTED, of the one before. */
    private void checkpoint(LogAudit log, RawRecord record, String field, Place place, long index) throws IOException {
        try {
            CheckpointWindow read = CheckpointWindow.of(record, field);
            RunIdentity named = LogOrigin.run(read.signed().origin());
            boolean own = field.equals(CheckpointWindow.OWN);
            if (named == null || (own ? !named.equals(log.run) : !named.hostId().equals(log.run.hostId()))) {
                log.found(
                        Manipulation.REPLAYED,
                        index,
                        place,
                        "",
                        "its checkpoint is of another log, " + read.signed().origin());
                return;
            }
            Deferred taken = new Deferred(log, index, named, read.note(), read.window(), place);
            if (keys.of(LogOrigin.keyName(named.hostId())).isEmpty() || take(taken)) {
                return;
            }
            deferredLeaves += 1 + read.window().leaves().size();
            if (deferredLeaves < MOST_DEFERRED_LEAVES) {
                deferred.add(taken);
            } else {
                resigned(taken);
            }
        } catch (NoteException e) {
            log.found(Manipulation.CHANGED, index, place, "", "its checkpoint is damaged: " + e.getMessage());
        }
    }

    /** Takes a checkpoint if a trusted key has signed it; false when none has, or none of its host is known. */
    private boolean take(Deferred checkpoint) throws IOException {
        try {
            keys.verified(checkpoint.note);
        } catch (NoteException e) {
            return false;
        }
        LogAudit of = log(checkpoint.signedRun);
        boolean own = checkpoint.signedRun.equals(checkpoint.log.run);
        if (!own && checkpoint.window.end() < of.end()) {
            of.found(
                    Manipulation.FORKED,
                    checkpoint.window.end(),
                    checkpoint.place,
                    "",
                    "the next run says that the log ended at size " + checkpoint.window.end()
                            + ", but there is a checkpoint of size " + of.end());
        }
        of.checkpoint(checkpoint.window, checkpoint.place);
        of.checkpoints++;
        if (!own) {
            of.sizeAtEnd = checkpoint.window.end();
        }
        return true;
    }

    private void resigned(Deferred checkpoint) {
        boolean known =
                !keys.of(LogOrigin.keyName(checkpoint.signedRun.hostId())).isEmpty();
        if (known && !checkpoint.log.keyDamaged) {
            checkpoint.log.found(
                    Manipulation.RESIGNED,
                    checkpoint.index,
                    checkpoint.place,
                    "",
                    "no key of the host that is trusted has signed its checkpoint");
        }
    }

    private void key(LogAudit log, RawRecord record, Place place, long index) throws IOException {
        try {
            keys.follow(KeySuccession.parse(SignedNote.parse(record.text("next_key_signature"))));
            List<Deferred> waiting = List.copyOf(deferred);
            deferred.clear();
            deferredLeaves = 0;
            for (Deferred checkpoint : waiting) {
                if (!take(checkpoint)) {
                    deferredLeaves += 1 + checkpoint.window.leaves().size();
                    deferred.add(checkpoint);
                }
            }
        } catch (NoteException e) {
            log.keyDamaged = true;
            log.found(
                    Manipulation.CHANGED,
                    index,
                    place,
                    "",
                    "its statement about the next key is damaged: " + e.getMessage());
        }
    }

    private void withdrawn(LogAudit log, RawRecord record, long index) {
        RunIdentity of = record.text("gap_host_id").isEmpty()
                ? log.run
                : new RunIdentity(
                        record.text("gap_host_id"),
                        record.text("gap_boot_id"),
                        record.number("gap_stream_epoch").orElse(0L));
        if (of.hostId().equals(log.run.hostId()) && record.value("log_indexes") instanceof Collection<?> pairs) {
            List<Long> bounds = new ArrayList<>();
            pairs.forEach(bound -> bounds.add((Long) bound));
            for (int i = 0; i + 1 < bounds.size(); i += 2) {
                withdrawals.add(new Withdrawal(log, index, log(of), bounds.get(i), bounds.get(i + 1)));
            }
        }
    }

    /** Compares everything that was read. */
    public ProofReport finish() throws IOException {
        deferred.forEach(this::resigned);
        for (LogAudit log : logs.values()) {
            log.joinSpans();
        }
        for (Withdrawal withdrawal : withdrawals) {
            if (withdrawal.by.isGood(withdrawal.index)) {
                withdrawal.of.withdrawn(withdrawal.from, withdrawal.to);
            }
        }
        for (NotProven said : notProven) {
            said.before.notProvenBySuccessor |= said.by.isGood(said.index);
        }
        for (LeafGatherer.Unfinished<Place> batch : gatherer.unfinished()) {
            log(batch.run()).unfinished(batch);
        }
        ProofReport report = new ProofReport();
        Map<String, List<LogAudit>> hosts = new TreeMap<>();
        for (LogAudit log : logs.values()) {
            hosts.computeIfAbsent(log.run.hostId(), host -> new ArrayList<>()).add(log);
        }
        for (Map.Entry<String, List<LogAudit>> host : hosts.entrySet()) {
            if (keys.of(LogOrigin.keyName(host.getKey())).isEmpty()) {
                report.remark("host " + host.getKey() + ": there is no public key of it: nothing of it is proven");
                continue;
            }
            host(report, host.getKey(), host.getValue());
        }
        for (String name : keys.names()) {
            boolean there = logs.values().stream()
                    .anyMatch(log ->
                            log.present() && LogOrigin.keyName(log.run.hostId()).equals(name));
            if (!there) {
                report.found(new Tampering(
                        Manipulation.REMOVED,
                        null,
                        Tampering.NO_INDEX,
                        null,
                        "",
                        "nothing of " + name + " is there, whose public key was given"));
            }
        }
        for (SignedNote note : doubtful) {
            if (isDoubtful(note)) {
                report.found(new Tampering(
                        Manipulation.RESIGNED,
                        null,
                        Tampering.NO_INDEX,
                        null,
                        "",
                        "no key of the host that is trusted has signed the checkpoint that was kept elsewhere, of "
                                + note.text().replace("\n", " ").strip()));
            }
        }
        if (keptWithoutKey > 0) {
            report.remark(keptWithoutKey
                    + " checkpoints that were kept elsewhere are of hosts without a public key: the topics need not reach"
                    + " them");
        }
        findings.forEach(report::found);
        report.more(findingsCount - findings.size());
        if (withoutLog > 0) {
            report.remark(withoutLog + " OPERATOR records are in no log: they are not proven");
        }
        return report;
    }

    private void host(ProofReport report, String host, List<LogAudit> ofHost) throws IOException {
        List<LogAudit> ordered = ofHost.stream()
                .filter(log -> log.present() || log.checkpoints > 0 || log.isKept())
                .sorted(Comparator.comparingLong(log -> log.run.streamEpoch()))
                .toList();
        long firstProven = ordered.stream()
                .filter(log -> log.checkpoints > 0)
                .mapToLong(log -> log.run.streamEpoch())
                .min()
                .orElse(Long.MAX_VALUE);
        ProofReport.Host result = new ProofReport.Host(host);
        boolean olderThere = false;
        for (LogAudit log : ordered) {
            olderThere |= log.controlThere;
            if (log.checkpoints == 0 && log.present()) {
                unsigned(report, log, ordered, firstProven);
            }
            Acknowledged all = acknowledged.get(host);
            log.settledBelow = all == null ? 0 : all.settledBelow(log.run);
            log.finish(trimmed(log), olderThere);
            if (log.doubtful > 0) {
                report.remark(LogOrigin.of(log.run) + ": " + log.doubtful
                        + " records of it are missing; retention may have removed them, because some partition begins later"
                        + " and has nothing of this log");
            }
            if (log.keptNotCompared > 0) {
                report.remark(LogOrigin.of(log.run) + ": " + log.keptNotCompared
                        + " checkpoints that were kept elsewhere cannot be compared: what they are of has expired");
            }
            log.findings().forEach(report::found);
            report.more(log.findingsCount() - log.findings().size());
            result.add(log);
        }
        report.add(result);
        if (result.inSpool() > 0) {
            report.remark("host " + host + ": " + result.inSpool()
                    + " batches that it has signed are still in its spool, as far as it has said");
        }
    }

    /** The partitions from which retention may have removed records of a log: not where a record of an earlier one is left. */
    private List<LogAudit.Lane> trimmed(LogAudit log) {
        Map<LogAudit.Lane, Long> of = oldest.getOrDefault(log.run.hostId(), Map.of());
        return trimmed.stream()
                .filter(lane -> of.getOrDefault(lane, Long.MAX_VALUE) >= log.run.streamEpoch())
                .toList();
    }

    /** A log without a checkpoint. */
    private void unsigned(ProofReport report, LogAudit log, List<LogAudit> ordered, long firstProven) {
        long epoch = log.run.streamEpoch();
        boolean newest = ordered.get(ordered.size() - 1) == log && !successors.containsKey(log.run) && log.started;
        boolean young = log.greatestMillis - Math.min(log.leastMillis, log.greatestMillis) < YOUNG_MILLIS;
        String name = LogOrigin.of(log.run);
        if (epoch < firstProven && firstProven != Long.MAX_VALUE) {
            report.remark(name + ": nothing of it is proven; the first log of the host that is, is a later one");
        } else if (log.notProvenBySuccessor) {
            report.remark(name + ": nothing of it is proven: its host has signed nothing in that run");
        } else if (newest && !log.stopped && young) {
            report.remark(name + ": nothing of it is proven yet; it has just begun");
        } else {
            log.found(
                    Manipulation.INSERTED,
                    Tampering.NO_INDEX,
                    log.firstPlace(),
                    "",
                    "its host has signed nothing of this log; this is its first record");
        }
    }

    @Override
    public void close() throws IOException {
        store.close();
    }
}
