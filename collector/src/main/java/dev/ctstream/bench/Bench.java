package dev.ctstream.bench;

import com.fasterxml.jackson.databind.JsonNode;
import dev.ctstream.config.ConfigSources;
import dev.ctstream.config.Configuration;
import dev.ctstream.config.ConfigurationException;
import dev.ctstream.config.HostFacts;
import dev.ctstream.conntrack.ConntrackTable;
import dev.ctstream.conntrack.TableStats;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Runs the measurements: starts the load generator and, for each measurement, the reader; generates events to warm it
 * up; then generates the measured events, waits until the reader has processed all of them, and reads what it has used
 * in that time.
 *
 * <p>The whole process must run in its own network namespace: it fills the table and adds rules.
 *
 * <p>Threads: confined to one. Errors: an IOException names the process that failed and quotes its last output.
 */
public final class Bench implements AutoCloseable {
    /** Larger tables take too long to fill, and too much memory. */
    private static final long MAX_ENTRIES = 2L << 20;

    private static final double FILL_SECONDS = 60;
    /** A table counts as full above this share of its limit: some entries are always about to be removed. */
    private static final double FULL = 0.95;
    /** Longest time that the generator may take beyond the length of its load. */
    private static final long PATIENCE_SECONDS = 120;

    /** Runs at the measured rate, after the warm-up. */
    private static final double SETTLE_SECONDS = 1;

    private static final String BOOTSTRAP = "kafka.bootstrap.servers";

    private final BenchConfig config;
    private final Broker.Factory brokers;
    private final Path folder;
    private final Consumer<String> progress;
    private final ChildProcess generator;
    private int measurements;

    private Bench(
            BenchConfig config,
            Broker.Factory brokers,
            Path folder,
            Consumer<String> progress,
            ChildProcess generator) {
        this.config = config;
        this.brokers = brokers;
        this.folder = folder;
        this.progress = progress;
        this.generator = generator;
    }

    /**
     * Sets the calling thread's network namespace up and starts the generator in it.
     *
     * @param folder for temporary files; the caller deletes it at the end
     * @param progress receives a line about each step
     */
    public static Bench open(BenchConfig config, Broker.Factory brokers, Path folder, Consumer<String> progress)
            throws IOException {
        boolean zones = config.zones().stream().anyMatch(count -> count > 1);
        BenchNetwork.prepare(zones, config.load().ipv6Percent() > 0);
        ChildProcess generator =
                ChildProcess.java(Generator.class, config.cpus().load(), folder, List.of(), List.of());
        Bench bench = new Bench(config, brokers, folder, progress, generator);
        try {
            bench.fill();
        } catch (IOException | RuntimeException e) {
            bench.close();
            throw e;
        }
        return bench;
    }

    /** The load by packets needs a full table: only then does each new flow evict an old one. */
    private void fill() throws IOException {
        if (config.load().kind() != LoadSpec.Kind.PACKETS) {
            return;
        }
        try (ConntrackTable table = ConntrackTable.open(null)) {
            TableStats stats = table.stats();
            if (stats.maxEntries() == 0) {
                throw new IOException(
                        "this kernel does not report the size of the table (Linux 4.18 and later do), and the load"
                                + " by packets needs a full table; use --load ctnetlink");
            }
            if (stats.maxEntries() > MAX_ENTRIES) {
                throw new IOException("nf_conntrack_max is " + stats.maxEntries() + ": the load by packets needs a"
                        + " full table and fills at most " + MAX_ENTRIES + "; use --load ctnetlink");
            }
            progress.accept("filling the table with " + stats.maxEntries() + " flows");
            LoadSpec fill =
                    config.load().with(1, 0).during(FILL_SECONDS, 0, stats.maxEntries() + stats.maxEntries() / 8);
            long entries = raise(fill).path("entries").asLong();
            if (entries < FULL * stats.maxEntries()) {
                throw new IOException("the table holds " + entries + " flows of " + stats.maxEntries()
                        + ", and the load by packets needs a full table; use --load ctnetlink");
            }
        }
    }

    private JsonNode raise(LoadSpec load) throws IOException {
        return generator.ask(load.line(), PATIENCE_SECONDS + (long) Math.ceil(load.seconds()));
    }

    /** Runs all measurements; {@code each} receives each one as soon as it is complete. */
    public List<Measurement> run(Consumer<Measurement> each) throws IOException {
        List<Measurement> taken = new ArrayList<>();
        List<LoadSpec> loads = config.loads();
        int all = config.rounds() * loads.size() * config.readers().size();
        for (int round = 1; round <= config.rounds(); round++) {
            for (LoadSpec load : loads) {
                for (Reader reader : config.readers()) {
                    measurements++;
                    progress.accept(measurements + " of " + all + ": " + reader.name() + ", " + words(load));
                    Path own = Files.createDirectory(folder.resolve("measurement-" + measurements));
                    Measurement measurement = new Measurement(reader.name(), load, round, measure(reader, load, own));
                    delete(own);
                    taken.add(measurement);
                    each.accept(measurement);
                }
            }
        }
        return taken;
    }

    private static String words(LoadSpec load) {
        return load.rate() + " events/s, zones " + load.zones();
    }

    /** Deletes the spool and the logs of one measurement: they grow by a gigabyte within seconds. */
    private static void delete(Path tree) throws IOException {
        try (Stream<Path> files = Files.walk(tree)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }

    private Map<String, Double> measure(Reader reader, LoadSpec load, Path own) throws IOException {
        boolean kafka = reader instanceof Reader.Own collector && collector.stage() == Stage.KAFKA;
        Map<String, String> keys = new LinkedHashMap<>();
        keys.put("host.id", "bench");
        keys.put("spool.directory", own.resolve("spool").toString());
        keys.put("http.listen", "127.0.0.1:0");
        try (@Nullable Broker broker = kafka ? brokers.start() : null) {
            if (broker != null) {
                keys.put(BOOTSTRAP, broker.bootstrapServers());
                keys.put("topic.replication-factor", "1");
            }
            keys.putAll(config.keys());
            try (RunningReader running = RunningReader.start(reader, config, own, keys)) {
                warmUp(load, reader instanceof Reader.Own);
                Map<String, Double> values = measure(running, load, broker, keys);
                values.put("start_millis", running.startMillis());
                return values;
            }
        }
    }

    /** A JVM compiles its code during this time; other programs only have to reach the rate. */
    private void warmUp(LoadSpec load, boolean jvm) throws IOException {
        BenchConfig.WarmUp warmUp = config.warmUp();
        if (load.kind() != LoadSpec.Kind.NONE && warmUp.seconds() > 0) {
            if (jvm) {
                raise(load.during(warmUp.seconds(), warmUp.eventsPerSecond(), 0));
            }
            double settle = Math.min(SETTLE_SECONDS, warmUp.seconds());
            raise(load.during(settle, load.eventsPerSecond(), 0));
        }
    }

    private Map<String, Double> measure(
            RunningReader running, LoadSpec load, @Nullable Broker broker, Map<String, String> keys)
            throws IOException {
        if (config.warmUp().seconds() == 0 && load.kind() != LoadSpec.Kind.NONE) {
            Map<String, Double> values = measure(Sample.first(running), running, load, broker);
            try (@Nullable KernelToLog log = log(load, broker, keys, true)) {
                return with(values, log);
            }
        }
        Sample.before(running, broker); // events still in flight must not count as measured
        try (@Nullable KernelToLog log = log(load, broker, keys, false)) {
            return with(measure(Sample.before(running, broker), running, load, broker), log);
        }
    }

    private static Map<String, Double> with(Map<String, Double> values, @Nullable KernelToLog log) throws IOException {
        if (log != null) {
            values.putAll(log.read());
        }
        return values;
    }

    /**
     * Starts at the beginning or the current end of the topic; null when there is nothing to read, or when the log
     * belongs to another cluster, whose time stamps may mean something else.
     */
    private static @Nullable KernelToLog log(
            LoadSpec load, @Nullable Broker broker, Map<String, String> keys, boolean fromBeginning)
            throws IOException {
        if (broker == null || load.kind() == LoadSpec.Kind.NONE) {
            return null;
        }
        String servers = broker.bootstrapServers();
        return servers.equals(keys.get(BOOTSTRAP)) ? KernelToLog.open(servers, topic(keys), fromBeginning) : null;
    }

    private static String topic(Map<String, String> keys) throws IOException {
        try {
            return Configuration.load(new ConfigSources(Optional.empty(), Map.of(), keys, HostFacts.current(), true))
                    .collector()
                    .publish()
                    .topics()
                    .events();
        } catch (ConfigurationException e) {
            throw new IOException(String.join("; ", e.problems()), e);
        }
    }

    private Map<String, Double> measure(Sample before, RunningReader running, LoadSpec load, @Nullable Broker broker)
            throws IOException {
        JsonNode raised = null;
        if (load.kind() == LoadSpec.Kind.NONE) {
            LockSupport.parkNanos((long) (load.seconds() * TimeUnit.SECONDS.toNanos(1)));
        } else {
            raised = raise(load);
        }
        return Sample.after(running, broker).values(before, raised);
    }

    @Override
    public void close() {
        generator.close();
    }
}
