package dev.ctstream.record.proof;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/** A SHA-256 hash. Immutable; any thread. */
public final class Hash {
    /** Length of a hash. */
    public static final int BYTES = 32;

    /** The root of the tree without leaves: the hash of nothing. */
    public static final Hash EMPTY_ROOT = new Hash(digest().digest());

    private static final byte LEAF = 0;
    private static final byte NODE = 1;

    private final byte[] bytes;

    private Hash(byte[] bytes) {
        this.bytes = bytes;
    }

    /**
     * The hash with these bytes, which are copied.
     *
     * @throws IllegalArgumentException when they are not {@value #BYTES}
     */
    public static Hash of(byte[] bytes) {
        if (bytes.length != BYTES) {
            throw new IllegalArgumentException("a hash has " + BYTES + " bytes, not " + bytes.length);
        }
        return new Hash(bytes.clone());
    }

    /**
     * The hash whose bytes are the remaining ones, which are copied; the buffer's position stays.
     *
     * @throws IllegalArgumentException when they are not {@value #BYTES}
     */
    public static Hash of(ByteBuffer bytes) {
        byte[] copy = new byte[bytes.remaining()];
        bytes.duplicate().get(copy);
        return of(copy);
    }

    /** Reads {@link #base64}; null when it is none. */
    public static @Nullable Hash parse(String base64) {
        try {
            byte[] bytes = Base64.getDecoder().decode(base64);
            return bytes.length == BYTES ? new Hash(bytes) : null;
        } catch (IllegalArgumentException e) {
            return null;
        }
    }

    /** A digest of SHA-256, which every JDK has. */
    public static MessageDigest digest() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("this JDK has no SHA-256", e);
        }
    }

    /** The hash of a leaf: SHA-256 of 0x00 and the leaf (RFC 6962, section 2.1). */
    public static Hash ofLeaf(MessageDigest digest, byte[] leaf) {
        digest.reset();
        digest.update(LEAF);
        return new Hash(digest.digest(leaf));
    }

    /** The hash of a node: SHA-256 of 0x01 and the hashes of its children. */
    public static Hash ofNode(MessageDigest digest, Hash left, Hash right) {
        digest.reset();
        digest.update(NODE);
        digest.update(left.bytes);
        return new Hash(digest.digest(right.bytes));
    }

    /** A copy of its bytes. */
    public byte[] bytes() {
        return bytes.clone();
    }

    /** Its bytes in a buffer that cannot be changed. */
    public ByteBuffer buffer() {
        return ByteBuffer.wrap(bytes).asReadOnlyBuffer();
    }

    /** Its bytes in Base64, as notes and proofs have them. */
    public String base64() {
        return Base64.getEncoder().encodeToString(bytes);
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof Hash that && Arrays.equals(bytes, that.bytes);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(bytes);
    }

    /** Hexadecimal. */
    @Override
    public String toString() {
        return HexFormat.of().formatHex(bytes);
    }
}
