package dev.ctstream.bench;

import com.fasterxml.jackson.databind.JsonNode;
import dev.ctstream.batch.BatchConfig;
import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * A reader that has subscribed.
 *
 * <p>Ownership: owns its process. Threads: confined to one.
 */
final class RunningReader implements AutoCloseable {
    private static final File NOWHERE = new File("/dev/null");
    private static final long START_NANOS = TimeUnit.SECONDS.toNanos(20);
    private static final long SETTLE_NANOS = TimeUnit.SECONDS.toNanos(120);
    private static final double NANOS_PER_MILLI = 1e6;
    private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(20);
    /** Time that a collector needs, in addition to its linger, to close, append and send its last batch. */
    private static final long GRACE_MILLIS = 100;

    private final ChildProcess process;
    private final boolean own;
    private final long lingerMillis;

    private double startMillis;
    private boolean complete;

    /**
     * A reader that has subscribed.
     *
     * @param own whether it is a {@link CollectorProcess}
     */
    RunningReader(ChildProcess process, boolean own, long lingerMillis) {
        this.process = process;
        this.own = own;
        this.lingerMillis = lingerMillis;
    }

    /**
     * Starts a reader and waits until it has subscribed.
     *
     * @param folder for its files
     * @param keys configuration of a collector
     */
    static RunningReader start(Reader reader, BenchConfig config, Path folder, Map<String, String> keys)
            throws IOException {
        long begin = System.nanoTime();
        RunningReader running = launch(reader, config, folder, keys);
        running.awaitSubscription();
        running.startMillis = (System.nanoTime() - begin) / NANOS_PER_MILLI;
        return running;
    }

    private static RunningReader launch(Reader reader, BenchConfig config, Path folder, Map<String, String> keys)
            throws IOException {
        if (reader instanceof Reader.Own collector) {
            List<String> arguments = new ArrayList<>(List.of(collector.stage().name(), config.version()));
            keys.forEach((key, value) -> arguments.add(key + "=" + value));
            ChildProcess process = ChildProcess.java(
                    CollectorProcess.class, config.cpus().reader(), folder, config.jvmOptions(), arguments);
            String linger = keys.getOrDefault("batch.linger-millis", Long.toString(BatchConfig.DEFAULT.lingerMillis()));
            return new RunningReader(process, true, Long.parseLong(linger));
        }
        Reader.Program program = (Reader.Program) reader;
        Peers.prepare(program, folder);
        ChildProcess process =
                ChildProcess.start(program.name(), config.cpus().reader(), folder, program.commandIn(folder), NOWHERE);
        return new RunningReader(process, false, 0);
    }

    private void awaitSubscription() throws IOException {
        long begin = System.nanoTime();
        while (sockets().count() == 0) {
            if (!process.isAlive() || System.nanoTime() - begin > START_NANOS) {
                String said = process.lastOutput();
                process.close();
                throw new IOException(process.name() + " does not subscribe to events; its last output: " + said);
            }
            LockSupport.parkNanos(LOOK_NANOS);
        }
    }

    /** Time from the start of the process to its subscription; accurate to 20 ms. */
    double startMillis() {
        return startMillis;
    }

    NetlinkSockets sockets() throws IOException {
        return NetlinkSockets.of(process.pid());
    }

    CpuTimes cpuTimes() throws IOException {
        return process.cpuTimes();
    }

    /** Its counters so far; restarts the latencies. Null when it reports nothing. */
    @Nullable
    JsonNode begin() throws IOException {
        return own ? ask("begin") : null;
    }

    /** Its counters so far; null when it reports nothing. */
    @Nullable
    JsonNode mark() throws IOException {
        return own ? ask("mark") : null;
    }

    /** Waits until no event is visibly in flight; cheap for the reader. {@link Sample} checks more thoroughly. */
    void settle() throws IOException {
        long begin = System.nanoTime();
        while (sockets().queuedBytes() > 0) {
            look(begin);
        }
        if (own) {
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(lingerMillis + GRACE_MILLIS));
            while (pending() > 0) {
                look(begin);
            }
        }
    }

    private long pending() throws IOException {
        return ask("pending").path("pending").asLong();
    }

    /** Asks a collector, which reports first that it is complete: some time after its subscription. */
    private JsonNode ask(String word) throws IOException {
        if (!complete) {
            process.answer();
            complete = true;
        }
        return process.ask(word);
    }

    private void look(long begin) throws IOException {
        if (!process.isAlive()) {
            throw new IOException(process.name() + " has ended; its last output: " + process.lastOutput());
        }
        if (System.nanoTime() - begin > SETTLE_NANOS) {
            throw new IOException(process.name() + " has not processed all received events within "
                    + TimeUnit.NANOSECONDS.toSeconds(SETTLE_NANOS) + " s; its last output: " + process.lastOutput());
        }
        LockSupport.parkNanos(LOOK_NANOS);
    }

    @Override
    public void close() {
        if (!own) {
            process.terminate();
        }
        process.close();
    }
}
