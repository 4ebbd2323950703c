package dev.ctstream.record.proof;

import java.util.List;

/**
 * What a host has signed: the root of its log at a size. Immutable; any thread.
 *
 * <p>Source: <a href="https://c2sp.org/tlog-checkpoint">C2SP tlog-checkpoint</a>; hosts write no extension lines.
 *
 * @param origin the log, see {@link LogOrigin}
 * @param size number of leaves, from 0
 * @param root of the tree of these leaves
 */
public record Checkpoint(String origin, long size, Hash root) {
    private static final int LINES = 3;

    /** The text that is signed. */
    public String text() {
        return origin + "\n" + size + "\n" + root.base64() + "\n";
    }

    /** Signs it. */
    public SignedNote sign(NoteSigner signer) {
        return SignedNote.sign(text(), signer);
    }

    /**
     * Reads the text of a note; says nothing about its signatures.
     *
     * @throws NoteException when it is no checkpoint
     */
    public static Checkpoint parse(String text) throws NoteException {
        List<String> lines = List.of(text.split("\n", -1));
        int end = lines.size() - 1; // after the last line feed
        if (end < LINES || lines.indexOf("") != end) { // lines that extend it are allowed, empty ones are not
            throw new NoteException("not a checkpoint: origin, size, root");
        }
        Hash root = Hash.parse(lines.get(2));
        String size = lines.get(1);
        if (root == null || !size.matches("0|[1-9][0-9]{0,17}")) {
            throw new NoteException("not a checkpoint: origin, size, root");
        }
        return new Checkpoint(lines.get(0), Long.parseLong(size), root);
    }
}
