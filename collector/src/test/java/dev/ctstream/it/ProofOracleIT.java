package dev.ctstream.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.it.ProvenTopics.Fate;
import dev.ctstream.it.ProvenTopics.Lane;
import dev.ctstream.proof.CheckpointsFile;
import dev.ctstream.proof.Manipulation;
import dev.ctstream.proof.Place;
import dev.ctstream.proof.Tampering;
import dev.ctstream.record.RunIdentity;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The independent checker {@code src/test/proof/check.py}, which was written from {@code docs/proof.md} alone, and {@code
 * openssl} with {@code sha256sum}, by hand.
 *
 * <p>{@code -Dproof.manipulations=1000} plays that many of each, from {@code -Dtest.seed} on.
 */
class ProofOracleIT {
    private static final int COUNT = Integer.getInteger("proof.manipulations", 104);
    private static final long SEED = Long.getLong("test.seed", 1);
    private static final Path CHECKER = Path.of("src/test/proof/check.py");
    private static final Path SCHEMAS = Path.of("../schemas/src/main/avro");

    @TempDir
    private Path folder;

    private void dump(String name, Map<Lane, List<byte[]>> lanes, Map<Lane, Integer> cut) throws IOException {
        try (BufferedWriter out = Files.newBufferedWriter(folder.resolve(name))) {
            for (Map.Entry<Lane, List<byte[]>> lane : lanes.entrySet()) {
                int first = cut.getOrDefault(lane.getKey(), 0);
                for (int i = first; i < Math.max(lane.getValue().size(), first + 1); i++) {
                    byte[] value = i < lane.getValue().size() ? lane.getValue().get(i) : null;
                    out.write(String.format(
                            Locale.ROOT,
                            "{\"topic\": \"%s\", \"partition\": %d, \"offset\": %d, \"value\": %s}%n",
                            lane.getKey().control() ? "control" : "events",
                            lane.getKey().partition(),
                            i,
                            value == null ? "null" : '"' + Base64.getEncoder().encodeToString(value) + '"'));
                }
            }
        }
    }

    private List<String> check(String keys, String kept, List<String> dumps) throws Exception {
        Path keyFile = Files.writeString(folder.resolve("hosts.keys"), keys);
        List<String> command = new ArrayList<>(List.of(
                "python3",
                CHECKER.toAbsolutePath().toString(),
                "--schemas",
                SCHEMAS.toAbsolutePath().toString(),
                "--keys",
                keyFile.toString(),
                "--kept",
                Files.writeString(folder.resolve("kept"), kept).toString()));
        command.addAll(dumps);
        return run(command);
    }

    private List<String> run(List<String> command) throws Exception {
        Process process = new ProcessBuilder(command)
                .directory(folder.toFile())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        List<String> lines = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8)
                .lines()
                .toList();
        process.waitFor();
        return lines;
    }

    @Test
    void theIndependentCheckerNamesTheSameRecords() throws Exception {
        AlteredTopicsTest.Captured of = capture(List.of(Fate.STOPS, Fate.GIVES_WAY, Fate.CRASHES, Fate.STOPS));
        Map<String, TopicsForger> forgers = new HashMap<>();
        Map<String, String> what = new HashMap<>();
        List<String> altered = new ArrayList<>();
        List<String> clean = new ArrayList<>();
        for (int i = 0; i < COUNT; i++) {
            SplittableRandom random = new SplittableRandom(SEED + i);
            TopicsForger forger = new TopicsForger(of.lanes(), of.fork(), random);
            String name = "altered-" + i;
            what.put(name, forger.alter(i));
            forgers.put(name, forger);
            dump(name, forger.lanes(), Map.of());
            altered.add(name);
            Map<Lane, Integer> cut = new HashMap<>();
            of.lanes().forEach((lane, records) -> cut.put(lane, random.nextInt(records.size())));
            dump("clean-" + i, of.lanes(), cut);
            clean.add("clean-" + i);
        }
        String kept = CheckpointsFile.format(of.kept());
        assertThat(check(of.key() + "\n", kept, clean)).hasSize(COUNT).allMatch(line -> line.contains(" good "));
        List<String> found = check(of.key() + "\n", kept, altered);
        assertThat(found).hasSize(COUNT);
        for (String line : found) {
            String[] words = line.split(" ", -1);
            assertThat(words[1]).as("%s: %s", what.get(words[0]), line).isEqualTo("bad");
            TopicsForger forger = Objects.requireNonNull(forgers.get(words[0]));
            assertThat(forger.expects(tampering(words)))
                    .as("%s: %s, expected %s", what.get(words[0]), line, forger.expected())
                    .isTrue();
        }
        System.out.printf(
                "independent checker: %d manipulations named with the first bad record, %d clean copies without alarm%n",
                COUNT, COUNT);
    }

    /** The commands of docs/proof.md print what it says that they print. */
    @Test
    void theWorkedExampleHoldsByHand() throws Exception {
        for (String name : List.of("example.tlog-proof", "example.key")) {
            Files.copy(Path.of("src/test/resources/proof").resolve(name), folder.resolve(name));
        }
        String document = Files.readString(Path.of("docs/proof.md"));
        String byHand = document.substring(document.indexOf("## By hand"));
        Files.writeString(folder.resolve("by-hand"), block(byHand, "```sh\n"));
        assertThat(String.join("\n", run(List.of("bash", "-eu", "by-hand"))) + "\n")
                .isEqualTo(block(byHand, "```text\n"));
    }

    private static String block(String document, String begin) {
        int from = document.indexOf(begin) + begin.length();
        return document.substring(from, document.indexOf("```", from));
    }

    private static Tampering tampering(String[] words) {
        String[] run = words[3].split("/", -1);
        RunIdentity identity = run.length == 3 ? new RunIdentity(run[0], run[1], Long.parseLong(run[2])) : null;
        Place place = words[5].equals("-")
                ? null
                : new Place(words[5].equals("control"), Integer.parseInt(words[6]), Long.parseLong(words[7]));
        return new Tampering(
                Manipulation.valueOf(words[2].toUpperCase(Locale.ROOT)),
                identity,
                Long.parseLong(words[4]),
                place,
                "",
                "");
    }

    private AlteredTopicsTest.Captured capture(List<Fate> fates) throws Exception {
        ProvenTopics topics = new ProvenTopics(Files.createDirectory(folder.resolve("host")));
        SplittableRandom random = new SplittableRandom(SEED);
        ProvenTopics fork = topics;
        for (int i = 0; i < fates.size(); i++) {
            if (i == fates.size() - 1) {
                fork = topics.fork(folder.resolve("fork"));
                fork.run(fates.get(i), new SplittableRandom(SEED + 77));
            }
            topics.run(fates.get(i), random);
        }
        return new AlteredTopicsTest.Captured(
                topics.publicKey(),
                AlteredTopicsTest.newestCheckpoints(topics.records()),
                topics.records(),
                fork.records());
    }
}
