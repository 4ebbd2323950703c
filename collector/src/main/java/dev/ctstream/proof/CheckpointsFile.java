package dev.ctstream.proof;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.ctstream.record.proof.NoteException;
import dev.ctstream.record.proof.SignedNote;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/**
 * Signed checkpoints in one file, with an empty line after each: what a witness keeps, and what {@code verify
 * --checkpoints} reads.
 */
public final class CheckpointsFile {
    /** Most checkpoints of a file. */
    public static final int MOST_NOTES = 50_000;

    /** Longest checkpoint that a witness puts into a file. */
    public static final int MOST_NOTE_BYTES = 2048;

    /** Longest file: what a witness may write. */
    public static final int MOST_BYTES = MOST_NOTES * (MOST_NOTE_BYTES + 1);

    private CheckpointsFile() {}

    /**
     * Reads a file; says nothing about its signatures.
     *
     * @throws NoteException when it has another form, or more than {@value #MOST_NOTES} checkpoints
     */
    public static List<SignedNote> parse(byte[] file) throws NoteException {
        List<SignedNote> notes = new ArrayList<>();
        int at = skipEmptyLines(file, 0);
        while (at < file.length) {
            int text = endOfLines(file, at);
            int signatures = skipEmptyLines(file, text);
            int end = endOfLines(file, signatures);
            if (signatures == file.length) {
                throw new NoteException("its last checkpoint has no signature");
            }
            if (end - at > SignedNote.MOST_CHARS || notes.size() == MOST_NOTES) {
                throw new NoteException("it has more than " + MOST_NOTES + " checkpoints, or one that is too long");
            }
            notes.add(SignedNote.parse(new String(file, at, text - at, UTF_8) + "\n\n"
                    + new String(file, signatures, end - signatures, UTF_8) + "\n"));
            at = skipEmptyLines(file, end);
        }
        return notes;
    }

    /** Where lines end: before an empty line, or the end of the file. */
    private static int endOfLines(byte[] file, int from) {
        int at = from;
        while (at < file.length && !(file[at] == '\n' && (at + 1 == file.length || file[at + 1] == '\n'))) {
            at++;
        }
        return at;
    }

    private static int skipEmptyLines(byte[] file, int from) {
        int at = from;
        while (at < file.length && file[at] == '\n') {
            at++;
        }
        return at;
    }

    /**
     * Makes a file.
     *
     * @param notes as {@link SignedNote#format} has them, in UTF-8
     */
    public static byte[] format(Collection<byte[]> notes) {
        byte[] file = new byte[notes.stream().mapToInt(note -> note.length + 1).sum()];
        int at = 0;
        for (byte[] note : notes) {
            System.arraycopy(note, 0, file, at, note.length);
            file[at + note.length] = '\n';
            at += note.length + 1;
        }
        return file;
    }
}
