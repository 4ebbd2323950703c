package dev.ctstream.it;

import dev.ctstream.record.EventRecords;
import dev.ctstream.record.RunIdentity;
import dev.ctstream.record.proof.Checkpoint;
import dev.ctstream.record.proof.CompactRange;
import dev.ctstream.record.proof.Hash;
import dev.ctstream.record.proof.KeySuccession;
import dev.ctstream.record.proof.LogOrigin;
import dev.ctstream.record.proof.NoteKey;
import dev.ctstream.record.proof.NoteSigner;
import dev.ctstream.record.proof.SignedNote;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.apache.avro.generic.GenericRecord;

/**
 * The control records with which a host would sign a run, of leaves that are made up: what a witness looks at.
 *
 * <p>Threads: confined to one.
 */
final class SignedRun {
    private final RunIdentity run;
    private final NoteSigner signer;
    private CompactRange before;
    private final List<Hash> leaves = new ArrayList<>();

    private SignedRun(RunIdentity run, NoteSigner signer, CompactRange before) {
        this.run = run;
        this.signer = signer;
        this.before = before;
    }

    /** Begins a run without leaves. */
    static SignedRun begin(String host, long epoch, NoteSigner signer) {
        return new SignedRun(new RunIdentity(host, "boot-1", epoch), signer, new CompactRange());
    }

    /** A key of a host. */
    static NoteSigner key(String host) throws Exception {
        return NoteSigner.generate(LogOrigin.keyName(host), NoteKey.ED25519);
    }

    /** The same run, which another machine continues. */
    SignedRun copy() {
        return by(signer);
    }

    String origin() {
        return LogOrigin.of(run);
    }

    /** A copy that another key signs. */
    SignedRun by(NoteSigner other) {
        SignedRun copy = new SignedRun(run, other, before.copy());
        copy.leaves.addAll(leaves);
        return copy;
    }

    /** Appends leaves, which are those of this text. */
    SignedRun append(int count, String text) {
        for (int i = 0; i < count; i++) {
            leaves.add(Hash.ofLeaf(
                    Hash.digest(), (text + (before.size() + leaves.size())).getBytes(StandardCharsets.UTF_8)));
        }
        return this;
    }

    /** The next CHECKPOINT: it lists the leaves since the last one. */
    byte[] checkpoint(long timeMillis) {
        return checkpoint(timeMillis, "");
    }

    /**
     * The next CHECKPOINT.
     *
     * @param more lines of signatures, which somebody added
     */
    byte[] checkpoint(long timeMillis, String more) {
        GenericRecord record = record("CHECKPOINT", timeMillis);
        sign(record, "checkpoint_note", more);
        before.append(leaves);
        leaves.clear();
        return EventRecords.singleObject(record);
    }

    /** The STARTED of the next run, which signs this log as it is. */
    byte[] startedAfter(long timeMillis) {
        GenericRecord record = record("STARTED", timeMillis);
        record.put("stream_epoch", run.streamEpoch() + 1);
        record.put("preceding_epoch", run.streamEpoch());
        record.put("preceding_boot_id", run.bootId());
        sign(record, "preceding_checkpoint", "");
        return EventRecords.singleObject(record);
    }

    /** The KEY with which the run's key is followed by another one. */
    byte[] key(NoteSigner next, long timeMillis) {
        GenericRecord record = record("KEY", timeMillis);
        record.put("next_key", next.key().toString());
        record.put("next_key_signature", KeySuccession.sign(signer, next.key()).format());
        return EventRecords.singleObject(record);
    }

    /** A STOPPED. */
    byte[] stopped(long timeMillis) {
        GenericRecord record = record("STOPPED", timeMillis);
        record.put("reason", "stop");
        return EventRecords.singleObject(record);
    }

    private GenericRecord record(String kind, long timeMillis) {
        GenericRecord record = EventRecords.control(kind);
        record.put("host_id", run.hostId());
        record.put("boot_id", run.bootId());
        record.put("stream_epoch", run.streamEpoch());
        record.put("time", timeMillis);
        return record;
    }

    private void sign(GenericRecord record, String field, String more) {
        CompactRange after = before.copy();
        after.append(leaves);
        SignedNote note = new Checkpoint(origin(), after.size(), after.root()).sign(signer);
        record.put(field, note.format() + more);
        record.put("compact_range", buffers(before.hashes()));
        record.put("leaf_hashes", buffers(leaves));
    }

    private static List<ByteBuffer> buffers(List<Hash> hashes) {
        return hashes.stream().map(Hash::buffer).toList();
    }
}
