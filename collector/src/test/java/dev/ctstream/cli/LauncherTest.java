package dev.ctstream.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * {@code bin/ctstream} in a source tree of which only the launcher is real. Its Maven and its Java are small scripts; the
 * Java prints how it was called. A terminal is made by {@code script} of util-linux.
 */
class LauncherTest {
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
        script("jdk/bin/java", "#!/bin/sh\necho \"columns ${COLUMNS:-none} flags $*\"\n");
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
        Path out = folder.resolve("out");
        Path err = folder.resolve("err");
        ProcessBuilder builder = new ProcessBuilder(command)
                .redirectInput(Path.of("/dev/null").toFile())
                .redirectOutput(out.toFile())
                .redirectError(err.toFile());
        builder.environment().remove("COLUMNS");
        builder.environment().put("JAVA_HOME", folder.resolve("jdk").toString());
        builder.environment()
                .put(
                        "PATH",
                        folder.resolve("tools") + ":" + builder.environment().get("PATH"));
        builder.environment().put("CTSTREAM_JAVA_OPTS", "-Xmx1g -Dlast=1");
        Process process = builder.start();
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        return new Result(
                process.exitValue(),
                Files.readString(out, StandardCharsets.UTF_8),
                Files.readString(err, StandardCharsets.UTF_8));
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
}
