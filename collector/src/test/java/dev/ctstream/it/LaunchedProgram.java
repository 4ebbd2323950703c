package dev.ctstream.it;

import static org.awaitility.Awaitility.await;

import dev.ctstream.cli.Main;
import dev.ctstream.netlink.TestJvm;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * The packaged program in a separate process, started as by the launcher's script, in the calling thread's network
 * namespace. Its output goes to files, so it never waits for a reader.
 *
 * <p>Ownership: owns the process; closing kills it.
 */
final class LaunchedProgram implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final Process process;
    private final Path out;
    private final Path err;

    private LaunchedProgram(Process process, Path out, Path err) {
        this.process = process;
        this.out = out;
        this.err = err;
    }

    /**
     * Starts the program.
     *
     * @param folder for its output
     * @param environment added to ours, of which {@code CTSTREAM_*} variables are not passed on
     * @param jvm options for the JVM
     */
    static LaunchedProgram start(Path folder, Map<String, String> environment, List<String> jvm, String... arguments)
            throws IOException {
        String home = System.getProperty("ctstream.home");
        List<String> command = TestJvm.command("-XX:+UseSerialGC", "-Xmx256m");
        command.addAll(jvm);
        command.add("-Dctstream.home=" + home);
        command.add("-Duser.home=" + System.getProperty("user.home"));
        command.addAll(List.of("-cp", Path.of(home, "lib", "*").toString(), Main.class.getName()));
        command.addAll(List.of(arguments));
        return of(folder, environment, command);
    }

    /** Starts the program by its script, from an installation that the script does not build; it has no terminal. */
    static LaunchedProgram installed(Path folder, Map<String, String> environment, String... arguments)
            throws IOException {
        List<String> command = new ArrayList<>(
                List.of("env", "--default-signal=INT,HUP,TERM", launcher(folder).toString()));
        command.addAll(List.of(arguments));
        return of(folder, environment, command);
    }

    /** The script of an installation, which is made in the folder when it is not there. */
    static Path launcher(Path folder) throws IOException {
        Path home = folder.resolve("installed");
        if (Files.notExists(home)) {
            Files.createDirectories(home.resolve("bin"));
            for (String name : List.of("ctstream", "in-private-namespace")) {
                Files.copy(Path.of("bin", name), home.resolve("bin").resolve(name), StandardCopyOption.COPY_ATTRIBUTES);
            }
            for (String name : List.of("lib", "broker")) {
                Files.createSymbolicLink(home.resolve(name), Path.of(System.getProperty("ctstream.home"), name));
            }
        }
        return home.resolve("bin/ctstream");
    }

    /** Starts a command that becomes the program. */
    static LaunchedProgram of(Path folder, Map<String, String> environment, List<String> command) throws IOException {
        Path out = Files.createTempFile(folder, "out", ".txt");
        Path err = Files.createTempFile(folder, "err", ".txt");
        ProcessBuilder builder =
                new ProcessBuilder(command).redirectOutput(out.toFile()).redirectError(err.toFile());
        builder.environment().keySet().removeIf(name -> name.startsWith("CTSTREAM_"));
        builder.environment().putIfAbsent("JAVA_HOME", System.getProperty("java.home"));
        builder.environment().putAll(environment);
        return new LaunchedProgram(builder.start(), out, err);
    }

    /** Sends a signal, named without SIG. */
    void signal(String name) throws IOException, InterruptedException {
        new ProcessBuilder("/bin/bash", "-c", "kill -s " + name + " " + pid())
                .inheritIO()
                .start()
                .waitFor();
    }

    String out() {
        return read(out);
    }

    String err() {
        return read(err);
    }

    /** Waits until it has printed this text on stderr; returns the line. */
    String awaitStderr(String text) {
        await(text)
                .atMost(PATIENCE)
                .failFast("the program has ended before: " + text, () -> !process.isAlive() && !err().contains(text))
                .until(() -> err().contains(text));
        return err().lines().filter(line -> line.contains(text)).findFirst().orElseThrow();
    }

    /** Waits until it has ended; returns its exit code. */
    int exitCode() throws InterruptedException {
        if (!process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
            throw new AssertionError("the program does not end; its last output: " + err());
        }
        return process.exitValue();
    }

    /** Sends SIGTERM. */
    void terminate() {
        process.destroy();
    }

    /** Sends SIGKILL. */
    void kill() {
        process.destroyForcibly();
    }

    long pid() {
        return process.pid();
    }

    boolean isAlive() {
        return process.isAlive();
    }

    /** The processes that it has started. */
    List<ProcessHandle> children() {
        return process.children().toList();
    }

    /**
     * The answer of an HTTP server on loopback, including the status line; the request is sent in the calling thread's
     * namespace.
     */
    static String get(int port, String path) {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.getOutputStream().write(("GET " + path + " HTTP/1.0\r\n\r\n").getBytes(StandardCharsets.US_ASCII));
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            return "no answer: " + e;
        }
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        process.destroyForcibly();
        try {
            process.waitFor();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
