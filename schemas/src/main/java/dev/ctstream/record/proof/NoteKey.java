package dev.ctstream.record.proof;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.MessageDigest;
import java.security.PublicKey;
import java.security.Signature;
import java.security.spec.X509EncodedKeySpec;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * A public key of signed notes: {@code NAME+ID+BASE64}, as C2SP signed-note writes it. Immutable; any thread.
 *
 * <p>Equal keys have the same name, type and bytes.
 */
public final class NoteKey {
    /** Signature type: Ed25519 over the text of a note. */
    public static final int ED25519 = 0x01;

    /** Signature type: a timestamped Ed25519 cosignature of a checkpoint. */
    public static final int COSIGNATURE = 0x04;

    static final int KEY_BYTES = 32;

    private static final int NEXT_LINE = 0x85;

    /** SubjectPublicKeyInfo of Ed25519 (RFC 8410) before the 32 bytes. */
    private static final byte[] X509_PREFIX = HexFormat.of().parseHex("302a300506032b6570032100");

    private final String name;
    private final int type;
    private final byte[] bytes;
    private final int id;
    private final PublicKey key;

    /**
     * A key.
     *
     * @param type {@link #ED25519} or {@link #COSIGNATURE}
     * @param bytes the 32 bytes of an Ed25519 public key, which are copied
     * @throws NoteException when they are no key, or the name has spaces or a +
     */
    public NoteKey(String name, int type, byte[] bytes) throws NoteException {
        this.name = checked(name);
        this.type = type;
        this.bytes = bytes.clone();
        if (bytes.length != KEY_BYTES || (type != ED25519 && type != COSIGNATURE)) {
            throw new NoteException("the key of " + name + " is not one of Ed25519");
        }
        id = id(name, type, bytes);
        try {
            key = KeyFactory.getInstance("Ed25519").generatePublic(new X509EncodedKeySpec(concat(X509_PREFIX, bytes)));
        } catch (GeneralSecurityException e) {
            throw new NoteException("the key of " + name + " is not one of Ed25519", e);
        }
    }

    /**
     * Reads a verifier key.
     *
     * @throws NoteException when it is none, or its id does not fit; the message never quotes the text, which may be a private
     *     key
     */
    public static NoteKey parse(String text) throws NoteException {
        String stripped = text.strip();
        if (stripped.startsWith(NoteSigner.MARK)) {
            throw new NoteException(
                    "a private key: keep it secret, and give the public key, as ctstream proof key show FILE prints it");
        }
        String[] parts = stripped.split("\\+", 3); // the Base64 may have more of them
        byte[] typed = parts.length == 3 && isName(parts[0]) ? decoded(parts[2]) : null;
        if (typed == null || typed.length != 1 + KEY_BYTES || (typed[0] != ED25519 && typed[0] != COSIGNATURE)) {
            throw new NoteException("not a public key of signed notes, NAME+ID+BASE64");
        }
        byte[] bytes = Arrays.copyOfRange(typed, 1, typed.length);
        if (!idText(id(parts[0], typed[0], bytes)).equals(parts[1])) {
            throw new NoteException("the id of a public key does not fit the key: it is damaged");
        }
        return new NoteKey(parts[0], typed[0], bytes);
    }

    static String checked(String name) throws NoteException {
        if (!isName(name)) {
            throw new NoteException("the name of a key has no spaces and no +");
        }
        return name;
    }

    /** Source: C2SP signed-note: no Unicode spaces; as Go's unicode.IsSpace, U+0085 and U+00A0 among them. */
    private static boolean isName(String name) {
        return !name.isEmpty()
                && name.chars()
                        .noneMatch(c -> c == '+'
                                || c < ' '
                                || c == NEXT_LINE
                                || Character.isWhitespace(c)
                                || Character.isSpaceChar(c));
    }

    static byte @Nullable [] decoded(String base64) {
        try {
            return Base64.getDecoder().decode(base64);
        } catch (IllegalArgumentException e) {
            return null;
        }
    }

    static byte[] concat(byte[] first, byte[] second) {
        byte[] both = Arrays.copyOf(first, first.length + second.length);
        System.arraycopy(second, 0, both, first.length, second.length);
        return both;
    }

    static int id(String name, int type, byte[] key) {
        MessageDigest digest = Hash.digest();
        digest.update(name.getBytes(UTF_8));
        digest.update((byte) '\n');
        digest.update((byte) type);
        return ByteBuffer.wrap(digest.digest(key)).getInt();
    }

    static String idText(int id) {
        return String.format(Locale.ROOT, "%08x", id);
    }

    /** Who signs. */
    public String name() {
        return name;
    }

    /** The signature type. */
    public int type() {
        return type;
    }

    /** Tells the keys of a name apart. */
    public int id() {
        return id;
    }

    /** This key, if it is one that signs logs and statements. */
    NoteKey ofHost() throws NoteException {
        if (type != ED25519) {
            throw new NoteException(
                    "the key of the witness " + name + ", which only cosigns; wanted is the key of a host,"
                            + " which ctstream proof key show FILE prints of its proof.key-file");
        }
        return this;
    }

    /** Whether a signature of this key stands under a message. */
    public boolean verifies(byte[] message, byte[] signature) {
        try {
            Signature check = Signature.getInstance("Ed25519");
            check.initVerify(key);
            check.update(message);
            return check.verify(signature);
        } catch (GeneralSecurityException e) {
            return false; // its bytes are no signature
        }
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof NoteKey that
                && type == that.type
                && name.equals(that.name)
                && Arrays.equals(bytes, that.bytes);
    }

    @Override
    public int hashCode() {
        return 31 * name.hashCode() + id;
    }

    /** The verifier key, as {@link #parse} reads it. */
    @Override
    public String toString() {
        byte[] typed = concat(new byte[] {(byte) type}, bytes);
        return name + "+" + idText(id) + "+" + Base64.getEncoder().encodeToString(typed);
    }
}
