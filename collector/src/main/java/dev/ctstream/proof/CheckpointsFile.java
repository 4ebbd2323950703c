package dev.ctstream.proof;

import dev.ctstream.record.proof.NoteException;
import dev.ctstream.record.proof.SignedNote;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/** Signed checkpoints in one text, with an empty line after each: what a witness keeps. */
public final class CheckpointsFile {
    private CheckpointsFile() {}

    /** Reads the checkpoints; says nothing about their signatures. */
    public static List<SignedNote> parse(String text) throws NoteException {
        List<SignedNote> notes = new ArrayList<>();
        String[] parts = text.strip().split("\n\n", -1);
        for (int i = 0; i < parts.length && !text.isBlank(); i += 2) {
            if (i + 1 == parts.length) {
                throw new NoteException("its last checkpoint has no signature");
            }
            notes.add(SignedNote.parse(parts[i].stripLeading() + "\n\n" + parts[i + 1].stripTrailing() + "\n"));
        }
        return notes;
    }

    /** Writes them. */
    public static String format(Collection<SignedNote> notes) {
        StringBuilder text = new StringBuilder();
        notes.forEach(note -> text.append(note.format()).append('\n'));
        return text.toString();
    }
}
