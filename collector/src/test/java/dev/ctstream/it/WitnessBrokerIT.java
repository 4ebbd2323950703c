package dev.ctstream.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.ctstream.broker.EmbeddedBroker;
import dev.ctstream.broker.TestBroker;
import dev.ctstream.cli.Console;
import dev.ctstream.cli.Main;
import dev.ctstream.it.ProvenTopics.Fate;
import dev.ctstream.it.ProvenTopics.Lane;
import dev.ctstream.proof.CheckpointsFile;
import dev.ctstream.record.proof.Checkpoint;
import dev.ctstream.record.proof.Hash;
import dev.ctstream.record.proof.NoteSigner;
import dev.ctstream.record.proof.SignedNote;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code ctstream proof witness} with a broker: it follows the logs of five hosts, and one of a real spool. */
class WitnessBrokerIT {
    private static EmbeddedBroker broker;
    private static FilledTopics filled;

    @TempDir
    private Path folder;

    private final long now = System.currentTimeMillis();
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    @BeforeAll
    static void start() throws Exception {
        broker = TestBroker.temporary(Map.of());
        broker.start();
        filled = new FilledTopics(broker);
    }

    @AfterAll
    static void stop() {
        filled.close();
        broker.close();
    }

    private int ctstream(String... arguments) {
        out.reset();
        err.reset();
        PrintStream to = new PrintStream(err, true, StandardCharsets.UTF_8);
        return Main.execute(new Console(out, to, Map.of(), false, false), arguments);
    }

    private String output() {
        return out.toString(StandardCharsets.UTF_8) + err.toString(StandardCharsets.UTF_8);
    }

    private String[] witness(String topic, String... more) {
        List<String> arguments = new ArrayList<>(List.of(
                "proof",
                "witness",
                "--bootstrap-server",
                broker.bootstrapServers(),
                "--control-topic",
                topic,
                "--key",
                folder.resolve("hosts.keys").toString(),
                "--signer",
                folder.resolve("witness.key").toString(),
                "--state",
                folder.resolve("checkpoints").toString()));
        arguments.addAll(List.of(more));
        return arguments.toArray(new String[0]);
    }

    private void makeKeys(String hosts) throws Exception {
        Files.writeString(folder.resolve("hosts.keys"), hosts);
        assertThat(ctstream(
                        "proof",
                        "key",
                        "generate",
                        "--witness",
                        "witness.example/w",
                        folder.resolve("witness.key").toString()))
                .as(output())
                .isZero();
    }

    private Map<String, Long> kept() throws Exception {
        Map<String, Long> sizes = new TreeMap<>();
        for (SignedNote note : CheckpointsFile.parse(Files.readAllBytes(folder.resolve("checkpoints")))) {
            Checkpoint checkpoint = Checkpoint.parse(note.text());
            sizes.put(checkpoint.origin(), checkpoint.size());
            assertThat(note.signatures()).hasSize(2);
        }
        return sizes;
    }

    /** It follows, goes on with its file, and names each log that goes back, forks, lacks checkpoints or falls silent. */
    @Test
    void aFleetIsFollowedOverRestartsAndWhatIsWrongIsNamed() throws Exception {
        List<SignedRun> runs = new ArrayList<>();
        StringBuilder keys = new StringBuilder();
        String ofE = "";
        filled.create(2, "fleet");
        for (String host : List.of("a", "b", "c", "d", "e")) {
            NoteSigner key = SignedRun.key(host);
            ofE = key.key() + "\n";
            keys.append(ofE);
            runs.add(SignedRun.begin(host, 1, key).append(4, "x"));
            long millis = host.equals("e") ? now - TimeUnit.HOURS.toMillis(1) : now;
            filled.produce(
                    "fleet", runs.size() % 2, List.of(runs.get(runs.size() - 1).checkpoint(millis)));
        }
        SignedRun a = runs.get(0);
        SignedRun b = runs.get(1);
        SignedRun c = runs.get(2);
        SignedRun d = runs.get(3);
        makeKeys(keys.toString());

        assertThat(ctstream(witness("fleet", "--once"))).isEqualTo(1);
        assertThat(output())
                .containsPattern("host e: it has signed nothing for 36\\d\\d s")
                .contains("keeps 5 checkpoints of 5 hosts in ")
                .contains("; wrong: silent 1")
                .doesNotContain("host a:", "host b:", "host c:", "host d:");
        Files.writeString(folder.resolve("hosts.keys"), keys.toString().replace(ofE, "")); // e was removed for good
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(folder.resolve("checkpoints"))))
                .isEqualTo("rw-------");

        // Each goes on; c will say later that it ended here.
        byte[] early = c.copy().startedAfter(now);
        SignedRun fork = b.copy();
        for (SignedRun run : List.of(a, b, c, d)) {
            filled.produce("fleet", 0, List.of(run.append(3, "x").checkpoint(now)));
        }
        assertThat(ctstream(witness("fleet", "--once"))).as(output()).isZero();
        assertThat(kept())
                .isEqualTo(Map.of(
                        a.origin(), 7L, b.origin(), 7L, c.origin(), 7L, d.origin(), 7L, "ctstream/e/boot-1/1", 4L));

        try (LaunchedProgram following = LaunchedProgram.start(folder, Map.of(), List.of(), witness("fleet"))) {
            following.awaitStderr("has read fleet; keeps 5 checkpoints of 5 hosts");
            assertThat(ctstream(witness("fleet", "--once"))).isEqualTo(1);
            assertThat(output()).contains("checkpoints: another process keeps it up to date; give another file");
            d.append(1, "x").checkpoint(now); // is missing
            filled.produce(
                    "fleet",
                    1,
                    List.of(
                            fork.append(5, "y").checkpoint(now),
                            early,
                            d.append(1, "x").checkpoint(now),
                            a.append(3, "x").checkpoint(now)));
            following.awaitStderr(
                    "ctstream/b/boot-1/1: the log forks: its checkpoint of size 9 does not continue the one of"
                            + " size 7");
            following.awaitStderr(
                    "ctstream/c/boot-1/1: the log goes back: a checkpoint of size 7 is kept, and the next run"
                            + " says that it ended at 4");
            following.awaitStderr("ctstream/d/boot-1/1: checkpoints between the sizes 7 and 8 are missing");
            following.terminate();
            assertThat(following.exitCode()).as(following.err()).isZero();
            assertThat(following.err()).contains("wrong: others are missing before 1, fork 1, goes back 1");
        }
        assertThat(kept())
                .containsEntry(a.origin(), 10L)
                .containsEntry(b.origin(), 7L)
                .containsEntry(d.origin(), 7L);

        // While no witness ran, nobody signed: each cosignature says when its host was heard of.
        await().atMost(Duration.ofSeconds(30)).untilAsserted(() -> {
            assertThat(ctstream(witness("fleet", "--once", "--silent-seconds", "1")))
                    .isEqualTo(1);
            assertThat(output()).contains("silent 4");
        });
        assertThat(output())
                .contains("host a: it has signed nothing for", "host b: it", "host c: it", "host d: it")
                .contains("the log forks", "goes back", "are missing"); // the topic still says so
    }

    @Test
    void aKeyThatIsNoneOfAWitnessIsRefusedWithTheRemedy() {
        assertThat(ctstream(witness("any"))).isEqualTo(2);
        assertThat(output())
                .contains("witness.key: ENOENT (2) ", "ctstream proof key generate --witness NAME FILE makes one");
        assertThat(ctstream(
                        "proof",
                        "key",
                        "generate",
                        "-D",
                        "host.id=a",
                        folder.resolve("witness.key").toString()))
                .as(output())
                .isZero();
        assertThat(ctstream(witness("any"))).isEqualTo(2);
        assertThat(output()).contains("witness.key: not the key of a witness; only its owner may use it");
    }

    @Test
    void itsFileShowsThatTheEndOfEverythingWasCutOff() throws Exception {
        ProvenTopics topics = new ProvenTopics(folder);
        makeKeys(topics.publicKey() + "\n");
        topics.run(Fate.STOPS, new SplittableRandom(5));
        fill(topics, "cut");
        topics.rotateKey(); // whoever has the old key follows the KEY record
        topics.run(Fate.STOPS, new SplittableRandom(6));
        fill(topics, "whole");
        String never = Integer.toString(Integer.MAX_VALUE); // its clock is that of the test
        assertThat(ctstream(witness("whole-control", "--once", "--silent-seconds", never)))
                .as(output())
                .isZero();
        assertThat(kept()).hasSize(2);
        SignedRun removed = SignedRun.begin("removed", 1, SignedRun.key("removed"));
        Files.writeString(
                folder.resolve("checkpoints"),
                new Checkpoint(removed.origin(), 0, Hash.EMPTY_ROOT)
                                .sign(SignedRun.key("removed"))
                                .format() + "\n",
                StandardOpenOption.APPEND);
        assertThat(verify("whole")).as(output()).isZero();
        assertThat(output()).contains("1 checkpoints that were kept elsewhere are of hosts without a public key");
        assertThat(verify("cut")).as(output()).isEqualTo(1);
        assertThat(output()).contains("NOT PROVEN", "was kept elsewhere; what is here reaches no further than");
    }

    private static void fill(ProvenTopics topics, String name) throws Exception {
        filled.create(ProvenTopics.PARTITIONS, name, name + "-control");
        for (Map.Entry<Lane, List<byte[]>> lane : topics.records().entrySet()) {
            filled.produce(
                    lane.getKey().control() ? name + "-control" : name,
                    lane.getKey().partition(),
                    lane.getValue());
        }
    }

    private int verify(String name) {
        return ctstream(
                "verify",
                "--bootstrap-server",
                broker.bootstrapServers(),
                "--topic",
                name,
                "--control-topic",
                name + "-control",
                "--key",
                folder.resolve("hosts.keys").toString(),
                "--checkpoints",
                folder.resolve("checkpoints").toString());
    }
}
