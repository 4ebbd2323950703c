package dev.ctstream.broker;

import dev.ctstream.netlink.ErrorText;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * A Kafka broker in a child JVM on 127.0.0.1, for the demo, for {@code run --embedded-kafka} and for the tests. It ends
 * when this process ends, for whatever reason: the child watches its stdin.
 *
 * <p>Ownership: owns the child process, and its data directory when that is temporary (deleted by {@link #close}, by a
 * shutdown hook, or by the child itself when this process was killed).
 * <p>Threads: safe; the methods are mutually exclusive.
 * <p>Errors: a broker that does not start gives an IOException with the end of its log.
 */
public final class EmbeddedBroker implements AutoCloseable {
    /** How a package says where its native libraries are; see {@code bin/ctstream}. */
    private static final List<String> NATIVE_LIBRARIES =
            List.of("java.library.path", "jna.boot.library.path", "jna.nounpack", "org.xerial.snappy.use.systemlib");

    private static final long START_SECONDS = 90;
    private static final long STOP_SECONDS = 20;
    private static final int START_ATTEMPTS = 3;
    private static final int LOG_TAIL_LINES = 15;

    private final Path data;
    private final boolean temporary;
    private final Map<String, String> properties;
    private final Program program;
    private final Thread hook = new Thread(this::endAtExit, "embedded-broker-end");
    private int port;
    private boolean portIsKnown;
    private volatile @Nullable Process process;

    /** The command line of the child; it prints its address when records can be produced, and ends with its stdin. */
    interface Program {
        List<String> command(int port, Path data, Map<String, String> properties) throws IOException;
    }

    EmbeddedBroker(Path data, boolean temporary, Map<String, String> properties, Program program) throws IOException {
        this.program = program;
        this.data = data.toAbsolutePath();
        this.temporary = temporary;
        this.properties = Map.copyOf(properties);
        this.port = BrokerServer.freePort();
        if (temporary) {
            Files.createFile(data.resolve(BrokerServer.TEMPORARY_MARKER));
        }
        Runtime.getRuntime().addShutdownHook(hook);
    }

    /** A broker, not started yet, with its own data, which {@link #close} deletes; {@code properties} override ours. */
    public static EmbeddedBroker temporary(Map<String, String> properties) throws IOException {
        return new EmbeddedBroker(
                Files.createTempDirectory("ctstream-broker-"), true, properties, EmbeddedBroker::command);
    }

    /** A broker, not started yet, on a data directory that is kept and reused. */
    public static EmbeddedBroker at(Path data, Map<String, String> properties) throws IOException {
        Files.createDirectories(data);
        return new EmbeddedBroker(data, false, properties, EmbeddedBroker::command);
    }

    /** Starts the child and returns when records can be produced. After a stop or a kill: same data, same port. */
    public synchronized void start() throws IOException {
        if (process != null) {
            throw new IllegalStateException("the broker is already running");
        }
        for (int attempt = 1; ; attempt++) {
            try {
                startOnce();
                portIsKnown = true;
                return;
            } catch (IOException e) {
                // Another process may have taken the port since we chose it. Once clients know the port, it must not
                // change.
                if (portIsKnown
                        || attempt == START_ATTEMPTS
                        || !ErrorText.reason(e).contains("port")) {
                    throw e;
                }
                port = BrokerServer.freePort();
            }
        }
    }

    /** The address for clients, {@code 127.0.0.1:PORT}; fixed after the first start. */
    public synchronized String bootstrapServers() {
        return "127.0.0.1:" + port;
    }

    /** The broker's data directory; its log is in {@code broker.log}. */
    public Path data() {
        return data;
    }

    /** The child's process id; -1 when it does not run. */
    public synchronized long pid() {
        Process running = process;
        return running == null ? -1 : running.pid();
    }

    /** Stops the child cleanly; it can be started again. */
    public synchronized void stop() {
        Process running = process;
        if (running != null) {
            try {
                running.getOutputStream().write('\n');
                running.getOutputStream().flush();
            } catch (IOException e) {
                // It has already ended.
            }
            end(running, STOP_SECONDS);
        }
    }

    /** Kills the child with SIGKILL, as the kernel's out-of-memory killer would; it can be started again. */
    public synchronized void kill() {
        Process running = process;
        if (running != null) {
            running.toHandle().destroyForcibly();
            end(running, STOP_SECONDS);
        }
    }

    /** Stops the child and deletes its data when it is temporary. */
    @Override
    public synchronized void close() {
        stop();
        deleteTemporaryData();
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            // The JVM is shutting down: the hook runs, or has run.
        }
    }

    /** Takes no lock: another thread may be waiting in {@link #start} while this process is told to end. */
    private void endAtExit() {
        Process running = process;
        if (running != null) {
            running.destroyForcibly();
            end(running, STOP_SECONDS);
        }
        deleteTemporaryData();
    }

    private void deleteTemporaryData() {
        if (temporary && Files.exists(data)) {
            BrokerServer.deleteTree(data);
        }
    }

    private void end(Process running, long seconds) {
        try {
            if (!running.waitFor(seconds, TimeUnit.SECONDS)) {
                running.destroyForcibly().waitFor();
            }
        } catch (InterruptedException e) {
            running.destroyForcibly();
            Thread.currentThread().interrupt();
        }
        process = null;
    }

    private void startOnce() throws IOException {
        Path log = data.resolve("broker.log");
        Process child = new ProcessBuilder(program.command(port, data, properties))
                .redirectError(ProcessBuilder.Redirect.appendTo(log.toFile()))
                .start();
        process = child;
        CompletableFuture<String> address = new CompletableFuture<>();
        Thread reader = new Thread(() -> readAddress(child, address), "embedded-broker-address");
        reader.setDaemon(true);
        reader.start();
        try {
            address.get(START_SECONDS, TimeUnit.SECONDS);
            return;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (ExecutionException | TimeoutException e) {
            // Reported below with the end of the child's log.
        }
        kill();
        throw new IOException(
                "the embedded broker did not start (limit: " + START_SECONDS + " s); the end of its log: " + tail(log));
    }

    private static void readAddress(Process child, CompletableFuture<String> address) {
        try (BufferedReader out =
                new BufferedReader(new InputStreamReader(child.getInputStream(), StandardCharsets.UTF_8))) {
            String line = out.readLine();
            if (line == null) {
                address.completeExceptionally(new IOException("it ended"));
                return;
            }
            address.complete(line);
            out.transferTo(Writer.nullWriter()); // no output is expected; a full pipe must not block the child
        } catch (IOException e) {
            address.completeExceptionally(e);
        }
    }

    private static String tail(Path log) throws IOException {
        List<String> lines = Files.readAllLines(log);
        return String.join("\n", lines.subList(Math.max(0, lines.size() - LOG_TAIL_LINES), lines.size()));
    }

    private static List<String> command(int port, Path data, Map<String, String> properties) throws IOException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of("-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData"));
        command.add("--enable-native-access=ALL-UNNAMED");
        command.add("-Djava.rmi.server.hostname=127.0.0.1"); // for JMX: the host's own name may lead out of a namespace
        if (Runtime.version().feature() >= 24) {
            command.add("--sun-misc-unsafe-memory-access=allow"); // an older JVM refuses to start with it
        }
        for (String property : NATIVE_LIBRARIES) {
            String value = System.getProperty(property);
            if (value != null) {
                command.add("-D" + property + "=" + value);
            }
        }
        command.addAll(List.of("-cp", classPath(), "dev.ctstream.cli.Main", "broker"));
        command.addAll(List.of("--port", Integer.toString(port), "--data", data.toString(), "--exit-with-stdin"));
        properties.forEach((key, value) -> command.addAll(List.of("-D", key + "=" + value)));
        return command;
    }

    /** The installed layout ({@code lib}, {@code broker}) under {@code ctstream.home}; otherwise our own class path. */
    private static String classPath() throws IOException {
        String home = System.getProperty("ctstream.home");
        if (home == null) {
            return System.getProperty("java.class.path");
        }
        Path broker = Path.of(home, "broker");
        if (!Files.isDirectory(broker)) {
            throw new IOException("the embedded broker is not installed: " + broker + " is missing");
        }
        return Path.of(home, "lib", "*") + File.pathSeparator + broker.resolve("*");
    }
}
