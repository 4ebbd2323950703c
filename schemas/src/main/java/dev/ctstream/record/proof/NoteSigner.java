package dev.ctstream.record.proof;

import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;

/**
 * A private key of signed notes: {@code PRIVATE+KEY+NAME+ID+BASE64}, as Go's note package writes it, and its public key.
 * Immutable; any thread. It never prints the private key but by {@link #secret}.
 */
public final class NoteSigner {
    /** What a private key begins with. */
    public static final String MARK = "PRIVATE+KEY+";
    /** PKCS#8 of Ed25519 (RFC 8410) before the 32 bytes. */
    private static final byte[] PKCS8_PREFIX = HexFormat.of().parseHex("302e020100300506032b657004220420");

    private final NoteKey key;
    private final byte[] seed;
    private final PrivateKey secret;

    private NoteSigner(NoteKey key, byte[] seed) throws NoteException {
        this.key = key;
        this.seed = seed;
        try {
            secret = KeyFactory.getInstance("Ed25519")
                    .generatePrivate(new PKCS8EncodedKeySpec(NoteKey.concat(PKCS8_PREFIX, seed)));
        } catch (GeneralSecurityException e) {
            throw new NoteException("the private key of " + key.name() + " is not one of Ed25519", e);
        }
        byte[] probe = {1};
        if (!key.verifies(probe, sign(probe))) {
            throw new NoteException("the private key of " + key.name() + " does not belong to its public key");
        }
    }

    /**
     * A new key.
     *
     * @param type {@link NoteKey#ED25519}, or {@link NoteKey#COSIGNATURE} for a witness
     * @throws NoteException when the name has spaces or a +
     */
    public static NoteSigner generate(String name, int type) throws NoteException {
        try {
            KeyPair pair = KeyPairGenerator.getInstance("Ed25519").generateKeyPair();
            byte[] coded = pair.getPublic().getEncoded();
            byte[] secret = pair.getPrivate().getEncoded();
            byte[] bytes = Arrays.copyOfRange(coded, coded.length - NoteKey.KEY_BYTES, coded.length);
            byte[] seed = Arrays.copyOfRange(secret, PKCS8_PREFIX.length, PKCS8_PREFIX.length + NoteKey.KEY_BYTES);
            return new NoteSigner(new NoteKey(name, type, bytes), seed);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("this JDK has no Ed25519", e);
        }
    }

    /**
     * Reads a private key.
     *
     * @param key its public key
     * @throws NoteException when it is none, or not that of the public key
     */
    public static NoteSigner parse(String secret, NoteKey key) throws NoteException {
        String text = secret.strip();
        String[] parts = text.startsWith(MARK) ? text.substring(MARK.length()).split("\\+", 3) : new String[0];
        byte[] typed = parts.length == 3 ? NoteKey.decoded(parts[2]) : null;
        if (typed == null || typed.length != 1 + NoteKey.KEY_BYTES) {
            throw new NoteException("its first line is not a private key, as ctstream proof key generate makes them");
        }
        if (!parts[0].equals(key.name()) || typed[0] != key.type() || !parts[1].equals(NoteKey.idText(key.id()))) {
            throw new NoteException("its second line is not the public key of its first line");
        }
        return new NoteSigner(key, Arrays.copyOfRange(typed, 1, typed.length));
    }

    /** The public key. */
    public NoteKey key() {
        return key;
    }

    /** The private key, as {@link #parse} reads it. */
    public String secret() {
        byte[] typed = NoteKey.concat(new byte[] {(byte) key.type()}, seed);
        return MARK + key.name() + "+" + NoteKey.idText(key.id()) + "+"
                + Base64.getEncoder().encodeToString(typed);
    }

    /** Signs a message. */
    byte[] sign(byte[] message) {
        try {
            Signature signature = Signature.getInstance("Ed25519");
            signature.initSign(secret);
            signature.update(message);
            return signature.sign();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("Ed25519 cannot sign", e);
        }
    }

    /** The public key: the private one is never printed by chance. */
    @Override
    public String toString() {
        return key.toString();
    }
}
