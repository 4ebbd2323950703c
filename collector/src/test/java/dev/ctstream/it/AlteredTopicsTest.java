package dev.ctstream.it;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import dev.ctstream.it.ProvenTopics.Fate;
import dev.ctstream.it.ProvenTopics.Lane;
import dev.ctstream.proof.Place;
import dev.ctstream.proof.ProofAudit;
import dev.ctstream.proof.ProofReport;
import dev.ctstream.proof.Tampering;
import dev.ctstream.record.RawRecord;
import dev.ctstream.record.RawRecordReader;
import dev.ctstream.record.RecordException;
import dev.ctstream.record.proof.Checkpoint;
import dev.ctstream.record.proof.NoteException;
import dev.ctstream.record.proof.SignedNote;
import dev.ctstream.record.proof.TrustedKeys;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/**
 * Every manipulation of the topics is named with the first record that does not fit, and clean topics raise no alarm, also
 * when retention has cut them.
 *
 * <p>{@code -Dproof.manipulations=1000} plays that many of each, from {@code -Dtest.seed} on.
 */
class AlteredTopicsTest {
    private static final int COUNT = Integer.getInteger("proof.manipulations", 6 * TopicsForger.KINDS);
    private static final long SEED = Long.getLong("test.seed", 1);

    @TempDir
    static Path folder;

    private static List<Captured> captured = List.of();

    /** Topics of a host, and what an auditor has beside them. */
    record Captured(String key, List<SignedNote> kept, Map<Lane, List<byte[]>> lanes, Map<Lane, List<byte[]>> fork) {}

    @BeforeAll
    static void capture() throws Exception {
        ((Logger) LoggerFactory.getLogger("dev.ctstream")).setLevel(Level.OFF);
        captured = List.of(
                play("plain", List.of(Fate.STOPS, Fate.CRASHES, Fate.STOPS), true),
                play("loss", List.of(Fate.REFUSED, Fate.GIVES_WAY, Fate.CRASHES, Fate.STOPS), false));
    }

    @AfterAll
    static void speak() {
        ((Logger) LoggerFactory.getLogger("dev.ctstream")).setLevel(null);
    }

    private static Captured play(String name, List<Fate> fates, boolean rotates) throws Exception {
        SplittableRandom random = new SplittableRandom(SEED);
        Path directory = java.nio.file.Files.createDirectory(folder.resolve(name));
        ProvenTopics topics = new ProvenTopics(directory);
        String key = topics.publicKey();
        ProvenTopics other = topics;
        for (int i = 0; i < fates.size(); i++) {
            if (rotates && i == 1) {
                topics.rotateKey();
            }
            if (i == fates.size() - 1) {
                other = topics.fork(folder.resolve(name + "-fork"));
                other.run(fates.get(i), new SplittableRandom(SEED + 77));
            }
            topics.run(fates.get(i), random);
        }
        return new Captured(key, newestCheckpoints(topics.records()), topics.records(), other.records());
    }

    /** What a witness keeps: the newest checkpoint of each log. */
    static List<SignedNote> newestCheckpoints(Map<Lane, List<byte[]>> lanes) throws Exception {
        Map<String, SignedNote> newest = new TreeMap<>();
        RawRecordReader reader = new RawRecordReader();
        for (byte[] value : lanes.getOrDefault(new Lane(true, 0), List.of())) {
            RawRecord record = reader.read(value, OptionalLong.empty());
            if (record.text("kind").equals("CHECKPOINT")) {
                SignedNote note = SignedNote.parse(record.text("checkpoint_note"));
                newest.put(Checkpoint.parse(note.text()).origin(), note);
            }
        }
        return List.copyOf(newest.values());
    }

    static ProofReport audit(String keys, List<SignedNote> kept, Map<Lane, List<byte[]>> lanes, Map<Lane, Integer> cut)
            throws IOException, NoteException {
        RawRecordReader reader = new RawRecordReader();
        try (ProofAudit audit = new ProofAudit(TrustedKeys.parse(keys))) {
            audit.kept(kept);
            cut.forEach((lane, records) -> {
                if (records > 0) {
                    audit.trimmed(lane.control(), lane.partition());
                }
            });
            for (Map.Entry<Lane, List<byte[]>> lane : lanes.entrySet()) {
                for (int i = cut.getOrDefault(lane.getKey(), 0);
                        i < lane.getValue().size();
                        i++) {
                    Place place =
                            new Place(lane.getKey().control(), lane.getKey().partition(), i);
                    try {
                        audit.record(reader.read(lane.getValue().get(i), OptionalLong.empty()), place);
                    } catch (RecordException e) {
                        audit.undecodable(place);
                    }
                }
            }
            return audit.finish();
        }
    }

    @Test
    void everyManipulationIsNamedWithTheFirstBadRecord() throws Exception {
        Map<String, Integer> named = new TreeMap<>();
        for (int i = 0; i < COUNT; i++) {
            SplittableRandom random = new SplittableRandom(SEED + i);
            Captured of = captured.get(random.nextInt(captured.size()));
            TopicsForger forger = new TopicsForger(of.lanes(), of.fork(), random);
            String what = forger.alter(i);
            ProofReport report = audit(of.key() + "\n" + lastKey(of), of.kept(), forger.lanes(), Map.of());
            assertThat(report.findings())
                    .as("seed %d, %s: %s", SEED + i, what, forger.expected())
                    .isNotEmpty();
            Tampering first = report.findings().get(0);
            assertThat(forger.expects(first))
                    .as("seed %d, %s: expected %s, first of %s", SEED + i, what, forger.expected(), texts(report))
                    .isTrue();
            named.merge(what + " -> " + first.manipulation().word(), 1, Integer::sum);
        }
        System.out.printf("altered topics: %d manipulations, %d named with the first bad record%n", COUNT, COUNT);
        named.forEach((what, count) -> System.out.printf("  %4d %s%n", count, what));
    }

    private static List<String> texts(ProofReport report) {
        return report.findings().stream().map(Tampering::text).toList();
    }

    @Test
    void cleanTopicsThatRetentionHasCutRaiseNoAlarm() throws Exception {
        long proven = 0;
        long notProven = 0;
        for (int i = 0; i < COUNT; i++) {
            SplittableRandom random = new SplittableRandom(SEED + i);
            Captured of = captured.get(random.nextInt(captured.size()));
            Map<Lane, Integer> cut = new HashMap<>();
            of.lanes().forEach((lane, records) -> {
                if (random.nextInt(4) > 0) {
                    cut.put(lane, random.nextInt(records.size()));
                }
            });
            List<SignedNote> kept = random.nextBoolean() ? List.of() : of.kept();
            ProofReport report = audit(of.key() + "\n" + lastKey(of), kept, of.lanes(), cut);
            assertThat(texts(report)).as("seed %d, cut %s", SEED + i, cut).isEmpty();
            proven +=
                    report.hosts().stream().mapToLong(ProofReport.Host::proven).sum();
            notProven += report.hosts().stream()
                    .mapToLong(ProofReport.Host::unproven)
                    .sum();
        }
        System.out.printf(
                "clean topics: %d copies cut at random, no alarm; %d records proven, %d not%n",
                COUNT, proven, notProven);
    }

    /** The key that the last run used: an auditor of cut topics has it, since KEY may have expired. */
    private static String lastKey(Captured of) throws RecordException {
        RawRecordReader reader = new RawRecordReader();
        String key = of.key();
        for (byte[] value : of.lanes().getOrDefault(new Lane(true, 0), List.of())) {
            RawRecord record = reader.read(value, OptionalLong.empty());
            key = record.text("kind").equals("KEY") ? record.text("next_key") : key;
        }
        return key;
    }

    /** The whole topics, with losses, crashes and a new key in them, are proven but for their last record. */
    @Test
    void cleanTopicsAreProvenUpToTheLastCheckpoint() throws Exception {
        for (Captured of : captured) {
            ProofReport report = audit(of.key(), List.of(), of.lanes(), Map.of()); // KEY leads to the later key
            assertThat(texts(report)).isEmpty();
            assertThat(report.hosts()).hasSize(1);
            ProofReport.Host host = report.hosts().get(0);
            int records = of.lanes().values().stream().mapToInt(List::size).sum();
            assertThat(host.proven() + host.unproven()).isEqualTo(records);
            assertThat(host.unproven()).isEqualTo(1);
        }
        assertThat(captured.get(1).lanes()).isNotEmpty();
        ProofReport.Host host = audit(
                        captured.get(1).key(), List.of(), captured.get(1).lanes(), Map.of())
                .hosts()
                .get(0);
        assertThat(host.givenUp()).isPositive();
    }

    /** The checkpoints around it prove what it alone listed, a WITHDRAWN for instance; so only itself is missing. */
    @Test
    void anyRemovedCheckpointIsTheFirstThatIsNamed() throws Exception {
        Lane control = new Lane(true, 0);
        RawRecordReader reader = new RawRecordReader();
        for (Captured of : captured) {
            List<byte[]> records = copy(of.lanes().get(control));
            for (int i = 0; i < records.size() - 1; i++) {
                RawRecord record = reader.read(records.get(i), OptionalLong.empty());
                if (!record.text("kind").equals("CHECKPOINT")) {
                    continue;
                }
                long index = record.number("log_index").orElse(-1L);
                List<byte[]> left = new ArrayList<>(records);
                left.remove(i);
                Map<Lane, List<byte[]>> lanes = new HashMap<>(of.lanes());
                lanes.put(control, left);
                ProofReport report = audit(of.key() + "\n" + lastKey(of), of.kept(), lanes, Map.of());
                assertThat(report.findings()).as("without log_index %d", index).isNotEmpty();
                assertThat(report.findings().get(0).index())
                        .as("without log_index %d: %s", index, texts(report))
                        .isEqualTo(index);
            }
        }
    }

    /** Reads what the tests need of records. */
    static Set<String> words(Collection<byte[]> values, String field) throws RecordException {
        Set<String> words = new HashSet<>();
        for (byte[] value : values) {
            words.add(new RawRecordReader().read(value, OptionalLong.empty()).text(field));
        }
        return words;
    }

    static List<byte[]> copy(@Nullable List<byte[]> lane) {
        return lane == null ? new ArrayList<>() : new ArrayList<>(lane);
    }
}
