package dev.ctstream.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.NullNode;
import dev.ctstream.broker.BrokerServer;
import dev.ctstream.broker.EmbeddedBroker;
import dev.ctstream.cli.Console;
import dev.ctstream.cli.ExitCode;
import dev.ctstream.cli.Main;
import dev.ctstream.conntrack.TestNamespace;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A collector process that watches its own namespaces, and a broker process; tests kill both.
 *
 * <p>Ownership: owns the processes and the namespaces. Threads: confined to one.
 */
final class FaultSite implements AutoCloseable {
    /** Generous timeout: no step takes more than a second on an idle machine. */
    static final Duration PATIENCE = Duration.ofMinutes(3);

    private static final ObjectMapper JSON = new ObjectMapper();

    private final Path folder;
    private final List<TestNamespace> namespaces = new ArrayList<>();
    private final EmbeddedBroker broker;
    private final Map<String, String> settings = new TreeMap<>();
    private @Nullable LaunchedProgram collector;
    private int port;
    private boolean brokerAway;

    /** The result of {@code verify}. */
    record Verdict(int exitCode, JsonNode report, String stderr) {}

    private FaultSite(Path folder) throws IOException {
        this.folder = folder;
        broker = EmbeddedBroker.at(Files.createDirectories(folder.resolve("kafka")), Map.of());
    }

    /**
     * Starts the broker, but no collector yet.
     *
     * @param folder for the data and the output of both
     */
    static FaultSite open(Path folder, int namespaces) throws IOException {
        FaultSite site = new FaultSite(folder);
        List<String> paths = new ArrayList<>();
        for (int i = 0; i < namespaces; i++) {
            site.namespaces.add(TestNamespace.create());
            paths.add(site.namespaces.get(i).path().toString());
        }
        site.set("netns", String.join(",", paths));
        site.set("host.id", "it-host");
        site.set("heartbeat.interval-seconds", "1");
        site.set("shutdown.timeout-seconds", "60"); // the time is another test's subject
        site.set("spool.directory", site.spool().toString());
        site.broker.start();
        site.set("kafka.bootstrap.servers", site.broker.bootstrapServers());
        return site;
    }

    /** Sets a configuration key for collectors started from now on. */
    void set(String key, String value) {
        settings.put(key, value);
    }

    TestNamespace namespace(int number) {
        return namespaces.get(number);
    }

    EmbeddedBroker broker() {
        return broker;
    }

    void stopBroker() {
        broker.stop();
        brokerAway = true;
    }

    /** Starts the broker again after {@link #stopBroker}; does nothing if it was not stopped. */
    void startBroker() throws IOException {
        if (brokerAway) {
            broker.start();
            brokerAway = false;
        }
    }

    Path spool() {
        return folder.resolve("spool");
    }

    /** Starts the collector and returns at once. */
    void launchCollector() throws IOException {
        port = BrokerServer.freePort();
        List<String> arguments = new ArrayList<>(List.of("run", "-D", "http.listen=127.0.0.1:" + port));
        settings.forEach((key, value) -> arguments.addAll(List.of("-D", key + "=" + value)));
        collector = LaunchedProgram.start(folder, Map.of(), List.of(), arguments.toArray(String[]::new));
    }

    /** Starts the collector; it receives all events of its namespaces from the return of this method. */
    void startCollector() throws IOException {
        launchCollector();
        await().atMost(PATIENCE)
                .failFast("the collector has ended", () -> !collector().isAlive())
                .until(() -> metrics().contains("ctstream_namespaces_observed")); // it has subscribed
    }

    LaunchedProgram collector() {
        return Objects.requireNonNull(collector);
    }

    /** Kills the collector with SIGKILL and waits for its end. */
    void killCollector() throws InterruptedException {
        assertThat(collector().isAlive()).as(collector().err()).isTrue();
        collector().kill();
        collector().exitCode();
    }

    /** Waits until Kafka has everything that the collector has, then stops the collector. */
    void stopCollector() throws InterruptedException {
        await().atMost(PATIENCE)
                .failFast("the collector has ended", () -> !collector().isAlive())
                .until(() -> metric("ctstream_spool_unacknowledged_batches") == 0);
        collector().terminate();
        assertThat(collector().exitCode()).as(collector().err()).isZero();
        assertThat(collector().err()).contains("everything is published");
    }

    /** The collector's metrics; another text while it does not answer. */
    String metrics() {
        return LaunchedProgram.get(port, "/metrics");
    }

    /** The collector's answer at {@code /status}. */
    JsonNode status() throws IOException {
        String answer = LaunchedProgram.get(port, "/status");
        return JSON.readTree(answer.substring(answer.indexOf("\r\n\r\n") + 1));
    }

    /** A metric's value, summed over its labels; -1 when it is missing. */
    double metric(String name) {
        Matcher found = Pattern.compile("^" + name + "(?:\\{[^}]*\\})? (\\S+)$", Pattern.MULTILINE)
                .matcher(metrics());
        double sum = -1;
        while (found.find()) {
            sum = Math.max(sum, 0) + Double.parseDouble(found.group(1));
        }
        return sum;
    }

    /** Runs {@code ctstream verify -o json}. */
    Verdict verify(String... arguments) throws IOException {
        List<String> all = new ArrayList<>(List.of("verify", "-o", "json"));
        all.addAll(List.of(arguments));
        Ran ran = run(all);
        JsonNode report =
                ran.exitCode > ExitCode.FAILURE ? NullNode.getInstance() : JSON.readTree(ran.out.toByteArray());
        return new Verdict(ran.exitCode, report, ran.out.toString(StandardCharsets.UTF_8) + ran.err);
    }

    /** Exports a topic with {@code ctstream read -o avro}; returns the file. */
    Path export(String topic) throws IOException {
        Ran ran = run(List.of(
                "read",
                "--bootstrap-server",
                broker.bootstrapServers(),
                "--topic",
                topic,
                "--from-beginning",
                "--idle-seconds",
                "3",
                "-o",
                "avro"));
        assertThat(ran.exitCode).as(ran.err).isZero();
        return Files.write(folder.resolve(topic + ".avro"), ran.out.toByteArray());
    }

    private record Ran(int exitCode, ByteArrayOutputStream out, String err) {}

    /** Runs a command in this process: starting a JVM takes longer than most commands. */
    private static Ran run(List<String> arguments) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        PrintStream errors = new PrintStream(err, true, StandardCharsets.UTF_8);
        int exitCode = Main.execute(new Console(out, errors, Map.of(), false, false), arguments.toArray(String[]::new));
        return new Ran(exitCode, out, err.toString(StandardCharsets.UTF_8));
    }

    /** Runs {@code verify} on the collector's topics. */
    Verdict verifyTopics() throws IOException {
        return verify("--bootstrap-server", broker.bootstrapServers());
    }

    @Override
    public void close() {
        if (collector != null) {
            collector.close();
        }
        broker.close();
        namespaces.forEach(TestNamespace::close);
    }
}
