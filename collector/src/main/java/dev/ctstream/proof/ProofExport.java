package dev.ctstream.proof;

import dev.ctstream.record.ControlKind;
import dev.ctstream.record.RawRecord;
import dev.ctstream.record.RecordException;
import dev.ctstream.record.RunIdentity;
import dev.ctstream.record.WholeBatch;
import dev.ctstream.record.proof.LeafGatherer;
import dev.ctstream.record.proof.LogOrigin;
import dev.ctstream.record.proof.NoteException;
import dev.ctstream.record.proof.TlogProof;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Makes proofs of chosen batches: first {@link #wanted}, then the records of the event topic once more through {@link
 * #event}, then the control topic through {@link #control}.
 *
 * <p>Bounds: {@value #MOST_BATCHES} batches, in memory.
 *
 * <p>Threads: confined to one.
 */
public final class ProofExport {
    /** Most batches in one export. */
    public static final int MOST_BATCHES = 10_000;

    private final Map<Id, List<RawRecord>> wanted = new LinkedHashMap<>();
    private long made;

    /** A leaf. */
    private record Id(RunIdentity run, long index) {
        static @Nullable Id of(RawRecord record) {
            RunIdentity run = LeafGatherer.run(record);
            Long index = record.number("log_index").orElse(null);
            return run == null || index == null ? null : new Id(run, index);
        }
    }

    /** Chooses the batch that a record is, or is a part of; false when there are too many. */
    public boolean wanted(RawRecord record) {
        Id id = Id.of(record);
        if (id != null) {
            wanted.computeIfAbsent(id, added -> new ArrayList<>());
        }
        return wanted.size() <= MOST_BATCHES;
    }

    /** Number of chosen batches. */
    public int batches() {
        return wanted.size();
    }

    /** Takes a record of the event topic, if it is of a chosen batch. */
    public void event(RawRecord record) {
        List<RawRecord> pieces = wanted.get(Id.of(record));
        if (pieces != null) {
            pieces.add(record);
        }
    }

    /**
     * Takes a record of the control topic, and passes on the proofs that it makes possible.
     *
     * @param to gets a name for a file, and the proof
     * @throws RecordException when a batch cannot be put together
     */
    public void control(RawRecord record, BiConsumer<String, TlogProof> to) throws RecordException {
        boolean own = record.text("kind").equals(ControlKind.CHECKPOINT.name());
        String field = own ? CheckpointWindow.OWN : CheckpointWindow.PRECEDING;
        if (record.text(field).isEmpty()) {
            return;
        }
        CheckpointWindow checkpoint;
        try {
            checkpoint = CheckpointWindow.of(record, field);
        } catch (NoteException e) {
            return; // verify --key names it
        }
        RunIdentity run = LogOrigin.run(checkpoint.signed().origin());
        for (long index = checkpoint.window().start();
                run != null && index < checkpoint.window().end();
                index++) {
            Id id = new Id(run, index);
            List<RawRecord> pieces = wanted.get(id);
            if (pieces != null && !pieces.isEmpty()) {
                TlogProof proof = TlogProof.of(
                        WholeBatch.of(pieces), index, checkpoint.window().inclusion(index), checkpoint.note());
                wanted.remove(id);
                made++;
                to.accept(name(run, index), proof);
            }
        }
    }

    private static String name(RunIdentity run, long index) {
        return LogOrigin.of(run).replace('/', '-') + "-" + index + ".tlog-proof";
    }

    /** Number of proofs that were made. */
    public long made() {
        return made;
    }

    /** Chosen batches that no checkpoint lists. */
    public int rest() {
        return wanted.size();
    }
}
