package dev.ctstream.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * {@code bin/ctstream} in a source tree of which only the launcher is real. Its Maven and its Java are small scripts; the
 * Java prints how it was called. A terminal is made by {@code script} of util-linux.
 */
class LauncherTest {
    private static final Duration SOON = Duration.ofSeconds(30);
    private static final int HUP = 1;
    private static final int INT = 2;
    private static final int USR1 = 10;
    private static final int USR2 = 12;
    private static final int TERM = 15;
    private static final String CLEAR = "\r\u001b[K";

    @TempDir
    private Path folder;

    private Path launcher = Path.of("");

    @BeforeEach
    void makeTree() throws IOException {
        launcher = folder.resolve("collector/bin/ctstream");
        for (String name : List.of("ctstream", "in-private-namespace")) {
            script("collector/bin/" + name, Files.readString(Path.of("bin", name)));
        }
        for (String module : List.of("schemas", "collector")) {
            Files.createDirectories(folder.resolve(module + "/src/main"));
            Files.writeString(folder.resolve(module + "/pom.xml"), "");
        }
        Files.writeString(folder.resolve("pom.xml"), "");
        script("jdk/bin/java", """
                #!/bin/sh
                echo "columns ${COLUMNS:-none} flags $*"
                echo "locale ${LC_ALL:-none} jvm signal ${_JAVA_SR_SIGNUM:-none}"
                grep -E '^Sig(Ign|Cgt)' /proc/$$/status
                """);
        script("jdk/bin/javac", "#!/bin/sh\n");
        Files.writeString(folder.resolve("jdk/release"), "JAVA_VERSION=\"17.0.15\"\n");
        maven("""
                echo '[INFO] --- maven-compiler-plugin:3.16.0:compile (default-compile) @ ctstream-collector ---'
                mkdir -p collector/target/lib collector/target/broker
                echo > collector/target/lib/ctstream-collector-1.jar
                """);
    }

    private void maven(String body) throws IOException {
        script("tools/mvn", "#!/bin/sh\nset -e\n" + body);
    }

    private void script(String name, String text) throws IOException {
        Path file = folder.resolve(name);
        Files.createDirectories(file.getParent());
        Files.writeString(file, text);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    private record Result(int code, String out, String err) {}

    private Result run(String... command) throws IOException, InterruptedException {
        return result(start(Map.of(), command));
    }

    private Process start(Map<String, String> environment, String... command) throws IOException {
        // A shell in the background ignores SIGINT, and all that it starts inherits that.
        List<String> words = new ArrayList<>(List.of("env", "--default-signal=INT,HUP,TERM"));
        words.addAll(List.of(command));
        ProcessBuilder builder = new ProcessBuilder(words)
                .redirectInput(Path.of("/dev/null").toFile())
                .redirectOutput(folder.resolve("out").toFile())
                .redirectError(folder.resolve("err").toFile());
        builder.environment().remove("COLUMNS");
        builder.environment().put("JAVA_HOME", folder.resolve("jdk").toString());
        builder.environment()
                .put(
                        "PATH",
                        folder.resolve("tools") + ":" + builder.environment().get("PATH"));
        builder.environment().put("CTSTREAM_JAVA_OPTS", "-Xmx1g -Dlast=1");
        builder.environment().keySet().removeAll(List.of("LC_ALL", "LC_CTYPE", "LANG"));
        builder.environment().putAll(environment);
        return builder.start();
    }

    private Result result(Process process) throws IOException, InterruptedException {
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        return new Result(
                process.exitValue(),
                Files.readString(folder.resolve("out"), StandardCharsets.UTF_8),
                Files.readString(folder.resolve("err"), StandardCharsets.UTF_8));
    }

    private Result launch(String... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(launcher.toString()));
        command.addAll(List.of(arguments));
        return run(command.toArray(String[]::new));
    }

    /** Its stdout and stderr are a terminal of 73 columns. */
    private String launchOnATerminal(String arguments) throws IOException, InterruptedException {
        return run("script", "-qec", "stty rows 24 cols 73; " + launcher + " " + arguments, "/dev/null")
                .out();
    }

    @Test
    void theBuildIsQuietWithoutATerminal() throws Exception {
        Result built = launch("--version");
        assertThat(built.code()).as(built.err()).isZero();
        assertThat(built.err())
                .isEqualTo("ctstream: building (the first time downloads the libraries; a few minutes)\n");
        assertThat(Files.readString(folder.resolve("collector/target/build.log")))
                .isEqualTo(
                        "[INFO] --- maven-compiler-plugin:3.16.0:compile (default-compile) @ ctstream-collector ---\n");
        assertThat(launch("--version").err()).isEmpty();
    }

    @Test
    void onATerminalTheBuildShowsItsStepAndClearsTheLine() throws Exception {
        String shown = launchOnATerminal("--version");
        assertThat(shown).containsPattern("\r\u001b\\[Kctstream: building, \\d+ s: ctstream-collector compile\r");
        assertThat(shown.substring(shown.lastIndexOf(CLEAR))).startsWith(CLEAR + "columns ");
    }

    @Test
    void aBuildThatFailsPrintsItsErrorsAndExitsWith1() throws Exception {
        maven("echo '[INFO] scanning'; echo '[ERROR] no such thing'; exit 1");
        Result failed = launch("--version");
        assertThat(failed.code()).isEqualTo(1);
        assertThat(failed.err())
                .contains("[ERROR] no such thing\n", "build.log")
                .doesNotContain("scanning");
    }

    @Test
    void theHelpKnowsTheWidthOfTheTerminal() throws Exception {
        launch("--version");
        assertThat(launchOnATerminal("--help")).startsWith("columns 73 ");
        assertThat(launchOnATerminal("--help | cat")).startsWith("columns 73 ");
        assertThat(launch("--help").out()).startsWith("columns none ");
    }

    @Test
    void javaOptionsOfTheEnvironmentComeAfterOurs() throws Exception {
        launch("--version");
        String flags = launch("run").out();
        assertThat(flags).contains("-Xmx256m").contains(" -Xmx1g -Dlast=1 -cp ");
        assertThat(flags.indexOf("-Xmx1g")).isGreaterThan(flags.lastIndexOf("-Xmx256m"));
    }

    @Test
    void aPackageUsesItsOwnJavaItsArchiveAndItsUnpackedLibraries() throws Exception {
        Path home = folder.resolve("package");
        script("package/bin/ctstream", Files.readString(Path.of("bin/ctstream")));
        script("package/runtime/bin/java", "#!/bin/sh\necho \"packaged $*\"\n");
        Files.writeString(home.resolve("runtime/release"), "JAVA_VERSION=\"25.0.3\"\n");
        Files.writeString(home.resolve("ctstream-25.aot"), "");
        Files.createDirectories(home.resolve("lib/native"));
        Files.createDirectories(home.resolve("lib/ext"));
        for (String jar : List.of("lib/b.jar", "lib/A.jar", "lib/ext/login.jar")) {
            Files.writeString(home.resolve(jar), "");
        }
        Path linked = Files.createSymbolicLink(folder.resolve("linked"), home.resolve("bin/ctstream"));

        Result run = run(linked.toString(), "run");
        assertThat(run.err()).isEmpty();
        assertThat(run.out())
                .startsWith("packaged ")
                .contains(" -XX:AOTCache=" + home + "/ctstream-25.aot ")
                .contains(" -Djna.boot.library.path=" + home + "/lib/native -Djna.nounpack=true ")
                .contains(" -Djava.library.path=" + home + "/lib/native ")
                .contains(" -cp " + home + "/lib/A.jar:" + home + "/lib/b.jar:" + home + "/lib/ext/login.jar dev.");
    }

    @ParameterizedTest
    @CsvSource({"TERM, 143", "INT, 130", "HUP, 129"})
    void aSignalEndsTheBuildAndAllThatItHasStarted(String signal, int code) throws Exception {
        maven("""
                mkdir -p collector/target/lib collector/target/broker
                echo half > collector/target/lib/ctstream-collector-1.jar
                sleep 600 &
                echo "$$ $!" > pids.made
                mv pids.made pids
                wait
                """);
        Process build = start(Map.of(), launcher.toString(), "--version");
        try {
            await().atMost(SOON).until(() -> Files.exists(folder.resolve("pids")));
            for (String harmless : List.of("USR1", "USR2", signal)) {
                signal(harmless, build.pid());
            }
            Result ended = result(build);
            assertThat(ended.code()).isEqualTo(code);
            assertThat(ended.err()).endsWith("ctstream: ended by SIG" + signal + " before it had begun\n");
            assertThat(ended.out()).isEmpty();
        } finally {
            build.destroyForcibly();
        }
        for (String pid : Files.readString(folder.resolve("pids")).strip().split(" ", -1)) {
            await().atMost(SOON)
                    .until(() -> ProcessHandle.of(Long.parseLong(pid))
                            .filter(ProcessHandle::isAlive)
                            .isEmpty());
        }
        assertThat(folder.resolve("collector/target/lib/ctstream-collector-1.jar"))
                .doesNotExist();
    }

    private static void signal(String name, long pid) throws IOException, InterruptedException {
        new ProcessBuilder("/bin/bash", "-c", "kill -s " + name + " " + pid)
                .inheritIO()
                .start()
                .waitFor();
    }

    @Test
    void theJvmStartsWithTheSignalsIgnoredThatWouldEndItTooEarly() throws Exception {
        launch("--version");
        String run = launch("run").out();
        assertThat(run).contains("jvm signal 63\n");
        assertThat(ignored(run)).contains(HUP, USR1, USR2).doesNotContain(TERM, INT);
        assertThat(ignored(launch("read").out())).contains(USR1, USR2).doesNotContain(HUP, TERM, INT);
        assertThat(ignored(launchOnATerminal("run"))).contains(USR1, USR2).doesNotContain(HUP, TERM, INT);
    }

    private static Set<Integer> ignored(String out) {
        long mask = out.lines()
                .filter(line -> line.startsWith("SigIgn:"))
                .mapToLong(line -> Long.parseUnsignedLong(
                        line.substring(line.indexOf('\t') + 1).strip(), 16))
                .findFirst()
                .orElseThrow();
        return IntStream.rangeClosed(1, Long.SIZE)
                .filter(signal -> (mask >>> (signal - 1) & 1) == 1)
                .boxed()
                .collect(Collectors.toSet());
    }

    @ParameterizedTest
    @CsvSource({
        "C, C.UTF-8",
        "POSIX, C.UTF-8",
        "en_US.ISO-8859-1, C.UTF-8",
        "not_THERE.UTF-8, C.UTF-8",
        "C.UTF-8, C.UTF-8",
    })
    void theJvmHasALocaleWithUtf8(String locale, String chosen) throws Exception {
        launch("--version");
        Result started = result(start(Map.of("LC_ALL", locale), launcher.toString(), "--version"));
        assertThat(started.out()).contains("locale " + chosen + " ");
        Result byLang = result(start(Map.of("LANG", locale), launcher.toString(), "--version"));
        assertThat(byLang.out()).contains("locale " + (locale.equals(chosen) ? "none" : chosen) + " ");
        assertThat(byLang.err()).isEmpty();
    }
}
