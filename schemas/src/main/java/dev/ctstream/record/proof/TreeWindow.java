package dev.ctstream.record.proof;

import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.List;

/**
 * The end of a tree: the compact range before it, and its leaves. It has every hash that an inclusion proof of one of
 * these leaves needs. A CHECKPOINT carries one.
 *
 * <p>Ownership: copies what it gets. Threads: any, as long as nobody appends to {@link #before}: take a copy of it.
 *
 * @param before the tree without these leaves
 * @param leaves from {@code before.size()} on
 */
public record TreeWindow(CompactRange before, List<Hash> leaves) {
    /** Copies both. */
    public TreeWindow {
        before = before.copy();
        leaves = List.copyOf(leaves);
    }

    /** log_index of the first leaf. */
    public long start() {
        return before.size();
    }

    /** Size of the tree. */
    public long end() {
        return before.size() + leaves.size();
    }

    /** The tree with these leaves. */
    public CompactRange after() {
        CompactRange after = before.copy();
        after.append(leaves);
        return after;
    }

    /**
     * The inclusion proof of a leaf in the tree of size {@link #end}: RFC 6962, section 2.1.1, the leaf's sibling first.
     *
     * @param index from {@link #start} on
     */
    public List<Hash> inclusion(long index) {
        if (index < start() || index >= end()) {
            throw new IllegalArgumentException("leaf " + index + " is not in " + start() + ".." + (end() - 1));
        }
        List<Hash> path = new ArrayList<>();
        path(Hash.digest(), index, 0, end(), path);
        return path;
    }

    private void path(MessageDigest digest, long index, long from, long to, List<Hash> path) {
        if (to - from == 1) {
            return;
        }
        long middle = from + largestPowerBelow(to - from);
        if (index < middle) {
            path(digest, index, from, middle, path);
            path.add(root(digest, middle, to));
        } else {
            path(digest, index, middle, to, path);
            path.add(root(digest, from, middle));
        }
    }

    private static long largestPowerBelow(long n) {
        return Long.highestOneBit(n - 1);
    }

    /** The root of the leaves from {@code from} to before {@code to}. */
    private Hash root(MessageDigest digest, long from, long to) {
        if (to <= start()) {
            return ofRange(from, to);
        }
        if (to - from == 1) {
            return leaves.get(Math.toIntExact(from - start()));
        }
        long middle = from + largestPowerBelow(to - from);
        return Hash.ofNode(digest, root(digest, from, middle), root(digest, middle, to));
    }

    /** A subtree that ends before the window and whose parent does not: it is one of the compact range. */
    private Hash ofRange(long from, long to) {
        long at = 0;
        for (Hash subtree : before.hashes()) {
            long next = at + Long.highestOneBit(start() - at);
            if (at == from && next == to) {
                return subtree;
            }
            at = next;
        }
        throw new IllegalStateException("no subtree " + from + ".." + to + " in a tree of " + start());
    }

    /**
     * Computes the root that an inclusion proof leads to (RFC 9162, section 2.1.3.2).
     *
     * @param index of the leaf
     * @param size of the tree, in leaves
     * @param path from the leaf's sibling on
     * @throws NoteException when the path has another length than such a tree
     */
    public static Hash rootOf(long index, long size, Hash leaf, List<Hash> path) throws NoteException {
        if (index < 0 || index >= size) {
            throw new NoteException("leaf " + index + " is not in a log of size " + size);
        }
        MessageDigest digest = Hash.digest();
        long fn = index;
        long sn = size - 1;
        Hash root = leaf;
        for (Hash sibling : path) {
            if (sn == 0) {
                throw new NoteException("the inclusion proof is too long");
            }
            if ((fn & 1) == 1 || fn == sn) {
                root = Hash.ofNode(digest, sibling, root);
                while ((fn & 1) == 0 && fn != 0) {
                    fn >>= 1;
                    sn >>= 1;
                }
            } else {
                root = Hash.ofNode(digest, root, sibling);
            }
            fn >>= 1;
            sn >>= 1;
        }
        if (sn != 0) {
            throw new NoteException("the inclusion proof is too short");
        }
        return root;
    }
}
