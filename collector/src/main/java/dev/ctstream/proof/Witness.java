package dev.ctstream.proof;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.ctstream.record.ControlKind;
import dev.ctstream.record.RawRecord;
import dev.ctstream.record.RunIdentity;
import dev.ctstream.record.proof.Checkpoint;
import dev.ctstream.record.proof.CompactRange;
import dev.ctstream.record.proof.Cosignature;
import dev.ctstream.record.proof.Hash;
import dev.ctstream.record.proof.KeySuccession;
import dev.ctstream.record.proof.LeafGatherer;
import dev.ctstream.record.proof.LogOrigin;
import dev.ctstream.record.proof.NoteException;
import dev.ctstream.record.proof.NoteSigner;
import dev.ctstream.record.proof.SignedNote;
import dev.ctstream.record.proof.TreeWindow;
import dev.ctstream.record.proof.TrustedKeys;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Follows the control topic of a fleet: checks that each checkpoint continues the last one of its log that was seen, cosigns
 * it, and keeps the newest of each log. Says when a log goes back, forks or falls silent.
 *
 * <p>Cost: a signature is checked for each checkpoint, and made for each log in {@link #file}; both take some hundred
 * microseconds. What was read before is passed over.
 *
 * <p>Bounds: hosts are those of the public keys and of the file, at most {@value #MOST_HOSTS}; nothing in a topic adds one. At
 * most {@value CheckpointsFile#MOST_NOTES} checkpoints are kept, of each host those of the same number of runs, the newest:
 * {@value #MOST_RUNS}, fewer with many hosts. Below 1 KB each.
 *
 * <p>Threads: confined to one. Times are ms since 1970-01-01 UTC.
 */
public final class Witness {
    /** Most hosts: of each, two runs can be kept. */
    public static final int MOST_HOSTS = CheckpointsFile.MOST_NOTES / 2;

    private static final int MOST_RUNS = 16;

    /** Length of the line of a cosignature without the name: a dash, two spaces, Base64 of 76 bytes, a line feed. */
    private static final int COSIGNATURE_BYTES = 3 + 2 + 104 + 1;

    /** Hosts without a public key that are named; whoever may write to the topic can make up any number. */
    private static final int MOST_STRANGERS = 100;

    /** Most hosts whose STARTED waits for KEY. */
    private static final int MOST_WAITING = 64;

    /** For so long it waits, by the time in it; both are appended at once. */
    private static final long WAIT_MILLIS = TimeUnit.MINUTES.toMillis(1);

    private static final Comparator<RunIdentity> BEGIN =
            Comparator.comparingLong(RunIdentity::streamEpoch).thenComparing(RunIdentity::bootId);

    private final TrustedKeys keys;
    private final NoteSigner signer;
    private final Consumer<String> sentences;
    private final Map<String, Host> hosts = new LinkedHashMap<>(); // by host_id
    private final Map<String, RawRecord> waiting =
            new LinkedHashMap<>(); // by host_id: signed by a key that is not trusted yet
    private final Set<String> strangers = new HashSet<>();
    private final Map<Alarm, Long> alarms = new EnumMap<>(Alarm.class);
    private final int cosignatureBytes;
    private final int mostRuns;
    private boolean changed;

    /** What can be wrong. */
    public enum Alarm {
        /** There is no public key of the host. */
        NO_KEY("no public key"),
        /** A checkpoint or a KEY record is damaged, or no trusted key has signed it. */
        NOT_GOOD("not good"),
        /** A checkpoint of one log is in a record of another one. */
        OTHER_LOG("of another log"),
        /** Checkpoints between the last one and this one are missing. */
        MISSING("others are missing before"),
        /** A checkpoint does not continue the last one. */
        FORK("fork"),
        /** The log ends before the last checkpoint. */
        BACK("goes back"),
        /** The host has signed nothing for too long. */
        SILENT("silent");

        private final String words;

        Alarm(String words) {
            this.words = words;
        }
    }

    /** About what sentences are said, each once. */
    private static class Subject {
        private Set<Alarm> said = Set.of(); // of most of them nothing

        boolean first(Alarm alarm) {
            if (said.contains(alarm)) {
                return false;
            }
            said = said.isEmpty() ? EnumSet.of(alarm) : said; // what Set.of() returns cannot be changed
            said.add(alarm);
            return true;
        }

        boolean hasSaid(Alarm alarm) {
            return said.contains(alarm);
        }

        void over(Alarm alarm) {
            if (said.contains(alarm)) {
                said.remove(alarm);
            }
        }
    }

    private static final class Host extends Subject {
        final boolean hasKey;
        final TreeMap<RunIdentity, Log> logs = new TreeMap<>(BEGIN);
        long seenMillis;

        @Nullable
        RunIdentity stopped;

        Host(boolean hasKey) {
            this.hasKey = hasKey;
        }
    }

    /** The newest checkpoint of a log. */
    private static final class Log extends Subject {
        long size;
        Hash root = Hash.EMPTY_ROOT;

        @Nullable
        SignedNote pending; // not cosigned yet

        byte[] note = {}; // cosigned, as in the file

        boolean isAt(Checkpoint checkpoint) {
            return size == checkpoint.size() && root.equals(checkpoint.root());
        }

        void set(Checkpoint checkpoint) {
            size = checkpoint.size();
            root = checkpoint.root();
        }
    }

    /**
     * Knows what was kept.
     *
     * @param keys of the hosts; gets the ones that follow them
     * @param signer of type {@link dev.ctstream.record.proof.NoteKey#COSIGNATURE}
     * @param kept the checkpoints of the file; of a host without a public key they stay in it
     * @param sentences gets a sentence for each thing that is wrong, once for each log or host
     * @throws NoteException when this witness has not cosigned one of them, or there are more than {@value #MOST_HOSTS} hosts
     */
    public Witness(TrustedKeys keys, NoteSigner signer, List<SignedNote> kept, Consumer<String> sentences)
            throws NoteException {
        this.keys = keys;
        this.signer = signer;
        this.sentences = sentences;
        cosignatureBytes = signer.key().name().getBytes(UTF_8).length + COSIGNATURE_BYTES;
        for (String name : keys.names()) {
            String id = LogOrigin.hostId(name);
            if (id != null) {
                hosts.put(id, new Host(true));
            }
        }
        for (SignedNote note : kept) {
            keep(note);
        }
        if (hosts.size() > MOST_HOSTS) {
            throw new NoteException("there are " + hosts.size() + " hosts, more than " + MOST_HOSTS
                    + ": divide them between witnesses, with a file of public keys for each");
        }
        mostRuns = Math.min(MOST_RUNS, CheckpointsFile.MOST_NOTES / Math.max(1, hosts.size()));
        hosts.forEach(this::forget);
    }

    private void keep(SignedNote note) throws NoteException {
        Checkpoint checkpoint = Checkpoint.parse(note.text());
        RunIdentity run = LogOrigin.run(checkpoint.origin());
        OptionalLong seconds = Cosignature.time(note, signer.key());
        if (run == null || seconds.isEmpty()) {
            throw new NoteException("the checkpoint of " + checkpoint.origin() + " in it was not cosigned by "
                    + signer.key().name() + ": give the key of the witness that wrote the file, or another file");
        }
        Host host = hosts.computeIfAbsent(run.hostId(), added -> new Host(false));
        host.seenMillis = Math.max(host.seenMillis, TimeUnit.SECONDS.toMillis(seconds.getAsLong()));
        Log log = host.logs.computeIfAbsent(run, added -> new Log());
        if (checkpoint.size() >= log.size) {
            log.set(checkpoint);
            log.note = bytes(note);
        }
    }

    /**
     * Takes a record of the control topic.
     *
     * @param nowMillis when it is taken
     */
    public void record(RawRecord record, long nowMillis) {
        RunIdentity run = LeafGatherer.run(record);
        if (run == null) {
            return;
        }
        String kind = record.text("kind");
        boolean own = kind.equals(ControlKind.CHECKPOINT.name());
        boolean key = kind.equals(ControlKind.KEY.name());
        boolean signed = own || key || !record.text(CheckpointWindow.PRECEDING).isEmpty();
        Host host = hosts.get(run.hostId());
        if (host == null) {
            if (signed) {
                stranger(run.hostId());
            }
        } else if (!host.hasKey) {
            if (signed
                    && !key
                    && !wasRead(host, run, record, own)) { // else it was removed, and its records are still there
                stranger(run.hostId());
            }
        } else if (key) {
            follow(host, run, record, nowMillis);
        } else if (signed) {
            checkpoint(host, run, record, own, true, nowMillis);
        } else if (kind.equals(ControlKind.STOPPED.name())
                && !record.text("reason").equals(ProofAudit.OF_NAMESPACE)) {
            host.stopped = run;
        }
    }

    private void stranger(String host) {
        boolean named = strangers.size() < MOST_STRANGERS && strangers.add(host);
        alarm(
                Alarm.NO_KEY,
                named,
                () -> "host " + host + ": its checkpoints are not checked: there is no public key of it; add what"
                        + " ctstream proof key show prints there to the file of --key"
                        + (strangers.size() < MOST_STRANGERS ? "" : ". More such hosts are not named"));
    }

    private void follow(Host host, RunIdentity run, RawRecord record, long nowMillis) {
        try {
            keys.follow(KeySuccession.parse(SignedNote.parse(record.text("next_key_signature"))));
            RawRecord started = waiting.remove(run.hostId());
            if (started != null) {
                checkpoint(host, run, started, false, true, nowMillis);
            }
        } catch (NoteException e) {
            alarm(
                    Alarm.NOT_GOOD,
                    host.first(Alarm.NOT_GOOD),
                    () -> "host " + run.hostId() + ": a KEY record is damaged: " + e.getMessage());
        }
    }

    /**
     * Takes a CHECKPOINT, or the STARTED of the next run.
     *
     * @param wait whether a KEY that comes later may tell of its key: it follows STARTED
     */
    private void checkpoint(Host host, RunIdentity run, RawRecord record, boolean own, boolean wait, long nowMillis) {
        if (own && wasRead(host, run, record, true)) {
            return; // nothing of it is checked, so that a start over the whole topic is quick
        }
        CheckpointWindow read;
        SignedNote note;
        try {
            read = CheckpointWindow.of(record, own ? CheckpointWindow.OWN : CheckpointWindow.PRECEDING);
            note = read.note().only(keys.signer(read.note()));
        } catch (NoteException e) {
            if (!own && wait && waiting.size() < MOST_WAITING && !waiting.containsKey(run.hostId())) {
                waiting.put(run.hostId(), record);
                return;
            }
            alarm(
                    Alarm.NOT_GOOD,
                    host.first(Alarm.NOT_GOOD),
                    () -> "host " + run.hostId() + ": a checkpoint is not good: " + e.getMessage()
                            + "; if its key was replaced, add what ctstream proof key show prints there to the file of"
                            + " --key");
            return;
        }
        RunIdentity named = LogOrigin.run(read.signed().origin());
        if (named == null || (own ? !named.equals(run) : !named.hostId().equals(run.hostId()))) {
            alarm(
                    Alarm.OTHER_LOG,
                    host.first(Alarm.OTHER_LOG),
                    () -> "host " + run.hostId() + ": in a record of it is a checkpoint of another log, "
                            + read.signed().origin() + ": the record was changed, or taken from elsewhere");
            return;
        }
        if (own) {
            long millis = record.number("time").orElse(0L);
            host.seenMillis = Math.max(host.seenMillis, Math.min(millis, nowMillis));
        }
        Log last = host.logs.get(named);
        if (last == null ? !isTooOld(host, named) : continues(last, read, own)) {
            take(host, named, read.signed(), note);
        }
    }

    /** Whether a checkpoint is not newer than what is kept of its log. */
    private boolean wasRead(Host host, RunIdentity run, RawRecord record, boolean own) {
        try {
            String note = record.text(own ? CheckpointWindow.OWN : CheckpointWindow.PRECEDING);
            Checkpoint checkpoint = Checkpoint.parse(SignedNote.parse(note).text());
            RunIdentity named = LogOrigin.run(checkpoint.origin());
            if (named == null || (own ? !named.equals(run) : !named.hostId().equals(run.hostId()))) {
                return false;
            }
            Log last = host.logs.get(named);
            return last == null ? isTooOld(host, named) : checkpoint.size() < last.size || last.isAt(checkpoint);
        } catch (NoteException e) {
            return false;
        }
    }

    /** Whether the newer runs of the host are as many as are kept. */
    private boolean isTooOld(Host host, RunIdentity run) {
        return host.logs.size() >= mostRuns && BEGIN.compare(run, host.logs.firstKey()) < 0;
    }

    /** Whether a checkpoint is newer than the last one of its log, and continues it. */
    private boolean continues(Log last, CheckpointWindow read, boolean own) {
        Checkpoint now = read.signed();
        TreeWindow window = read.window();
        String origin = now.origin();
        if (last.size > now.size()) {
            if (!own) { // else it came again, perhaps altered
                alarm(
                        Alarm.BACK,
                        last.first(Alarm.BACK),
                        () -> origin + ": the log goes back: a checkpoint of size " + last.size
                                + " is kept, and the next run says that it ended at " + now.size()
                                + ": the host's disk was set back, or somebody cut off the end");
            }
            return false;
        }
        if (last.size < window.start() && last.hasSaid(Alarm.FORK)) {
            alarm(Alarm.FORK, false, () -> origin); // the fork goes on
            return false;
        }
        if (last.size < window.start()) {
            alarm(
                    Alarm.MISSING,
                    last.first(Alarm.MISSING),
                    () -> origin + ": checkpoints between the sizes " + last.size + " and " + window.start()
                            + " are missing, so that nobody can tell whether the log was only continued. If the witness was"
                            + " away for longer than the topic keeps records: stop it, take the checkpoint of this log out of"
                            + " its file, from the line with the name to the second empty line, and start it again");
            return false;
        }
        CompactRange tree = window.before().copy();
        tree.append(window.leaves().subList(0, Math.toIntExact(last.size - window.start())));
        if (!tree.root().equals(last.root)) {
            alarm(
                    Alarm.FORK,
                    last.first(Alarm.FORK),
                    () -> origin + ": the log forks: its checkpoint of size " + now.size()
                            + " does not continue the one of size " + last.size
                            + " that is kept: two hosts sign with one key, or somebody who has the key altered the log;"
                            + " ctstream verify --checkpoints names the record");
            return false;
        }
        return last.size < now.size();
    }

    private void take(Host host, RunIdentity run, Checkpoint checkpoint, SignedNote note) {
        if (bytes(note).length + cosignatureBytes > CheckpointsFile.MOST_NOTE_BYTES) {
            alarm(
                    Alarm.NOT_GOOD,
                    host.first(Alarm.NOT_GOOD),
                    () -> "host " + run.hostId() + ": a checkpoint with its cosignature is longer than "
                            + CheckpointsFile.MOST_NOTE_BYTES
                            + " bytes and cannot be kept: give the host a shorter host.id");
            return;
        }
        Log log = host.logs.computeIfAbsent(run, added -> new Log());
        log.set(checkpoint);
        log.pending = note;
        changed = true;
        forget(run.hostId(), host);
    }

    private static byte[] bytes(SignedNote note) {
        return note.format().getBytes(UTF_8);
    }

    /** What is known of them then stands in a sentence: to make a witness forget is as good as to alter its file. */
    private void forget(String id, Host host) {
        while (host.logs.size() > mostRuns) {
            Map.Entry<RunIdentity, Log> oldest = host.logs.pollFirstEntry();
            sentences.accept("host " + id + ": the checkpoint of " + LogOrigin.of(oldest.getKey()) + ", of size "
                    + oldest.getValue().size + " and root "
                    + oldest.getValue().root.base64()
                    + ", is no longer kept: it is that of the oldest of more than " + mostRuns + " runs");
            changed = true;
        }
    }

    /**
     * Says which hosts have signed nothing for too long, each once until it signs again; and whose STARTED no KEY follows. Only
     * after everything was taken that the topic had at that time.
     *
     * @param mostMillis a collector signs at least every five minutes
     */
    public void lookForSilence(long nowMillis, long mostMillis) {
        for (RawRecord started : List.copyOf(waiting.values())) {
            if (nowMillis - started.number("time").orElse(0L) > WAIT_MILLIS) {
                String id = started.text("host_id");
                waiting.remove(id);
                checkpoint(
                        Objects.requireNonNull(hosts.get(id)),
                        Objects.requireNonNull(LeafGatherer.run(started)),
                        started,
                        false,
                        false,
                        nowMillis);
            }
        }
        hosts.forEach((id, host) -> {
            if (!host.hasKey) {
                return;
            }
            if (nowMillis - host.seenMillis <= mostMillis) {
                host.over(Alarm.SILENT);
            } else if (host.first(Alarm.SILENT)) {
                alarm(Alarm.SILENT, true, () -> silent(id, host, nowMillis));
            }
        });
    }

    private static String silent(String id, Host host, long nowMillis) {
        String remedy = ". If it was removed for good, take its public key out of the file of --key";
        if (host.logs.isEmpty()) {
            return "host " + id + ": no checkpoint of it was ever seen" + remedy;
        }
        return "host " + id + ": it has signed nothing for "
                + TimeUnit.MILLISECONDS.toSeconds(nowMillis - host.seenMillis) + " s"
                + (host.logs.lastKey().equals(host.stopped) ? ", since it stopped (STOPPED)" : "") + remedy;
    }

    /** A sentence, made when it is said. */
    private interface Sentence {
        String text();
    }

    private void alarm(Alarm alarm, boolean first, Sentence sentence) {
        alarms.merge(alarm, 1L, Long::sum);
        if (first) {
            sentences.accept(sentence.text());
        }
    }

    /** How often something was wrong, also where it was not said again. */
    public long alarms(Alarm alarm) {
        return alarms.getOrDefault(alarm, 0L);
    }

    /** How often which things were wrong, in words; empty when nothing was. */
    public String wrong() {
        return alarms.entrySet().stream()
                .map(alarm -> alarm.getKey().words + " " + alarm.getValue())
                .collect(Collectors.joining(", "));
    }

    /** Number of logs of which a checkpoint is kept. */
    public int logs() {
        return hosts.values().stream().mapToInt(host -> host.logs.size()).sum();
    }

    /** Number of hosts of which a checkpoint is kept. */
    public long hosts() {
        return hosts.values().stream().filter(host -> !host.logs.isEmpty()).count();
    }

    /** Whether there is more to keep than at the last call. */
    public boolean takeChanged() {
        boolean was = changed;
        changed = false;
        return was;
    }

    /**
     * Cosigns what is new, and returns the newest checkpoint of each log: what {@link CheckpointsFile#parse} reads.
     *
     * @param nowMillis goes into the cosignatures
     */
    public byte[] file(long nowMillis) {
        List<byte[]> notes = new ArrayList<>();
        for (Host host : hosts.values()) {
            for (Log log : host.logs.values()) {
                SignedNote pending = log.pending;
                if (pending != null) {
                    log.note = bytes(Cosignature.add(pending, signer, TimeUnit.MILLISECONDS.toSeconds(nowMillis)));
                    log.pending = null;
                }
                notes.add(log.note);
            }
        }
        return CheckpointsFile.format(notes);
    }
}
