package dev.ctstream.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.ctstream.cli.Console;
import dev.ctstream.cli.Main;
import dev.ctstream.netlink.NotifyStandIn;
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
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Signals to {@code bin/ctstream run}, from its first moment on. */
class SignalsKernelIT {
    private static final Duration SOON = Duration.ofSeconds(60);
    private static final int USR1 = 10;
    private static final int USR2 = 12;

    @TempDir
    private Path folder;

    /** How far the start is. */
    private enum Moment {
        LAUNCHER, // bash, with its traps
        JVM,
        HANDLED, // the JVM has our handlers
        SUBSCRIBED,
        STARTED
    }

    private void awaitMoment(LaunchedProgram run, Moment moment) {
        Path process = Path.of("/proc", Long.toString(run.pid()));
        BooleanSupplier reached = switch (moment) {
            case LAUNCHER -> () -> has(process, "SigIgn:", USR2) && has(process, "SigCgt:", 15);
            case JVM -> () -> text(process.resolve("comm")).equals("java\n");
            case HANDLED -> () -> has(process, "SigCgt:", USR1);
            case SUBSCRIBED -> () -> run.err().contains("subscribed");
            case STARTED -> () -> run.err().contains(" started ");
        };
        await(moment.name())
                .atMost(SOON)
                .pollDelay(Duration.ZERO)
                .pollInterval(Duration.ofMillis(1))
                .until(reached::getAsBoolean);
    }

    private static boolean has(Path process, String field, int signal) {
        return text(process.resolve("status"))
                .lines()
                .filter(line -> line.startsWith(field))
                .anyMatch(line ->
                        (Long.parseUnsignedLong(line.substring(field.length()).strip(), 16) >>> (signal - 1) & 1) == 1);
    }

    private static String text(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            return "";
        }
    }

    @ParameterizedTest
    @CsvSource({
        "TERM, LAUNCHER, 143",
        "TERM, JVM, 143",
        "TERM, HANDLED, 0",
        "TERM, SUBSCRIBED, 0",
        "INT, LAUNCHER, 130",
        "INT, HANDLED, 0",
    })
    void endsCleanlyOrHasNotBegun(String signal, Moment moment, int code) throws Exception {
        try (LaunchedProgram run = run()) {
            awaitMoment(run, moment);
            run.signal(signal);
            int exitCode = run.exitCode();
            if (moment == Moment.JVM && exitCode == 0) {
                assertEndedCleanly(); // it was that fast
                return;
            }
            assertThat(exitCode).as(run::err).isEqualTo(code);
            if (code == 0) {
                assertEndedCleanly();
                return;
            }
            assertThat(spool()).doesNotExist();
            assertThat(run.err())
                    .isEqualTo(
                            moment == Moment.LAUNCHER
                                    ? "ctstream: ended by SIG" + signal + " before it had begun\n"
                                    : "");
        }
    }

    @Test
    void requestsForARunningCollectorNeverEndIt() throws Exception {
        try (LaunchedProgram run = run()) {
            for (Moment moment : Moment.values()) {
                awaitMoment(run, moment);
                for (String signal : List.of("USR2", "HUP", "USR1", "USR2")) {
                    run.signal(signal);
                }
            }
            run.awaitStderr("configuration read again");
            await().atMost(SOON)
                    .until(() ->
                            kinds().stream().filter("SNAPSHOT_BEGIN"::equals).count() > 1);
            run.terminate();
            assertThat(run.exitCode()).as(run::err).isZero();
            assertEndedCleanly();
        }
    }

    @Test
    void aClosedTerminalEndsItCleanly() throws Exception {
        Path pid = folder.resolve("pid");
        String command =
                "echo $$ > " + pid + "; exec " + LaunchedProgram.launcher(folder) + " " + String.join(" ", arguments());
        ProcessBuilder builder = new ProcessBuilder(
                        "env", "--default-signal=INT,HUP,TERM", "script", "-qec", command, "/dev/null")
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD);
        builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
        builder.environment().keySet().removeAll(List.of("INVOCATION_ID", "NOTIFY_SOCKET"));
        builder.environment().keySet().removeIf(name -> name.startsWith("CTSTREAM_"));
        Process terminal = builder.start();
        try {
            await().atMost(SOON).until(() -> kinds().contains("STARTED"));
        } finally {
            terminal.destroyForcibly();
        }
        long run = Long.parseLong(text(pid).strip());
        await().atMost(SOON)
                .until(() ->
                        ProcessHandle.of(run).filter(ProcessHandle::isAlive).isEmpty());
        assertEndedCleanly();
    }

    @Test
    void aHangupReadsTheConfigurationAgain() throws Exception {
        Path file = Files.writeString(folder.resolve("c.properties"), "log.level=info\nevents=new\n");
        try (LaunchedProgram run = run("--config", file.toString())) {
            run.awaitStderr(" started ");
            Files.writeString(file, "log.level=warn\nlog.format=logfmt\nevents=new,destroy\nbatch.max-events=9\n");
            run.signal("HUP");
            assertThat(run.awaitStderr("configuration read again"))
                    .contains("level=WARN")
                    .contains("changed=log.format,log.level needs_a_restart=batch.max-events,events");
            Files.writeString(file, "log.level=loud\nbatch.max-event=9\nlog.format=xml\n");
            run.signal("HUP");
            run.awaitStderr("level=WARN thread=main logger=CollectorRun message=\"configuration is not read again,"
                    + " nothing changes problems=3\" problems=3");
            assertThat(run.awaitStderr("log.level=loud (" + file + ":1): ")).contains("level=WARN");
            assertThat(run.awaitStderr("batch.max-event (" + file + ":2): no such key"))
                    .contains("level=WARN");
            run.awaitStderr("log.format=xml (" + file + ":3): is none of text, json, logfmt");
            run.terminate();
            assertThat(run.exitCode()).as(run::err).isZero();
            assertThat(run.err()).as("at the level warn").doesNotContain(" stopped, everything");
        }
    }

    @Test
    void systemdIsToldOfTheSubscriptionOfLifeOfAReloadAndOfTheEnd() throws Exception {
        Path address = folder.resolve("notify");
        List<String> told = new ArrayList<>();
        try (NotifyStandIn systemd = new NotifyStandIn(address)) {
            Map<String, String> environment = Map.of("NOTIFY_SOCKET", address.toString(), "WATCHDOG_USEC", "300000");
            try (LaunchedProgram run =
                    LaunchedProgram.installed(folder, environment, arguments().toArray(String[]::new))) {
                await().atMost(SOON).until(() -> told.addAll(systemd.received()) && told.contains("READY=1"));
                assertThat(run.err()).contains("subscribed");
                await().atMost(SOON).until(() -> told.addAll(systemd.received()) && told.contains("WATCHDOG=1"));
                run.signal("HUP");
                run.awaitStderr("configuration read again");
                run.terminate();
                assertThat(run.exitCode()).as(run::err).isZero();
            }
            told.addAll(systemd.received());
        }
        assertThat(told.stream().filter(state -> !state.equals("WATCHDOG=1")).map(SignalsKernelIT::name))
                .containsSubsequence("READY", "STATUS", "RELOADING", "READY", "STOPPING");
    }

    private static String name(String state) {
        return state.substring(0, state.indexOf('='));
    }

    private void assertEndedCleanly() throws IOException {
        assertThat(kinds()).isNotEmpty().last().isEqualTo("STOPPED");
    }

    /** The kinds of the control records in the spool. */
    private List<String> kinds() throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        PrintStream err = new PrintStream(new ByteArrayOutputStream(), true, StandardCharsets.UTF_8);
        Main.execute(
                new Console(out, err, Map.of(), false, false), "spool", "cat", "--control", "-o", "json", spool() + "");
        return out.toString(StandardCharsets.UTF_8)
                .lines()
                .filter(line -> line.contains("\"kind\":\""))
                .map(line -> line.replaceAll(".*\"kind\":\"([A-Z_]+)\".*", "$1"))
                .toList();
    }

    private LaunchedProgram run(String... more) throws IOException {
        List<String> words = new ArrayList<>(arguments());
        words.addAll(List.of(more));
        return LaunchedProgram.installed(folder, Map.of(), words.toArray(String[]::new));
    }

    private List<String> arguments() {
        return List.of(
                "run",
                "-D",
                "host.id=it-host",
                "-D",
                "kafka.bootstrap.servers=127.0.0.1:1",
                "-D",
                "http.listen=off",
                "-D",
                "spool.directory=" + spool());
    }

    private Path spool() {
        return folder.resolve("spool");
    }
}
