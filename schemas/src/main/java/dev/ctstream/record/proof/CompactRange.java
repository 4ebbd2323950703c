package dev.ctstream.record.proof;

import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.List;

/**
 * A Merkle tree of RFC 6962 that can grow: the roots of the largest complete subtrees that its leaves make, from the left.
 * A tree of n leaves has one for each bit that is set in n.
 *
 * <p>Source: RFC 6962, section 2.1. Ownership: owns its list; {@link #hashes} returns a copy. Threads: confined to one.
 */
public final class CompactRange {
    /** More hashes than this stand for a size that no run reaches. */
    public static final int MOST_HASHES = 40;

    private final MessageDigest digest = Hash.digest();
    private final List<Hash> hashes;
    private long size;

    /** The tree without leaves. */
    public CompactRange() {
        hashes = new ArrayList<>();
    }

    private CompactRange(long size, List<Hash> hashes) {
        this.size = size;
        this.hashes = new ArrayList<>(hashes);
    }

    /**
     * A tree of this size.
     *
     * @param hashes of its subtrees, the largest first
     * @throws IllegalArgumentException when a tree of this size has another number of them
     */
    public static CompactRange of(long size, List<Hash> hashes) {
        if (size < 0 || size >= 1L << MOST_HASHES || Long.bitCount(size) != hashes.size()) {
            throw new IllegalArgumentException(
                    "a tree of " + size + " leaves has not " + hashes.size() + " complete subtrees");
        }
        return new CompactRange(size, hashes);
    }

    /** The same tree, which grows apart from this. */
    public CompactRange copy() {
        return new CompactRange(size, hashes);
    }

    /** Number of leaves. */
    public long size() {
        return size;
    }

    /** The roots of the complete subtrees, the largest first. */
    public List<Hash> hashes() {
        return List.copyOf(hashes);
    }

    /** Appends a leaf. */
    public void append(Hash leaf) {
        Hash subtree = leaf;
        for (long rest = size; (rest & 1) == 1; rest >>= 1) {
            subtree = Hash.ofNode(digest, hashes.remove(hashes.size() - 1), subtree);
        }
        hashes.add(subtree);
        size++;
    }

    /** Appends leaves. */
    public void append(List<Hash> leaves) {
        leaves.forEach(this::append);
    }

    /** The root of the tree. */
    public Hash root() {
        if (hashes.isEmpty()) {
            return Hash.EMPTY_ROOT;
        }
        Hash root = hashes.get(hashes.size() - 1);
        for (int i = hashes.size() - 2; i >= 0; i--) {
            root = Hash.ofNode(digest, hashes.get(i), root);
        }
        return root;
    }
}
