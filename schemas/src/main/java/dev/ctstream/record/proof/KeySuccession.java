package dev.ctstream.record.proof;

import java.util.List;

/**
 * The statement that a key follows another one of the same name, signed by the earlier one. Immutable; any thread. The
 * format is ours: {@code collector/docs/proof.md}.
 *
 * <pre>
 * ctstream key succession
 * NAME+ID+BASE64      the key that signs this
 * NAME+ID+BASE64      the next one
 *
 * — NAME signature
 * </pre>
 *
 * @param from the earlier key
 * @param to the key that signs from now on
 */
public record KeySuccession(NoteKey from, NoteKey to) {
    private static final String FIRST_LINE = "ctstream key succession";
    private static final int LINES = 4;

    /** Signs the statement by the earlier key. */
    public static SignedNote sign(NoteSigner from, NoteKey to) {
        return SignedNote.sign(FIRST_LINE + "\n" + from.key() + "\n" + to + "\n", from);
    }

    /**
     * Reads a statement and checks its signature, by the key that it names. Whether that key is trusted is not said.
     *
     * @throws NoteException when it is none, or that key has not signed it
     */
    public static KeySuccession parse(SignedNote note) throws NoteException {
        List<String> lines = List.of(note.text().split("\n", -1));
        if (lines.size() != LINES || !lines.get(0).equals(FIRST_LINE)) {
            throw new NoteException("not a statement about a next key");
        }
        KeySuccession succession = new KeySuccession(
                NoteKey.parse(lines.get(1)).ofHost(),
                NoteKey.parse(lines.get(2)).ofHost());
        if (!succession.from.name().equals(succession.to.name()) || !note.signedBy(succession.from)) {
            throw new NoteException("the earlier key has not signed the statement about the next key");
        }
        return succession;
    }
}
