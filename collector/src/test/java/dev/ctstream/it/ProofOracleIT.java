package dev.ctstream.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.it.ProvenTopics.Fate;
import dev.ctstream.it.ProvenTopics.Lane;
import dev.ctstream.proof.Manipulation;
import dev.ctstream.proof.Place;
import dev.ctstream.proof.Tampering;
import dev.ctstream.proof.Witness;
import dev.ctstream.record.RawRecordReader;
import dev.ctstream.record.RunIdentity;
import dev.ctstream.record.proof.NoteKey;
import dev.ctstream.record.proof.NoteSigner;
import dev.ctstream.record.proof.TrustedKeys;
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
import java.util.OptionalLong;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The independent checker {@code src/test/proof/check.py}, which was written from {@code docs/proof.md} alone, and {@code
 * openssl} with {@code sha256sum}, by hand.
 *
 * <p>{@code -Dproof.manipulations=1000} plays that many of each, from {@code -Dtest.seed} on.
 */
class ProofOracleIT {
    private static final int COUNT = Integer.getInteger("proof.manipulations", 6 * TopicsForger.KINDS);
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
        String kept = of.kept().stream().map(note -> note.format() + "\n").collect(Collectors.joining());
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

    /** The format of cosignatures, C2SP tlog-cosignature, by the checker that shares no code with us. */
    @Test
    void theIndependentCheckerVerifiesTheCosignaturesOfAWitness() throws Exception {
        NoteSigner host = SignedRun.key("host-ü");
        SignedRun run = SignedRun.begin("host-ü", 7, host).append(3, "x");
        NoteSigner signer = NoteSigner.generate("witness.example/w", NoteKey.COSIGNATURE);
        Witness witness = new Witness(TrustedKeys.parse(host.key().toString()), signer, List.of(), text -> {
            throw new AssertionError(text);
        });
        witness.record(new RawRecordReader().read(run.checkpoint(1_900_000_000_000L), OptionalLong.empty()), 0);
        Path file = Files.write(folder.resolve("kept"), witness.file(1_900_000_000_999L));
        List<String> command = List.of(
                "python3",
                CHECKER.toAbsolutePath().toString(),
                "--schemas",
                SCHEMAS.toAbsolutePath().toString(),
                "--keys",
                Files.writeString(folder.resolve("hosts.keys"), host.key() + "\n")
                        .toString(),
                "--witness",
                Files.writeString(folder.resolve("witness"), signer.key() + "\n")
                        .toString(),
                "--kept",
                file.toString());
        assertThat(run(command)).containsExactly("ctstream/host-%C3%BC/boot-1/7 3 1900000000");
        Files.writeString(file, Files.readString(file).replace("boot-1/7\n3\n", "boot-1/7\n4\n"));
        assertThat(run(command)).isEmpty();
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

    /** A root file system with a JDK, the libraries that it links to, and ctstream's jars; nothing else. */
    @Test
    void anExportedRecordIsCheckedInACleanRootWithNothingButTheJdk() throws Exception {
        Path root = Files.createDirectory(folder.resolve("root"));
        List<String> copied = run(List.of(
                "bash",
                "-euc",
                """
                mkdir "$1/jdk" "$1/ctstream" "$1/proc"
                tar -C "$2" --dereference --exclude=./lib/src.zip -c ./bin ./conf ./lib | tar -C "$1/jdk" -x
                cp -L "$3"/*.jar "$1/ctstream"
                ldd "$2/bin/java" "$2"/lib/{libjava,libnet,libnio,libzip}.so "$2/lib/server/libjvm.so" |
                    grep -oE '/[^ :]+' | grep -v "^$2" | sort -u | xargs cp -L --parents -t "$1"
                ls "$1"
                """,
                "bash",
                root.toString(),
                System.getProperty("java.home"),
                Path.of(System.getProperty("ctstream.home"), "lib").toString()));
        assertThat(copied).contains("jdk", "ctstream").doesNotContain("bin", "etc", "tmp", "var");
        for (String name : List.of("example.tlog-proof", "example.key")) {
            Files.copy(Path.of("src/test/resources/proof").resolve(name), root.resolve(name));
        }
        String proof = Files.readString(root.resolve("example.tlog-proof"));
        String batch = proof.lines()
                .filter(line -> line.startsWith("extra "))
                .findFirst()
                .orElseThrow()
                .substring("extra ".length());
        byte[] altered = Base64.getDecoder().decode(batch);
        altered[altered.length / 2] ^= 1;
        Files.writeString(
                root.resolve("altered.tlog-proof"),
                proof.replace(batch, Base64.getEncoder().encodeToString(altered)));

        assertThat(checkIn(root, "example.tlog-proof"))
                .last()
                .asString()
                .startsWith("exit code 0, ctstream: example.tlog-proof: proven: leaf ");
        assertThat(checkIn(root, "altered.tlog-proof"))
                .singleElement()
                .asString()
                .startsWith("exit code 1, ctstream: altered.tlog-proof: NOT PROVEN: ");
    }

    /** What it prints, and at last its exit code and what it says on stderr. Only the JVM's launcher needs /proc. */
    private List<String> checkIn(Path root, String file) throws Exception {
        return run(List.of("unshare", "--mount", "bash", "-uc", """
                mount --rbind /proc "$1/proc" || exit
                said=$(chroot "$1" /jdk/bin/java -XX:+UseSerialGC -cp '/ctstream/*' dev.ctstream.cli.Main proof check \
                    --key example.key "$2" 2>&1 >"$1/out")
                code=$?
                cat "$1/out"
                echo "exit code $code, $said"
                """, "bash", root.toString(), file));
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
