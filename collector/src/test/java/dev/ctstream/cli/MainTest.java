package dev.ctstream.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class MainTest {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();
    private final Map<String, String> environment = new HashMap<>();

    @TempDir
    private Path folder;

    @Test
    void versionIsThatOfTheBuild() {
        assertThat(run("--version")).isZero();
        assertThat(out()).startsWith("ctstream ").doesNotContain("${");
        assertThat(out().lines().findFirst())
                .hasValueSatisfying(line -> assertThat(line).matches("ctstream \\d+\\.\\d+\\.\\d+.*"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"run", "read", "verify", "doctor", "support-bundle", "broker", "bench"})
    void eachCommandHasHelpWithExamples(String command) {
        assertThat(run(command, "--help")).isZero();
        assertThat(out()).contains("Usage: ctstream " + command).contains("Examples:");
        assertThat(err()).isEmpty();
    }

    @Test
    void aKeyIsMadeWithoutABroker() {
        Path file = folder.resolve("proof.key");
        assertThat(run("proof", "key", "generate", file.toString(), "-D", "host.id=web-1"))
                .as(err())
                .isZero();
        assertThat(out()).startsWith("ctstream/web-1+");
        assertThat(file).exists();
    }

    @Test
    void helpListsTheCommandsAndTheExitCodes() {
        assertThat(run("--help")).isZero();
        assertThat(out()).contains("run", "read", "broker", "Exit codes:", "missing privilege");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    ''        | run, demo, watch, read, verify, lookup, entries, zones, spool, topics, proof, doctor, support-bundle, broker, bench
                    entries   | list, count, create, delete, flush
                    zones     | list, allocate
                    spool     | list, cat, verify
                    topics    | plan, apply
                    proof     | export, check, witness, key
                    """)
    void withoutACommandTheUsageIsPrinted(String command, String commands) {
        assertThat(command.isEmpty() ? run() : run(command)).isEqualTo(2);
        assertThat(err())
                .startsWith("Usage: ctstream " + command)
                .contains("Commands:")
                .contains("\nctstream: a command is missing: " + commands + "\n");
        assertThat(out()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"60, 60", "150, 150", "1, 55", "'', 100", "wide, 100"})
    void helpIsAsWideAsTheTerminal(String columns, int width) {
        environment.put("COLUMNS", columns);
        assertThat(run("entries", "list", "--help")).isZero();
        int longest = out().lines().mapToInt(String::length).max().orElse(0);
        assertThat(longest).isBetween(width - 12, width);
    }

    @Test
    void wrongOptionsExitWith2AndAreNamed() {
        assertThat(run("reed")).isEqualTo(2);
        assertThat(run("read", "--zone", "65536", "--bootstrap-server", "x:1")).isEqualTo(2);
        assertThat(err()).contains("65536 is not in 0..65535");
        assertThat(run("read", "--count", "many", "--bootstrap-server", "x:1")).isEqualTo(2);
        assertThat(run("read", "--frm-beginning")).isEqualTo(2);
        assertThat(err()).contains("--from-beginning");
        assertThat(run("broker", "--port", "-1")).isEqualTo(2);
        assertThat(out()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    --rates=-5         | rate: -5 is not possible
                    --zones=0          | zones: 0 is not possible
                    --seconds=0        | seconds: 0.0 is not possible
                    --load=tcp         | --load tcp is not packets, ctnetlink or none
                    --readers=tcpdump  | --readers tcpdump: not one of receive, encode, track, spool, kafka,
                    -Dbatch.max-event=5 | batch.max-event (-D): no such key; did you mean batch.max-events?
                    --load-cpu=1023    | there is no CPU 1023: the load and the reader need one each, and this machine has
                    """)
    void benchChecksItsOptionsBeforeItStarts(String option, String problem) {
        assertThat(run("bench", option)).isEqualTo(2);
        assertThat(err()).startsWith("ctstream: " + problem);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    CTSTREAM_LOG_LEVEL       | loud | is none of debug, info, warn, error
                    CTSTREAM_LOG_KAFKA_LEVEL | all  | is none of debug, info, warn, error
                    CTSTREAM_LOG_FORMAT      | xml  | is none of text, json, logfmt
                    """)
    void aWrongWordForTheLogIsRefusedByEveryCommand(String variable, String word, String problem) {
        environment.put(variable, word);
        assertThat(run("topics", "plan", "--hosts", "1")).isEqualTo(2);
        assertThat(err()).isEqualTo("ctstream: " + variable + "=" + word + ": " + problem + "\n");
        assertThat(out()).isEmpty();
    }

    @Test
    void runNamesAWrongWordForTheLogWithItsOtherProblems() {
        environment.putAll(Map.of("CTSTREAM_LOG_LEVEL", "loud", "CTSTREAM_LOG_FORMAT", "xml"));
        assertThat(run("run", "-D", "nope=1")).isEqualTo(2);
        assertThat(err())
                .contains("log.level=loud (CTSTREAM_LOG_LEVEL): is none of debug, info, warn, error\n")
                .contains("log.format=xml (CTSTREAM_LOG_FORMAT): is none of text, json, logfmt\n")
                .contains("nope (-D): no such key");
    }

    @Test
    void whatACommandSaysHasTheFormatOfTheLog() {
        environment.put("CTSTREAM_LOG_FORMAT", "json");
        assertThat(run("read")).isEqualTo(2);
        assertThat(err())
                .contains("\"level\":\"ERROR\"")
                .endsWith("\"message\":\"no broker given: --bootstrap-server HOST:PORT\"}\n");
    }

    @Test
    void benchRefusesTheHostsNamespace() {
        assertThat(run("bench")).isEqualTo(3);
        assertThat(err()).contains("only the launcher can create: start it as bin/ctstream bench");
    }

    @Test
    void errorsAreOneLineWithoutStackTraceUnlessRequested() {
        assertThat(run("read")).isEqualTo(2);
        assertThat(err()).isEqualTo("ctstream: no broker given: --bootstrap-server HOST:PORT\n");
        assertThat(run("read", "--debug")).isEqualTo(2);
        assertThat(err()).contains("\tat dev.ctstream");
        assertThat(run("--debug", "read")).isEqualTo(2);
    }

    @Test
    void allConfigurationProblemsAreReportedAtOnce() throws IOException {
        Path file = Files.writeString(folder.resolve("c.properties"), "batch.max-event=5\n");
        environment.put("CTSTREAM_DELIVERY", "never");
        assertThat(run("run", "--config", file.toString(), "-D", "netns=a/b", "-Dkafka.acks=7"))
                .isEqualTo(2);
        assertThat(err().lines().filter(line -> line.startsWith("ctstream: ")))
                .hasSize(5)
                .anyMatch(line -> line.contains(":1): no such key; did you mean batch.max-events?"))
                .anyMatch(line -> line.contains("delivery=never (CTSTREAM_DELIVERY): "))
                .anyMatch(line -> line.contains("netns=a/b (-D): "))
                .anyMatch(line -> line.contains("kafka.acks=7 (-D): "))
                .anyMatch(line -> line.contains("kafka.bootstrap.servers is not set"));
    }

    @Test
    void dumpedConfigurationNeedsNoBrokerAndCanBeUsedAgain() throws IOException {
        assertThat(run("run", "--dump-config", "-D", "host.id=h", "-D", "kafka.linger.ms=7"))
                .isZero();
        String dump = out();
        assertThat(dump).contains("\nhost.id=h\n").contains("\nkafka.linger.ms=7\n");
        Path file = Files.writeString(folder.resolve("c.properties"), dump);
        out.reset();
        assertThat(run("run", "--dump-config", "--config", file.toString())).isZero();
        assertThat(values(out())).isEqualTo(values(dump));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    run --check --dump-config -D host.id=h                          | --check and --dump-config exclude each other
                    run --embedded-kafka -D host.id=h -D kafka.bootstrap.servers=k:1 | --embedded-kafka publishes to a broker of its own, and kafka.bootstrap.servers=k:1 names another: leave one out
                    run --dump-config -D host.id=a -Dhost.id=b                      | -D host.id is given twice; leave one out
                    run --dump-config -D host.id=a -D events=new -D host.id=a       | -D host.id is given twice; leave one out
                    read -D kafka.linger.ms=5 -D kafka.linger.ms=6                  | -D kafka.linger.ms is given twice; leave one out
                    entries create -D host.id=a -D host.id=b                        | -D host.id is given twice; leave one out
                    """)
    void whatContradictsItselfIsRefused(String line, String problem) {
        assertThat(run(line.split(" +"))).isEqualTo(2);
        assertThat(err()).startsWith("ctstream: " + problem + "\n");
        assertThat(out()).isEmpty();
    }

    @Test
    void keysWithoutAFeatureEndTheStart() {
        assertThat(run("run", "--dump-config", "-D", "host.id=h", "-D", "filter.zone=7"))
                .isEqualTo(2);
        assertThat(err()).startsWith("ctstream: filter.zone (-D): no such key").hasLineCount(1);
        environment.put("CTSTREAM_FILTER_ZONE", "7");
        assertThat(run("run", "--dump-config", "-D", "host.id=h")).isEqualTo(2);
        assertThat(err())
                .startsWith("ctstream: filter.zone (CTSTREAM_FILTER_ZONE): no such key")
                .hasLineCount(1);
        assertThat(out()).isEmpty();
    }

    @Test
    void readExitsWith1WhenNoBrokerAnswers() throws IOException {
        String noBroker;
        try (ServerSocket socket = new ServerSocket(0)) {
            noBroker = "127.0.0.1:" + socket.getLocalPort();
        }
        long begin = System.nanoTime();
        assertThat(run("read", "--bootstrap-server", noBroker)).isEqualTo(1);
        assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofSeconds(10));
        assertThat(err())
                .startsWith("ctstream: no broker answers at " + noBroker + "; check that Kafka runs there")
                .hasLineCount(1);
    }

    @Test
    void readExitsWith1WhenTheBrokersNameIsUnknown() {
        assertThat(run("read", "--bootstrap-server", "no-such-host.invalid:9092"))
                .isEqualTo(1);
        assertThat(err())
                .startsWith("ctstream: no host name in no-such-host.invalid:9092 can be resolved; check")
                .hasLineCount(1);
    }

    @Test
    void misspeltClientSettingsAreNamed() throws IOException {
        Path file = Files.writeString(folder.resolve("client"), "bootstrap.servers=x:1\nsecurity.protocl=SSL\n");
        assertThat(run("read", "--command-config", file.toString(), "-D", "ssl.x=1"))
                .isEqualTo(2);
        assertThat(err())
                .contains("kafka.security.protocl (" + file + ":2): Kafka has no such setting; did you mean"
                        + " kafka.security.protocol?")
                .contains("ssl.x (-D): only keys that begin with kafka. or schema.registry. are allowed");
    }

    @Test
    void aClosedPipeEndsTheCommandQuietly() {
        OutputStream gone = new OutputStream() {
            @Override
            public void write(int b) throws IOException {
                throw new IOException("Broken pipe");
            }
        };
        Console console = new Console(gone, printer(err), environment, false, false);
        assertThat(Main.execute(console, "run", "--dump-config", "-D", "host.id=h"))
                .isZero();
        assertThat(err()).isEmpty();
    }

    static Stream<Arguments> errors() {
        return Stream.of(
                Arguments.of(new OutOfMemoryError("Java heap space"), "not enough memory: the heap is"),
                Arguments.of(new StackOverflowError(), "not enough stack: the input is nested too deeply"),
                Arguments.of(
                        new UnsatisfiedLinkError("no zstd"), "unexpected error: a library cannot be used: no zstd"),
                Arguments.of(new AssertionError("5 is even"), "unexpected error: 5 is even; please report it"),
                Arguments.of(new IllegalStateException(), "unexpected error: illegal state; please report it"));
    }

    /** 3 would mean a missing privilege. */
    @ParameterizedTest
    @MethodSource("errors")
    void anErrorOfTheProgramIsASentenceAndExitCode1(Throwable error, String sentence) {
        OutputStream failing = new OutputStream() {
            @Override
            public void write(int b) {
                if (error instanceof Error failure) {
                    throw failure;
                }
                throw (RuntimeException) error;
            }
        };
        Console console = new Console(failing, printer(err), environment, false, false);
        assertThat(Main.execute(console, "run", "--dump-config", "-D", "host.id=h"))
                .isEqualTo(1);
        assertThat(err()).startsWith("ctstream: " + sentence).hasLineCount(1);
    }

    @Test
    void coloursOnlyTerminalsThatAllowIt() {
        assertThat(new Console(out, printer(err), environment, true, true).colour())
                .isTrue();
        assertThat(new Console(out, printer(err), environment, false, true).colour())
                .isFalse();
        environment.put("NO_COLOR", "1");
        assertThat(new Console(out, printer(err), environment, true, true).colour())
                .isFalse();
    }

    private static Map<String, String> values(String dump) {
        Map<String, String> values = new HashMap<>();
        dump.lines()
                .filter(line -> !line.startsWith("#") && line.contains("="))
                .forEach(line -> values.put(line.split("=", 2)[0], line.split("=", 2)[1]));
        return values;
    }

    private int run(String... arguments) {
        err.reset();
        return Main.execute(new Console(out, printer(err), environment, false, false), arguments);
    }

    private static PrintStream printer(OutputStream stream) {
        return new PrintStream(stream, true, StandardCharsets.UTF_8);
    }

    private String out() {
        return out.toString(StandardCharsets.UTF_8);
    }

    private String err() {
        return err.toString(StandardCharsets.UTF_8);
    }
}
