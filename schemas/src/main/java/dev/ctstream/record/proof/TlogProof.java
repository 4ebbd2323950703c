package dev.ctstream.record.proof;

import java.util.ArrayList;
import java.util.Base64;
import java.util.List;

/**
 * A proof that a leaf is in a log, which stands for itself. Immutable; any thread.
 *
 * <p>Source: <a href="https://c2sp.org/tlog-proof">C2SP tlog-proof</a>.
 *
 * @param extra bytes of our own, in Base64: the record; empty = none
 * @param index number of the leaf
 * @param path from its sibling to below the root
 * @param checkpoint the signed checkpoint, with cosignatures perhaps
 */
public record TlogProof(String extra, long index, List<Hash> path, SignedNote checkpoint) {
    private static final String FIRST_LINE = "c2sp.org/tlog-proof@v1";
    private static final String EXTRA = "extra ";
    private static final String INDEX = "index ";

    /** Copies the list. */
    public TlogProof {
        path = List.copyOf(path);
    }

    /** A proof with extra bytes. */
    public static TlogProof of(byte[] extra, long index, List<Hash> path, SignedNote checkpoint) {
        return new TlogProof(Base64.getEncoder().encodeToString(extra), index, path, checkpoint);
    }

    /**
     * The extra bytes.
     *
     * @throws NoteException when they are not Base64
     */
    public byte[] extraBytes() throws NoteException {
        byte[] bytes = NoteKey.decoded(extra);
        if (bytes == null) {
            throw new NoteException("its extra line is not Base64");
        }
        return bytes;
    }

    /**
     * Reads a proof; proves nothing.
     *
     * @throws NoteException when it is none
     */
    public static TlogProof parse(String text) throws NoteException {
        int blank = text.indexOf("\n\n");
        if (!text.startsWith(FIRST_LINE + "\n")) {
            throw new NoteException("not a proof: its first line is not " + FIRST_LINE);
        }
        if (blank < 0) {
            throw new NoteException("not a proof: it ends before its checkpoint");
        }
        List<String> lines = List.of(text.substring(0, blank).split("\n"));
        int at = 1;
        String extra = "";
        if (lines.size() > at && lines.get(at).startsWith(EXTRA)) {
            extra = lines.get(at++).substring(EXTRA.length());
        }
        String index = lines.size() > at && lines.get(at).startsWith(INDEX)
                ? lines.get(at++).substring(INDEX.length())
                : "";
        if (!index.matches("0|[1-9][0-9]{0,17}")) {
            throw new NoteException("not a proof: it has no line '" + INDEX + "' with a number");
        }
        List<Hash> path = new ArrayList<>();
        for (String line : lines.subList(at, lines.size())) {
            Hash hash = Hash.parse(line);
            if (hash == null) {
                throw new NoteException("its line " + (at + path.size() + 1) + " is not a hash of an inclusion proof");
            }
            path.add(hash);
        }
        return new TlogProof(extra, Long.parseLong(index), path, SignedNote.parse(text.substring(blank + 2)));
    }

    /** The proof, as {@link #parse} reads it. */
    public String format() {
        StringBuilder text = new StringBuilder(FIRST_LINE).append('\n');
        if (!extra.isEmpty()) {
            text.append(EXTRA).append(extra).append('\n');
        }
        text.append(INDEX).append(index).append('\n');
        path.forEach(hash -> text.append(hash.base64()).append('\n'));
        return text.append('\n').append(checkpoint.format()).toString();
    }

    /**
     * Checks that the leaf is in the tree of the checkpoint; says nothing about the checkpoint's signature.
     *
     * @param leaf its hash
     * @throws NoteException when it is not
     */
    public void check(Hash leaf) throws NoteException {
        Checkpoint signed = Checkpoint.parse(checkpoint.text());
        if (!TreeWindow.rootOf(index, signed.size(), leaf, path).equals(signed.root())) {
            throw new NoteException("the record is not leaf " + index + " of the log " + signed.origin()
                    + ": the inclusion proof leads to another root");
        }
    }
}
