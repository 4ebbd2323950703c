package dev.ctstream.record.proof;

import dev.ctstream.record.RunIdentity;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Public keys that somebody trusts, by their names; and the keys to which these have handed over.
 *
 * <p>Bounds: {@value #MOST_FOLLOWED} keys of a name are followed, whatever its holder signs.
 *
 * <p>Threads: confined to one.
 */
public final class TrustedKeys {
    /** Most keys of a name, as far as they follow others. */
    public static final int MOST_FOLLOWED = 64;

    private final Map<String, List<NoteKey>> keys = new HashMap<>();

    /**
     * Reads public keys, one a line; empty lines and lines that begin with # are skipped.
     *
     * @throws NoteException when a line is none, or there is none
     */
    public static TrustedKeys parse(String text) throws NoteException {
        TrustedKeys trusted = new TrustedKeys();
        int number = 0;
        for (String line : text.split("\n", -1)) {
            number++;
            if (!line.isBlank() && !line.startsWith("#")) {
                try {
                    trusted.add(NoteKey.parse(line).ofHost());
                } catch (NoteException e) {
                    throw new NoteException("line " + number + ": " + e.getMessage(), e);
                }
            }
        }
        if (trusted.keys.isEmpty()) {
            throw new NoteException("there is no public key in it: NAME+ID+BASE64, one a line");
        }
        return trusted;
    }

    /** Trusts one more key. */
    public void add(NoteKey key) {
        List<NoteKey> named = keys.computeIfAbsent(key.name(), name -> new ArrayList<>());
        if (!named.contains(key)) {
            named.add(key);
        }
    }

    /** Trusts the next key if the one before it is trusted, and the name has not too many; returns whether it does. */
    public boolean follow(KeySuccession succession) {
        List<NoteKey> named = of(succession.from().name());
        boolean trusted =
                named.contains(succession.from()) && (named.size() < MOST_FOLLOWED || named.contains(succession.to()));
        if (trusted) {
            add(succession.to());
        }
        return trusted;
    }

    /** The keys of a name. */
    public List<NoteKey> of(String name) {
        return List.copyOf(keys.getOrDefault(name, List.of()));
    }

    /** The names that have keys. */
    public Set<String> names() {
        return Set.copyOf(keys.keySet());
    }

    /**
     * The checkpoint in a note, if a trusted key of its host has signed it.
     *
     * @throws NoteException when none has, or the note is no checkpoint of a host; the message says which
     */
    public Checkpoint verified(SignedNote note) throws NoteException {
        signer(note);
        return Checkpoint.parse(note.text());
    }

    /**
     * The trusted key of its host that has signed a checkpoint.
     *
     * @throws NoteException as {@link #verified}
     */
    public NoteKey signer(SignedNote note) throws NoteException {
        Checkpoint checkpoint = Checkpoint.parse(note.text());
        RunIdentity run = LogOrigin.run(checkpoint.origin());
        if (run == null) {
            throw new NoteException("'" + checkpoint.origin() + "' is not a log of ctstream");
        }
        String name = LogOrigin.keyName(run.hostId());
        List<NoteKey> named = of(name);
        if (named.isEmpty()) {
            throw new NoteException("there is no public key of " + name);
        }
        for (NoteKey key : named) {
            if (note.signedBy(key)) {
                return key;
            }
        }
        throw new NoteException("no key of " + name + " that is trusted has signed it");
    }
}
