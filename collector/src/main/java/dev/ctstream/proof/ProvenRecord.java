package dev.ctstream.proof;

import dev.ctstream.record.RawRecord;
import dev.ctstream.record.RawRecordReader;
import dev.ctstream.record.RecordException;
import dev.ctstream.record.proof.Checkpoint;
import dev.ctstream.record.proof.Leaf;
import dev.ctstream.record.proof.LeafGatherer;
import dev.ctstream.record.proof.LogOrigin;
import dev.ctstream.record.proof.NoteException;
import dev.ctstream.record.proof.TlogProof;
import dev.ctstream.record.proof.TrustedKeys;
import java.util.OptionalLong;

/**
 * An exported record that its proof has shown to be what its host has signed. Ownership: the value is the caller's. Threads:
 * any, as long as nobody changes the value.
 *
 * @param value the record, {@link dev.ctstream.record.Framing#SINGLE_OBJECT}
 * @param leaf what of it is in the log
 * @param checkpoint that a trusted key has signed
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
public record ProvenRecord(byte[] value, Leaf leaf, Checkpoint checkpoint) {
    /**
     * Checks an exported record.
     *
     * @param text of a file of {@code ctstream proof export}
     * @param keys of hosts
     * @param reader knows the schema that wrote it
     * @throws NoteException when the proof does not hold; the message says why
     */
    public static ProvenRecord check(String text, TrustedKeys keys, RawRecordReader reader) throws NoteException {
        TlogProof proof = TlogProof.parse(text);
        byte[] value = proof.extraBytes();
        Leaf leaf;
        try {
            RawRecord record = reader.read(value, OptionalLong.empty());
            leaf = new LeafGatherer<String>().take(record, "");
        } catch (RecordException e) {
            throw new NoteException("the record in it: " + e.getMessage(), e);
        }
        if (leaf == null) {
            throw new NoteException("the record in it is no whole batch and no control record of a log");
        }
        Checkpoint signed = keys.verified(proof.checkpoint());
        if (!signed.origin().equals(LogOrigin.of(leaf.run()))) {
            throw new NoteException(
                    "the record is of the log " + LogOrigin.of(leaf.run()) + ", the checkpoint of " + signed.origin());
        }
        if (leaf.index() != proof.index()) {
            throw new NoteException("the record has log_index " + leaf.index() + ", the proof is of " + proof.index());
        }
        proof.check(leaf.hash());
        return new ProvenRecord(value, leaf, signed);
    }
}
