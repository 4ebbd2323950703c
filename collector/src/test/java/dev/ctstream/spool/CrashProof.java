package dev.ctstream.spool;

import dev.ctstream.record.RunIdentity;
import dev.ctstream.record.proof.Checkpoint;
import dev.ctstream.record.proof.CompactRange;
import dev.ctstream.record.proof.Hash;
import dev.ctstream.record.proof.LogOrigin;
import dev.ctstream.record.proof.NoteException;
import dev.ctstream.record.proof.SignedNote;
import dev.ctstream.record.proof.TreeWindow;
import dev.ctstream.segment.BatchEnvelope;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.avro.generic.GenericRecord;
import org.jspecify.annotations.Nullable;

/** Whether the logs in what was handed out before a crash and after it verify. */
final class CrashProof {
    private final Map<RunIdentity, Log> logs = new HashMap<>();

    /** One run. */
    private static final class Log {
        final Map<Long, Hash> leaves = new TreeMap<>();
        final Map<Long, Hash> listed = new TreeMap<>();
        final List<long[]> withdrawn = new ArrayList<>();
        CompactRange end = new CompactRange();
    }

    private CrashProof() {}

    /** What is wrong; null = nothing. */
    static @Nullable String wrong(Collection<CrashLedger.Arrival> arrivals) {
        CrashProof proof = new CrashProof();
        try {
            for (CrashLedger.Arrival arrival : arrivals) {
                proof.take(arrival);
            }
        } catch (NoteException e) {
            return String.valueOf(e.getMessage());
        }
        for (Map.Entry<RunIdentity, Log> log : proof.logs.entrySet()) {
            String missing = missing(log.getValue());
            if (missing != null) {
                return log.getKey() + ": " + missing;
            }
        }
        return null;
    }

    private static @Nullable String missing(Log log) {
        for (Map.Entry<Long, Hash> listed : log.listed.entrySet()) {
            long index = listed.getKey();
            Hash leaf = log.leaves.get(index);
            if (leaf == null && log.withdrawn.stream().noneMatch(range -> range[0] <= index && index < range[1])) {
                return "leaf " + index + " is signed, not withdrawn, and never handed out";
            }
            if (leaf != null && !leaf.equals(listed.getValue())) {
                return "leaf " + index + " is not the one that is signed";
            }
        }
        return null;
    }

    private Log log(RunIdentity run) {
        return logs.computeIfAbsent(run, added -> new Log());
    }

    private void take(CrashLedger.Arrival arrival) throws NoteException {
        BatchEnvelope envelope = arrival.envelope();
        Hash leaf = envelope.leaf();
        if (leaf == null) {
            throw new NoteException("a frame has no leaf: " + arrival);
        }
        Hash before = log(arrival.run()).leaves.put(envelope.logIndex(), leaf);
        if (before != null && !before.equals(leaf)) {
            throw new NoteException("two records have one log_index: " + arrival);
        }
        Topics.ControlFrame frame = arrival.frame();
        if (frame == null) {
            return;
        }
        GenericRecord fields = frame.fields();
        switch (frame.kind()) {
            case "CHECKPOINT" -> checkpoint(fields, "checkpoint_note");
            case "STARTED" -> {
                if (fields.get("preceding_checkpoint") != null) {
                    checkpoint(fields, "preceding_checkpoint");
                }
            }
            case "WITHDRAWN" -> withdrawn(arrival.run(), fields);
            default -> {}
        }
    }

    private void withdrawn(RunIdentity by, GenericRecord fields) {
        RunIdentity run = fields.get("gap_host_id") == null
                ? by
                : new RunIdentity(
                        fields.get("gap_host_id").toString(),
                        fields.get("gap_boot_id").toString(),
                        (Long) fields.get("gap_stream_epoch"));
        List<Long> bounds = new ArrayList<>();
        ((Collection<?>) fields.get("log_indexes")).forEach(bound -> bounds.add((Long) bound));
        for (int i = 0; i < bounds.size(); i += 2) {
            log(run).withdrawn.add(new long[] {bounds.get(i), bounds.get(i + 1)});
        }
    }

    private void checkpoint(GenericRecord fields, String field) throws NoteException {
        Checkpoint signed =
                Checkpoint.parse(SignedNote.parse(fields.get(field).toString()).text());
        List<Hash> hashes = hashes(fields.get("leaf_hashes"));
        TreeWindow window = new TreeWindow(
                CompactRange.of(signed.size() - hashes.size(), hashes(fields.get("compact_range"))), hashes);
        if (!window.after().root().equals(signed.root())) {
            throw new NoteException("the hashes of a checkpoint do not lead to its root");
        }
        RunIdentity run = LogOrigin.run(signed.origin());
        if (run == null) {
            throw new NoteException("no log: " + signed.origin());
        }
        Log log = log(run);
        if (window.end() < log.end.size() && field.equals("preceding_checkpoint")) {
            throw new NoteException("the log of " + run + " went back from " + log.end.size() + " to " + window.end());
        }
        if (window.start() == log.end.size() && !window.before().hashes().equals(log.end.hashes())) {
            throw new NoteException("two checkpoints do not go together");
        }
        for (int i = 0; i < hashes.size(); i++) {
            Hash known = log.listed.put(window.start() + i, hashes.get(i));
            if (known != null && !known.equals(hashes.get(i))) {
                throw new NoteException("two checkpoints list different leaves");
            }
        }
        if (window.end() > log.end.size()) {
            log.end = window.after();
        }
    }

    private static List<Hash> hashes(Object list) {
        return ((Collection<?>) list)
                .stream().map(bytes -> Hash.of((ByteBuffer) bytes)).toList();
    }
}
