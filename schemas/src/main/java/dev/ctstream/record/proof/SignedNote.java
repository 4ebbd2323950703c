package dev.ctstream.record.proof;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;

/**
 * A text with signatures under it. Immutable; any thread.
 *
 * <p>Source: <a href="https://c2sp.org/signed-note">C2SP signed-note</a>.
 *
 * @param text ends with a line feed
 * @param signatures in their order
 */
public record SignedNote(String text, List<NoteSignature> signatures) {
    private static final String SIGNATURE = "\u2014 ";
    private static final int MOST_SIGNATURES = 64;
    /** C2SP signed-note asks for 16 signatures of 5 kB, in Base64 107 kB; longer is no note of ours. */
    public static final int MOST_CHARS = 1 << 17;

    /** Copies the list. */
    public SignedNote {
        signatures = List.copyOf(signatures);
    }

    /**
     * One signature.
     *
     * @param bytes what follows the key's id
     */
    public record NoteSignature(String name, int keyId, Bytes bytes) {
        /** Whether the key claims to have made it. */
        public boolean isOf(NoteKey key) {
            return keyId == key.id() && name.equals(key.name());
        }
    }

    /** Bytes that never change. */
    public record Bytes(ByteBuffer buffer) {
        static Bytes of(byte[] bytes) {
            return new Bytes(ByteBuffer.wrap(bytes.clone()).asReadOnlyBuffer());
        }

        /** A copy of them. */
        public byte[] copy() {
            byte[] copy = new byte[buffer.remaining()];
            buffer.duplicate().get(copy);
            return copy;
        }
    }

    /** Signs a text with a key of type {@link NoteKey#ED25519}. */
    public static SignedNote sign(String text, NoteSigner signer) {
        NoteKey key = signer.key();
        if (key.type() != NoteKey.ED25519) {
            throw new IllegalArgumentException("the key of " + key.name() + " signs no text alone");
        }
        return new SignedNote(
                text, List.of(new NoteSignature(key.name(), key.id(), Bytes.of(signer.sign(text.getBytes(UTF_8))))));
    }

    /** The note with one more signature. */
    public SignedNote with(NoteSignature signature) {
        List<NoteSignature> all = new ArrayList<>(signatures);
        all.add(signature);
        return new SignedNote(text, all);
    }

    /** The note with the first signature of this key alone. Others are not checked by whoever checks that one. */
    public SignedNote only(NoteKey key) {
        return new SignedNote(
                text,
                signatures.stream()
                        .filter(signature -> signature.isOf(key))
                        .limit(1)
                        .toList());
    }

    /**
     * Reads a note; says nothing about its signatures.
     *
     * @throws NoteException when it is none, is longer than {@value #MOST_CHARS} characters, or has too many signatures
     */
    public static SignedNote parse(String note) throws NoteException {
        int blank = note.lastIndexOf("\n\n");
        if (note.length() > MOST_CHARS || blank < 0 || !note.endsWith("\n")) {
            throw new NoteException("not a signed note: text, an empty line, signatures");
        }
        String text = note.substring(0, blank + 1);
        if (note.chars().anyMatch(c -> c < ' ' && c != '\n')) {
            throw new NoteException("a signed note has no control characters");
        }
        List<NoteSignature> signatures = new ArrayList<>();
        for (String line : note.substring(blank + 2).split("\n", MOST_SIGNATURES + 2)) {
            if (!line.isEmpty()) {
                signatures.add(signature(line));
            }
        }
        if (signatures.isEmpty() || signatures.size() > MOST_SIGNATURES) {
            throw new NoteException("a signed note has 1 to " + MOST_SIGNATURES + " signatures");
        }
        return new SignedNote(text, signatures);
    }

    private static NoteSignature signature(String line) throws NoteException {
        int space = line.indexOf(' ', SIGNATURE.length());
        byte[] bytes = space < 0 || !line.startsWith(SIGNATURE) ? null : NoteKey.decoded(line.substring(space + 1));
        if (bytes == null || bytes.length <= Integer.BYTES) {
            throw new NoteException("a line after its text is no signature, '\u2014 NAME BASE64'");
        }
        ByteBuffer of = ByteBuffer.wrap(bytes);
        int id = of.getInt();
        return new NoteSignature(
                NoteKey.checked(line.substring(SIGNATURE.length(), space)),
                id,
                new Bytes(of.slice().asReadOnlyBuffer()));
    }

    /**
     * Whether a key has signed the text: one of type {@link NoteKey#ED25519}, another one never signs it alone.
     *
     * @throws NoteException when there is a signature of the key that is not good
     */
    public boolean signedBy(NoteKey key) throws NoteException {
        for (NoteSignature signature : signatures) {
            if (key.type() == NoteKey.ED25519 && signature.isOf(key)) {
                if (!key.verifies(text.getBytes(UTF_8), signature.bytes().copy())) {
                    throw new NoteException("the signature of " + key.name() + " is not good");
                }
                return true;
            }
        }
        return false;
    }

    /** The whole note, as {@link #parse} reads it. */
    public String format() {
        StringBuilder note = new StringBuilder(text).append('\n');
        for (NoteSignature signature : signatures) {
            byte[] bytes = signature.bytes().copy();
            byte[] all = ByteBuffer.allocate(Integer.BYTES + bytes.length)
                    .putInt(signature.keyId())
                    .put(bytes)
                    .array();
            note.append(SIGNATURE)
                    .append(signature.name())
                    .append(' ')
                    .append(Base64.getEncoder().encodeToString(all))
                    .append('\n');
        }
        return note.toString();
    }
}
