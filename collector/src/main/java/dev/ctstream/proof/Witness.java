package dev.ctstream.proof;

import dev.ctstream.record.ControlKind;
import dev.ctstream.record.RawRecord;
import dev.ctstream.record.RunIdentity;
import dev.ctstream.record.proof.Checkpoint;
import dev.ctstream.record.proof.CompactRange;
import dev.ctstream.record.proof.Cosignature;
import dev.ctstream.record.proof.KeySuccession;
import dev.ctstream.record.proof.LeafGatherer;
import dev.ctstream.record.proof.LogOrigin;
import dev.ctstream.record.proof.NoteException;
import dev.ctstream.record.proof.NoteSigner;
import dev.ctstream.record.proof.SignedNote;
import dev.ctstream.record.proof.TreeWindow;
import dev.ctstream.record.proof.TrustedKeys;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Follows the control topic of a fleet: checks that each checkpoint continues the last one of its log that was seen, cosigns
 * it, and keeps the newest of each log. Says when a log goes back, forks or falls silent.
 *
 * <p>Bounds: {@value #MOST_LOGS} logs, about 1 KB each; beyond that the one that has been quiet for the longest is forgotten.
 *
 * <p>Threads: confined to one.
 */
public final class Witness {
    /** Most logs that are kept: some runs of each of 10 000 hosts. */
    public static final int MOST_LOGS = 50_000;

    private final TrustedKeys keys;
    private final NoteSigner signer;
    private final Consumer<String> alarm;
    private final LinkedHashMap<String, SignedNote> newest = new LinkedHashMap<>(16, 0.75f, true);
    private final Map<String, Host> hosts = new HashMap<>();
    private long alarms;
    private boolean changed;

    /** When a host was heard of last. */
    private static final class Host {
        long seenMillis;
        boolean stopped;
        boolean silent;
    }

    /**
     * Knows what was kept.
     *
     * @param signer of type {@link dev.ctstream.record.proof.NoteKey#COSIGNATURE}
     * @param kept the newest checkpoint of each log
     * @param alarm gets a sentence for each thing that is wrong
     * @throws NoteException when this witness has not cosigned one of them
     */
    public Witness(TrustedKeys keys, NoteSigner signer, Collection<SignedNote> kept, Consumer<String> alarm)
            throws NoteException {
        this.keys = keys;
        this.signer = signer;
        this.alarm = alarm;
        for (SignedNote note : kept) {
            if (Cosignature.time(note, signer.key()).isEmpty()) {
                throw new NoteException(
                        "a checkpoint in it was not cosigned by " + signer.key().name());
            }
            newest.put(Checkpoint.parse(note.text()).origin(), note);
        }
    }

    /**
     * Takes a record of the control topic.
     *
     * @param nowMillis ms since 1970-01-01 UTC
     */
    public void record(RawRecord record, long nowMillis) {
        RunIdentity run = LeafGatherer.run(record);
        if (run == null) {
            return;
        }
        String kind = record.text("kind");
        if (kind.equals(ControlKind.KEY.name())) {
            follow(record);
        } else if (kind.equals(ControlKind.CHECKPOINT.name())) {
            checkpoint(record, CheckpointWindow.OWN, run, nowMillis);
        } else if (!record.text(CheckpointWindow.PRECEDING).isEmpty()) {
            checkpoint(record, CheckpointWindow.PRECEDING, run, nowMillis);
        } else if (kind.equals(ControlKind.STOPPED.name())) {
            Host host = hosts.get(run.hostId());
            if (host != null) {
                host.stopped = true; // of one of its namespaces, perhaps: the next checkpoint tells
            }
        }
    }

    private void follow(RawRecord record) {
        try {
            keys.follow(KeySuccession.parse(SignedNote.parse(record.text("next_key_signature"))));
        } catch (NoteException e) {
            say("a KEY record is damaged: " + e.getMessage());
        }
    }

    private void checkpoint(RawRecord record, String field, RunIdentity run, long nowMillis) {
        CheckpointWindow read;
        try {
            read = CheckpointWindow.of(record, field);
            keys.verified(read.note());
        } catch (NoteException e) {
            say("host " + run.hostId() + ": a checkpoint is not good: " + e.getMessage());
            return;
        }
        Host host = hosts.computeIfAbsent(run.hostId(), added -> new Host());
        boolean own = field.equals(CheckpointWindow.OWN);
        if (own) {
            host.seenMillis = Math.max(host.seenMillis, record.number("time").orElse(0L));
            host.silent = false;
        }
        RunIdentity named = LogOrigin.run(read.signed().origin());
        if (named == null || (own ? !named.equals(run) : !named.hostId().equals(run.hostId()))) {
            say("host " + run.hostId() + ": a checkpoint of another log, "
                    + read.signed().origin());
            return;
        }
        continues(read, own, nowMillis);
    }

    private void continues(CheckpointWindow read, boolean own, long nowMillis) {
        Checkpoint now = read.signed();
        Checkpoint last = last(now.origin());
        TreeWindow window = read.window();
        if (last != null && last.size() > now.size()) {
            if (!own) {
                say(now.origin() + ": the log goes back, from size " + last.size() + " to " + now.size());
            }
            return; // else it was read again
        }
        if (last != null && last.size() < window.start()) {
            say(now.origin() + ": checkpoints between the sizes " + last.size() + " and " + window.start()
                    + " are missing: it cannot be told whether the log was only continued");
            return;
        }
        if (last != null) {
            CompactRange tree = window.before().copy();
            tree.append(window.leaves().subList(0, Math.toIntExact(last.size() - window.start())));
            if (!tree.root().equals(last.root())) {
                say(now.origin() + ": the log forks: its checkpoint of size " + now.size()
                        + " does not continue the one of size " + last.size());
                return;
            }
            if (last.size() == now.size()) {
                return;
            }
        }
        newest.put(now.origin(), Cosignature.add(read.note(), signer, TimeUnit.MILLISECONDS.toSeconds(nowMillis)));
        changed = true;
        if (newest.size() > MOST_LOGS) {
            Iterator<String> quietest = newest.keySet().iterator();
            quietest.next();
            quietest.remove();
        }
    }

    private @Nullable Checkpoint last(String origin) {
        SignedNote note = newest.get(origin);
        try {
            return note == null ? null : Checkpoint.parse(note.text());
        } catch (NoteException e) {
            throw new IllegalStateException("a checkpoint that was kept", e);
        }
    }

    /**
     * Says which hosts have signed nothing for too long.
     *
     * @param mostMillis a collector signs at least every five minutes
     */
    public void lookForSilence(long nowMillis, long mostMillis) {
        hosts.forEach((id, host) -> {
            if (!host.silent && nowMillis - host.seenMillis > mostMillis) {
                host.silent = true;
                say("host " + id + ": it has signed nothing for "
                        + TimeUnit.MILLISECONDS.toSeconds(nowMillis - host.seenMillis) + " s"
                        + (host.stopped ? "; a STOPPED of it was seen" : ""));
            }
        });
    }

    private void say(String text) {
        alarms++;
        alarm.accept(text);
    }

    /** Sentences that were said. */
    public long alarms() {
        return alarms;
    }

    /** Hosts of which a checkpoint was seen. */
    public int hosts() {
        return hosts.size();
    }

    /** Whether there is more to keep than at the last call. */
    public boolean takeChanged() {
        boolean was = changed;
        changed = false;
        return was;
    }

    /** The newest checkpoint of each log, cosigned. */
    public List<SignedNote> newest() {
        return new ArrayList<>(newest.values());
    }
}
