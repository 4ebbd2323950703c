package dev.ctstream.record.proof;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.util.OptionalLong;

/**
 * A witness's signature under a checkpoint, with its time. Threads: any.
 *
 * <p>Source: <a href="https://c2sp.org/tlog-cosignature">C2SP tlog-cosignature</a>, {@code cosignature/v1}: the time in
 * seconds (8 bytes, big endian), and Ed25519 over {@code cosignature/v1\ntime SECONDS\n} and the text of the note.
 */
public final class Cosignature {
    private static final int SIGNATURE_BYTES = 64;

    private Cosignature() {}

    private static byte[] message(String text, long seconds) {
        return ("cosignature/v1\ntime " + seconds + "\n" + text).getBytes(UTF_8);
    }

    /**
     * Cosigns a checkpoint; says nothing about the signatures that it has.
     *
     * @param witness a key of type {@link NoteKey#COSIGNATURE}
     * @param seconds since 1970-01-01 UTC
     * @return the note with one more signature
     */
    public static SignedNote add(SignedNote checkpoint, NoteSigner witness, long seconds) {
        if (witness.key().type() != NoteKey.COSIGNATURE) {
            throw new IllegalArgumentException("the key of " + witness.key().name() + " does not cosign");
        }
        byte[] signature = witness.sign(message(checkpoint.text(), seconds));
        byte[] timed = ByteBuffer.allocate(Long.BYTES + signature.length)
                .putLong(seconds)
                .put(signature)
                .array();
        NoteKey key = witness.key();
        return checkpoint.with(new SignedNote.NoteSignature(key.name(), key.id(), SignedNote.Bytes.of(timed)));
    }

    /**
     * When a witness cosigned, in seconds since 1970-01-01 UTC; empty when it did not.
     *
     * @throws NoteException when there is a cosignature of the key that is not good
     */
    public static OptionalLong time(SignedNote checkpoint, NoteKey witness) throws NoteException {
        for (SignedNote.NoteSignature signature : checkpoint.signatures()) {
            if (witness.type() == NoteKey.COSIGNATURE && signature.isOf(witness)) {
                ByteBuffer timed = signature.bytes().buffer().duplicate();
                if (timed.remaining() == Long.BYTES + SIGNATURE_BYTES) {
                    long seconds = timed.getLong();
                    byte[] bytes = new byte[SIGNATURE_BYTES];
                    timed.get(bytes);
                    if (seconds >= 0 && witness.verifies(message(checkpoint.text(), seconds), bytes)) {
                        return OptionalLong.of(seconds);
                    }
                }
                throw new NoteException("the cosignature of " + witness.name() + " is not good");
            }
        }
        return OptionalLong.empty();
    }
}
