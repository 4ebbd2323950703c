package dev.ctstream.proof;

import dev.ctstream.record.RawRecord;
import dev.ctstream.record.proof.Checkpoint;
import dev.ctstream.record.proof.CompactRange;
import dev.ctstream.record.proof.Hash;
import dev.ctstream.record.proof.NoteException;
import dev.ctstream.record.proof.SignedNote;
import dev.ctstream.record.proof.TreeWindow;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a CHECKPOINT, or a STARTED, says about a log. Its hashes lead to its root; whether a trusted key has signed it is not
 * said.
 */
record CheckpointWindow(SignedNote note, Checkpoint signed, TreeWindow window) {
    /** The field of a CHECKPOINT. */
    static final String OWN = "checkpoint_note";

    /** The field of a STARTED. */
    static final String PRECEDING = "preceding_checkpoint";

    /**
     * Reads the fields of a record.
     *
     * @throws NoteException when they are damaged
     */
    static CheckpointWindow of(RawRecord record, String field) throws NoteException {
        SignedNote note = SignedNote.parse(record.text(field));
        Checkpoint signed = Checkpoint.parse(note.text());
        List<Hash> leaves = hashes(record.value("leaf_hashes"));
        TreeWindow window;
        try {
            window = new TreeWindow(
                    CompactRange.of(signed.size() - leaves.size(), hashes(record.value("compact_range"))), leaves);
        } catch (IllegalArgumentException e) {
            throw new NoteException("its hashes are not those of a log of size " + signed.size(), e);
        }
        if (!window.after().root().equals(signed.root())) {
            throw new NoteException("the hashes in it do not lead to the root that is signed");
        }
        return new CheckpointWindow(note, signed, window);
    }

    private static List<Hash> hashes(@Nullable Object list) throws NoteException {
        List<Hash> hashes = new ArrayList<>();
        if (list instanceof Collection<?> bytes) {
            for (Object one : bytes) {
                if (!(one instanceof ByteBuffer buffer) || buffer.remaining() != Hash.BYTES) {
                    throw new NoteException("a hash has not " + Hash.BYTES + " bytes");
                }
                hashes.add(Hash.of(buffer));
            }
        }
        return hashes;
    }
}
