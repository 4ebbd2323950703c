package dev.ctstream.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.ctstream.netlink.ProcessControl;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * A child process that runs on one CPU from its first instruction: a thread pinned to that CPU starts it.
 *
 * <p>Ownership: owns the process; {@link #close} ends it, and so does an orderly exit of this JVM. When this JVM is
 * killed, Java processes started here end with their stdin; other programs outlive it.
 *
 * <p>Threads: confined to one.
 */
final class ChildProcess implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final long STOP_SECONDS = 15;
    private static final long ANSWER_SECONDS = 120;
    private static final int TAIL_LINES = 12;

    private final String name;
    private final Process process;
    private final Path errors;
    private final BufferedReader out;
    private final Writer in;
    private final Thread hook;

    private ChildProcess(String name, Process process, Path errors) {
        this.name = name;
        this.process = process;
        this.errors = errors;
        out = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
        in = process.outputWriter(StandardCharsets.UTF_8);
        hook = new Thread(process::destroyForcibly, "bench-end-" + name);
        Runtime.getRuntime().addShutdownHook(hook);
    }

    /**
     * Starts a class of this program with the options of this JVM.
     *
     * @param folder for its stderr
     * @param options for its JVM, after those of this JVM
     */
    static ChildProcess java(Class<?> main, int cpu, Path folder, List<String> options, List<String> arguments)
            throws IOException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(option -> !option.startsWith("-javaagent") && !option.startsWith("-agent"))
                .forEach(command::add);
        command.addAll(options);
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), main.getName()));
        command.addAll(arguments);
        return start(main.getSimpleName(), cpu, folder, command, null);
    }

    /**
     * Starts any program.
     *
     * @param output file for its stdout; null = {@link #ask} reads it
     */
    static ChildProcess start(String name, int cpu, Path folder, List<String> command, @Nullable File output)
            throws IOException {
        Path errors = Files.createTempFile(folder, name, ".err");
        ProcessBuilder builder = new ProcessBuilder(command).redirectError(errors.toFile());
        if (output != null) {
            builder.redirectOutput(output);
        }
        return new ChildProcess(name, pinned(builder, cpu), errors);
    }

    private static Process pinned(ProcessBuilder builder, int cpu) throws IOException {
        AtomicReference<@Nullable Process> started = new AtomicReference<>();
        AtomicReference<@Nullable IOException> failure = new AtomicReference<>();
        Thread starter = new Thread(
                () -> {
                    try {
                        ProcessControl.pinThread(cpu);
                        started.set(builder.start());
                    } catch (IOException e) {
                        failure.set(e);
                    }
                },
                "bench-start");
        starter.start();
        try {
            starter.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        Process process = started.get();
        if (process != null) {
            return process;
        }
        IOException reason = failure.get();
        throw reason == null ? new IOException("interrupted") : reason;
    }

    String name() {
        return name;
    }

    /** Sends SIGTERM. */
    void terminate() {
        process.destroy();
    }

    long pid() {
        return process.pid();
    }

    boolean isAlive() {
        return process.isAlive();
    }

    /** Sends a line and returns the answer; for requests that take almost no work. */
    JsonNode ask(String line) throws IOException {
        return ask(line, ANSWER_SECONDS);
    }

    /** Sends a line and returns the answer; kills a process that does not answer in time. */
    JsonNode ask(String line, long withinSeconds) throws IOException {
        try {
            in.write(line + "\n");
            in.flush();
        } catch (IOException e) {
            throw failed();
        }
        return answer(withinSeconds);
    }

    /** The first JSON object that it prints without a request. */
    JsonNode answer() throws IOException {
        return answer(ANSWER_SECONDS);
    }

    /** The next JSON object that it prints; kills a process that prints nothing in time. */
    JsonNode answer(long withinSeconds) throws IOException {
        AtomicBoolean late = new AtomicBoolean();
        Runnable kill = () -> {
            late.set(true);
            process.destroyForcibly();
        };
        CompletableFuture<?> end =
                CompletableFuture.runAsync(kill, CompletableFuture.delayedExecutor(withinSeconds, TimeUnit.SECONDS));
        String answer = out.readLine();
        while (answer != null && !answer.startsWith("{")) {
            answer = out.readLine(); // the JVM's own log: a flight recording announces itself on stdout
        }
        end.cancel(false);
        if (answer == null && late.get()) {
            throw new IOException(
                    name + " has not answered within " + withinSeconds + " s; its last output: " + lastOutput());
        }
        if (answer == null) {
            throw failed();
        }
        return JSON.readTree(answer);
    }

    private IOException failed() {
        return new IOException(name + " has ended; its last output: " + lastOutput());
    }

    /** The last part of its stderr. */
    String lastOutput() {
        try {
            List<String> lines = Files.readAllLines(errors);
            return String.join("\n", lines.subList(Math.max(0, lines.size() - TAIL_LINES), lines.size()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    CpuTimes cpuTimes() throws IOException {
        return CpuTimes.of(pid());
    }

    /** Closes its stdin, then sends SIGTERM, then kills it. */
    @Override
    public void close() {
        try {
            in.close();
        } catch (IOException e) {
            // It has already ended.
        }
        try {
            if (!process.waitFor(STOP_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly().waitFor();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            // The JVM is shutting down: the hook runs or has run.
        }
    }
}
