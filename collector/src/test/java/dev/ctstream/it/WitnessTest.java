package dev.ctstream.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ctstream.it.ProvenTopics.Fate;
import dev.ctstream.it.ProvenTopics.Lane;
import dev.ctstream.proof.CheckpointsFile;
import dev.ctstream.proof.Witness;
import dev.ctstream.proof.Witness.Alarm;
import dev.ctstream.record.EventRecords;
import dev.ctstream.record.RawRecordReader;
import dev.ctstream.record.proof.Checkpoint;
import dev.ctstream.record.proof.Cosignature;
import dev.ctstream.record.proof.Hash;
import dev.ctstream.record.proof.LogOrigin;
import dev.ctstream.record.proof.NoteException;
import dev.ctstream.record.proof.NoteKey;
import dev.ctstream.record.proof.NoteSigner;
import dev.ctstream.record.proof.SignedNote;
import dev.ctstream.record.proof.TrustedKeys;
import dev.ctstream.spool.KeptFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.apache.avro.generic.GenericRecord;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What a witness of {@code conntrack.control} keeps and says.
 *
 * <p>{@code -Dwitness.hosts=10000} lets each of so many hosts sign.
 */
class WitnessTest {
    private static final int SIGNING = Integer.getInteger("witness.hosts", 100);
    private static final int HOSTS = 10_000;
    private static final long NOW = 1_900_000_000_000L;
    private static final long SILENT = 600_000;

    @TempDir
    private Path folder;

    private final List<String> said = new ArrayList<>();
    private final RawRecordReader reader = new RawRecordReader();
    private NoteSigner signer;
    private NoteSigner host;

    @BeforeEach
    void makeKeys() throws Exception {
        signer = NoteSigner.generate("witness.example/w", NoteKey.COSIGNATURE);
        host = SignedRun.key("a");
    }

    private Witness witness(String keys, List<SignedNote> kept) throws NoteException {
        return new Witness(TrustedKeys.parse(keys), signer, kept, said::add);
    }

    private void take(Witness witness, byte[]... records) throws Exception {
        for (byte[] value : records) {
            witness.record(reader.read(value, OptionalLong.empty()), NOW);
        }
    }

    private static List<byte[]> control(ProvenTopics topics) {
        return Objects.requireNonNull(topics.records().get(new Lane(true, 0)));
    }

    private static List<SignedNote> kept(Witness witness) throws NoteException {
        return CheckpointsFile.parse(witness.file(NOW));
    }

    private static Map<String, Long> sizes(Witness witness) throws NoteException {
        Map<String, Long> sizes = new TreeMap<>();
        for (SignedNote note : kept(witness)) {
            Checkpoint checkpoint = Checkpoint.parse(note.text());
            sizes.put(checkpoint.origin(), checkpoint.size());
        }
        return sizes;
    }

    @Test
    void consistentCheckpointsAreCosignedAndForksAreSaid() throws Exception {
        ProvenTopics topics = new ProvenTopics(folder);
        SplittableRandom random = new SplittableRandom(9);
        topics.run(Fate.STOPS, random);
        ProvenTopics fork = topics.fork(folder.resolve("fork"));
        topics.run(Fate.CRASHES, random);
        topics.run(Fate.STOPS, random);
        fork.run(Fate.STOPS, new SplittableRandom(10));
        Witness witness = witness(topics.publicKey(), List.of());
        take(witness, control(topics).toArray(new byte[0][]));
        assertThat(said).isEmpty();
        assertThat(kept(witness)).hasSize(3);
        for (SignedNote note : kept(witness)) {
            assertThat(Cosignature.time(note, signer.key())).hasValue(NOW / 1000);
        }

        // It begins again with its file, reads the topic again, and then the fork of the second run.
        Witness again = witness(topics.publicKey(), kept(witness));
        assertThat(again.file(NOW)).isEqualTo(witness.file(NOW));
        take(again, control(topics).toArray(new byte[0][]));
        assertThat(said).isEmpty();
        assertThat(again.takeChanged()).isFalse();
        take(again, control(fork).toArray(new byte[0][]));
        assertThat(said).hasSize(1).allMatch(text -> text.contains("the log forks"));
        assertThat(again.file(NOW)).isEqualTo(witness.file(NOW));
    }

    @Test
    void whatIsWrongIsSaidOnceForEachLogWithTheRemedyAndCounted() throws Exception {
        SignedRun forked = SignedRun.begin("a", 1, host).append(5, "x");
        SignedRun back = SignedRun.begin("a", 2, host).append(5, "x");
        SignedRun missing = SignedRun.begin("a", 3, host).append(5, "x");
        byte[] ended = back.startedAfter(NOW);
        back.append(1, "x");
        Witness witness = witness(host.key().toString(), List.of());
        take(witness, forked.checkpoint(NOW), back.checkpoint(NOW), missing.checkpoint(NOW));
        assertThat(said).isEmpty();
        byte[] good = witness.file(NOW);

        SignedRun other = SignedRun.begin("a", 1, host).append(6, "y");
        for (int i = 0; i < 3; i++) {
            take(witness, other.checkpoint(NOW), ended);
            other.append(1, "y");
            missing.append(2, "x").checkpoint(NOW);
            take(witness, missing.append(2, "x").checkpoint(NOW));
        }
        assertThat(said).hasSize(3);
        assertThat(said.get(0)).startsWith(forked.origin() + ": the log forks: its checkpoint of size 6 does not");
        assertThat(said.get(1)).startsWith(back.origin() + ": the log goes back: a checkpoint of size 6 is kept");
        assertThat(said.get(2)).startsWith(missing.origin() + ": checkpoints between the sizes 5 and 7 are missing");
        assertThat(witness.wrong()).isEqualTo("others are missing before 3, fork 3, goes back 3");
        assertThat(witness.file(NOW)).isEqualTo(good);

        // The remedy: without its note the log is taken as it is.
        String text = new String(good, StandardCharsets.UTF_8);
        int from = text.indexOf(missing.origin());
        int to = text.indexOf("\n\n", text.indexOf("\n\n", from) + 2) + 2;
        Witness after = witness(
                host.key().toString(),
                CheckpointsFile.parse((text.substring(0, from) + text.substring(to)).getBytes(StandardCharsets.UTF_8)));
        assertThat(after.logs()).isEqualTo(2);
        take(after, missing.append(1, "x").checkpoint(NOW));
        assertThat(sizes(after)).containsEntry(missing.origin(), 18L);
        assertThat(after.wrong()).isEmpty();
    }

    @Test
    void hostsThatFellSilentAreNamedAlsoWhenTheWitnessWasDownThen() throws Exception {
        NoteSigner b = SignedRun.key("b");
        NoteSigner c = SignedRun.key("c");
        String keys = host.key() + "\n" + b.key() + "\n" + c.key() + "\n";
        SignedRun ofA = SignedRun.begin("a", 1, host).append(2, "x");
        SignedRun ofB = SignedRun.begin("b", 1, b).append(2, "x");
        Witness witness = witness(keys, List.of());
        take(witness, ofA.checkpoint(NOW), ofB.checkpoint(NOW + 3_600_000)); // its clock is ahead: that counts as now
        witness.lookForSilence(NOW, SILENT);
        assertThat(said).hasSize(1).allMatch(text -> text.contains("host c: no checkpoint of it was ever seen"));
        said.clear();
        List<SignedNote> kept = kept(witness);
        witness.lookForSilence(NOW + 2 * SILENT, SILENT);
        assertThat(said).hasSize(2).noneMatch(text -> text.contains("host c"));
        said.clear();

        Witness again = witness(keys, kept);
        again.record(
                reader.read(ofA.append(1, "x").checkpoint(NOW + 2 * SILENT), OptionalLong.empty()), NOW + 2 * SILENT);
        for (int look = 0; look < 3; look++) {
            again.lookForSilence(NOW + 2 * SILENT, SILENT);
        }
        assertThat(said)
                .hasSize(2)
                .anyMatch(text -> text.startsWith("host b: it has signed nothing for 1200 s"))
                .anyMatch(text -> text.startsWith("host c: no checkpoint"));
        said.clear();
        again.record(
                reader.read(ofB.append(1, "x").checkpoint(NOW + 2 * SILENT), OptionalLong.empty()), NOW + 2 * SILENT);
        take(again, ofB.stopped(NOW + 2 * SILENT));
        again.lookForSilence(NOW + 2 * SILENT, SILENT);
        again.lookForSilence(NOW + 4 * SILENT, SILENT);
        assertThat(said)
                .hasSize(2)
                .anyMatch(text -> text.startsWith("host a: it has signed nothing for 1200 s. If it"))
                .anyMatch(text -> text.startsWith("host b: it has signed nothing for 1200 s, since it stopped"));
        assertThat(again.alarms(Alarm.SILENT)).isEqualTo(4);
    }

    /** Its records are still in the topic; but when it signs again, nobody can check it. */
    @Test
    void aHostThatWasRemovedIsNotMissed() throws Exception {
        NoteSigner b = SignedRun.key("b");
        SignedRun run = SignedRun.begin("b", 1, b).append(2, "x");
        byte[] signed = run.checkpoint(NOW);
        byte[] ended = run.startedAfter(NOW);
        Witness witness = witness(host.key() + "\n" + b.key(), List.of());
        take(witness, signed, ended);
        Witness again = witness(host.key().toString(), kept(witness));
        take(again, signed, ended);
        again.lookForSilence(NOW + 2 * SILENT, SILENT);
        assertThat(said).hasSize(1).allMatch(text -> text.startsWith("host a: no checkpoint of it was ever seen"));
        assertThat(again.file(NOW)).isEqualTo(witness.file(NOW));
        take(again, run.append(1, "x").checkpoint(NOW));
        assertThat(said).hasSize(2).anyMatch(text -> text.startsWith("host b: its checkpoints are not checked"));
    }

    /** Whoever may write to the topic, without a host's key. */
    @Test
    void whatSomebodyMakesUpCostsNoMemoryAndIsNotKept() throws Exception {
        SignedRun run = SignedRun.begin("a", 1, host).append(2, "x");
        Witness witness = witness(host.key().toString(), List.of());
        take(witness, run.checkpoint(NOW));
        byte[] good = witness.file(NOW);
        NoteSigner stolen = SignedRun.key("a"); // of the same name
        take(
                witness,
                SignedRun.begin("a", 2, stolen).append(1, "x").checkpoint(NOW),
                SignedRun.begin("a", 3, stolen).append(1, "x").checkpoint(NOW),
                SignedRun.begin("a", 4, stolen).key(stolen, NOW));
        assertThat(said)
                .hasSize(1)
                .allMatch(text -> text.contains("no key of ctstream/a that is trusted has signed it"));
        said.clear();
        for (int i = 0; i < 1000; i++) {
            GenericRecord record = EventRecords.control("CHECKPOINT");
            record.put("host_id", "made-up-" + i);
            record.put("checkpoint_note", "x");
            take(witness, EventRecords.singleObject(record));
        }
        assertThat(said).hasSize(100);
        assertThat(said.get(99)).contains("More such hosts are not named");
        assertThat(witness.wrong()).isEqualTo("no public key 1000, not good 2");
        assertThat(witness.hosts()).isEqualTo(1);
        assertThat(witness.file(NOW)).isEqualTo(good);
        said.clear();
        witness.lookForSilence(NOW, SILENT);
        assertThat(said).isEmpty(); // it does not know them
    }

    /** The STARTED of a run with a new key is signed by it, and the KEY record follows. */
    @Test
    void aNewKeyMayBeToldAfterTheFirstSignature() throws Exception {
        NoteSigner second = SignedRun.key("a");
        NoteSigner third = SignedRun.key("a");
        SignedRun run = SignedRun.begin("a", 1, host).append(2, "x");
        Witness witness = witness(host.key().toString(), List.of());
        take(witness, run.checkpoint(NOW));
        take(witness, run.append(1, "x").by(third).startedAfter(NOW));
        take(witness, run.by(host).key(second, NOW), run.by(second).key(third, NOW));
        assertThat(sizes(witness)).containsEntry(run.origin(), 3L);
        witness.lookForSilence(NOW + 120_000, SILENT);
        assertThat(said).isEmpty();

        take(witness, run.append(1, "x").by(SignedRun.key("a")).startedAfter(NOW));
        witness.lookForSilence(NOW + 10_000, SILENT);
        assertThat(said).isEmpty();
        witness.lookForSilence(NOW + 120_000, SILENT);
        assertThat(said).hasSize(1).allMatch(text -> text.contains("no key of ctstream/a that is trusted"));
    }

    /** Else the witness could not read its own file again. */
    @Test
    void signaturesThatSomebodyAddsAreLeftOut() throws Exception {
        SignedRun run = SignedRun.begin("a", 1, host).append(2, "x");
        SignedNote other = new Checkpoint(run.origin(), 9, Hash.EMPTY_ROOT).sign(host);
        String line =
                Cosignature.add(other, signer, 1).format().lines().toList().get(5) + "\n"; // of another text
        Witness witness = witness(host.key().toString(), List.of());
        take(witness, run.checkpoint(NOW, line));
        assertThat(said).isEmpty();
        assertThat(kept(witness).get(0).signatures()).hasSize(2);
        assertThat(witness(host.key().toString(), kept(witness)).file(NOW)).isEqualTo(witness.file(NOW));
    }

    @Test
    void onlyTheWitnessThatWroteAFileGoesOnWithIt() throws Exception {
        Witness witness = witness(host.key().toString(), List.of());
        take(witness, SignedRun.begin("a", 1, host).append(2, "x").checkpoint(NOW));
        List<SignedNote> kept = kept(witness);
        signer = NoteSigner.generate("witness.example/w", NoteKey.COSIGNATURE);
        assertThatThrownBy(() -> witness(host.key().toString(), kept))
                .hasMessageContaining(
                        "the checkpoint of ctstream/a/boot-1/1 in it was not cosigned by witness.example/w");
    }

    @Test
    void aRunThatIsNoLongerKeptIsSaid() throws Exception {
        Witness witness = witness(host.key().toString(), List.of());
        List<byte[]> records = new ArrayList<>();
        for (int epoch = 1; epoch <= 20; epoch++) {
            records.add(SignedRun.begin("a", epoch, host).append(2, "x").checkpoint(NOW));
        }
        take(witness, records.toArray(new byte[0][]));
        assertThat(witness.logs()).isEqualTo(16);
        assertThat(said).hasSize(4);
        assertThat(said.get(0)).startsWith("host a: the checkpoint of ctstream/a/boot-1/1, of size 2 and root ");
        assertThat(witness.wrong()).isEmpty();
        take(witness, records.toArray(new byte[0][])); // the topic is read again
        assertThat(said).hasSize(4);
        assertThat(sizes(witness))
                .containsOnlyKeys(
                        sizes(witness(host.key().toString(), kept(witness))).keySet());
    }

    /** 10 000 hosts, seven runs of each that signs, a new key for every third of them. */
    @Test
    void aFleetIsBounded() throws Exception {
        NoteSigner one = SignedRun.key("h");
        String secret = one.secret();
        StringBuilder keys = new StringBuilder();
        for (int i = 0; i < HOSTS; i++) {
            keys.append(new NoteKey(LogOrigin.keyName(id(i)), NoteKey.ED25519, bytes(one)))
                    .append('\n');
        }
        long heapBefore = heapBytes();
        Witness witness = witness(keys.toString(), List.of());
        long heapOfKeys = heapBytes() - heapBefore;
        int runs = 7;
        int records = 0;
        long nanos = 0;
        for (int i = 0; i < SIGNING; i++) {
            NoteSigner key = named(secret, one, id(i));
            List<byte[]> of = new ArrayList<>();
            for (int epoch = 1; epoch <= runs; epoch++) {
                SignedRun run = SignedRun.begin(id(i), epoch, key);
                if (i % 3 == 0 && epoch == 2) {
                    NoteSigner next = SignedRun.key(id(i));
                    of.add(run.key(next, NOW));
                    key = next;
                    run = SignedRun.begin(id(i), epoch, key);
                }
                of.add(run.append(20, "x").checkpoint(NOW));
            }
            long begin = System.nanoTime();
            take(witness, of.toArray(new byte[0][]));
            nanos += System.nanoTime() - begin;
            records += of.size();
        }
        assertThat(witness.wrong()).isEmpty();
        assertThat(witness.hosts()).isEqualTo(SIGNING);
        assertThat(witness.logs()).isEqualTo(5 * SIGNING).isLessThanOrEqualTo(CheckpointsFile.MOST_NOTES);
        assertThat(said).hasSize(2 * SIGNING);
        said.clear();
        long heap = heapBytes() - heapBefore - heapOfKeys;

        long begin = System.nanoTime();
        byte[] file = witness.file(NOW);
        long formatted = System.nanoTime();
        try (KeptFile kept = KeptFile.open(folder.resolve("checkpoints"))) {
            kept.replace(file);
            long written = System.nanoTime();
            List<SignedNote> notes = CheckpointsFile.parse(kept.read(CheckpointsFile.MOST_BYTES));
            long parsed = System.nanoTime();
            Witness again = witness(keys.toString(), notes);
            long read = System.nanoTime();
            assertThat(again.file(NOW)).isEqualTo(file);
            System.out.printf(
                    "witness: %d hosts, %d of them sign; %d records, %.0f us each; heap of the keys %.1f MB, of %d"
                            + " checkpoints %.1f MB; file %.1f MB: made in %.0f ms, written and synced in %.0f ms, parsed in"
                            + " %.0f ms, its cosignatures checked in %.0f ms%n",
                    HOSTS,
                    SIGNING,
                    records,
                    nanos / 1e3 / records,
                    heapOfKeys / 1e6,
                    witness.logs(),
                    heap / 1e6,
                    file.length / 1e6,
                    (formatted - begin) / 1e6,
                    (written - formatted) / 1e6,
                    (parsed - written) / 1e6,
                    (read - parsed) / 1e6);
        }
        begin = System.nanoTime();
        witness.lookForSilence(NOW, SILENT);
        System.out.printf("witness: looked for silence in %.1f ms%n", (System.nanoTime() - begin) / 1e6);
        assertThat(said).hasSize(HOSTS - SIGNING);
    }

    private static String id(int host) {
        return String.format(Locale.ROOT, "%032x", 0xABCDEF + host); // as a machine-id
    }

    private static byte[] bytes(NoteSigner signer) {
        byte[] typed = Base64.getDecoder().decode(signer.key().toString().split("\\+", 3)[2]);
        return Arrays.copyOfRange(typed, 1, typed.length);
    }

    /** The same key under another host's name, since making keys takes longer. */
    private static NoteSigner named(String secret, NoteSigner one, String host) throws NoteException {
        NoteKey key = new NoteKey(LogOrigin.keyName(host), NoteKey.ED25519, bytes(one));
        String[] parts = secret.split("\\+", 5);
        String id = key.toString().split("\\+", 3)[1];
        return NoteSigner.parse("PRIVATE+KEY+" + key.name() + "+" + id + "+" + parts[4], key);
    }

    private static long heapBytes() {
        System.gc();
        return Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
    }
}
