package dev.ctstream.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import dev.ctstream.batch.BatchMetric;
import dev.ctstream.conntrack.ReceiveMetric;
import dev.ctstream.metrics.StageMetric;
import dev.ctstream.publish.PublishMetric;
import dev.ctstream.spool.SpoolMetric;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What a reader has used and counted up to one moment.
 *
 * @param nanos {@link System#nanoTime}
 * @param told counters reported by the reader itself; missing when it reports nothing
 * @param logBytes size of the log segments of the event topic
 * @param produceRequests produce requests that the broker has received
 */
record Sample(long nanos, CpuTimes cpu, NetlinkSockets sockets, JsonNode told, long logBytes, long produceRequests) {
    private static final double NANOS_PER_SECOND = TimeUnit.SECONDS.toNanos(1);
    private static final double MICROS_PER_SECOND = 1e6;
    private static final double NANOS_PER_MICRO = 1e3;
    private static final double MIB = 1 << 20;
    private static final double PERCENT = 100;
    /** After this time, events still in flight are reported as unaccounted or unacknowledged. */
    private static final long SETTLE_NANOS = TimeUnit.SECONDS.toNanos(120);

    private static final String COUNTERS = "counters";
    private static final String ENCODED = name(BatchMetric.EVENTS);
    private static final List<String> LOST_LATER =
            List.of(name(BatchMetric.LOST_EVENTS), name(SpoolMetric.LOST_EVENTS));
    /** Batches that have not reached the end of the path, in the order of the stages. */
    private static final List<String> WAITING =
            List.of(name(BatchMetric.OPEN), name(BatchMetric.RING), name(SpoolMetric.UNACKNOWLEDGED));
    /** Present only in a collector with a publisher. */
    private static final String ACKNOWLEDGED = name(PublishMetric.ACKNOWLEDGED_EVENTS);

    private static final List<String> LATENCIES = List.of("receive_latency", "acknowledge_latency");
    /** The log segments of the event topics of both layouts, in the broker's data directory. */
    private static final String SEGMENTS = ".*/conntrack\\.(events|flat)-\\d+/\\d+\\.log";

    private interface Taking {
        Sample take() throws IOException;
    }

    /**
     * The start of a measurement, taken when all earlier events are processed. It asks the reader first, so that the
     * cost of asking is not measured.
     */
    static Sample before(RunningReader reader, @Nullable Broker broker) throws IOException {
        return settled(reader, () -> {
            JsonNode told = reader.begin();
            long requests = produceRequests(broker);
            return new Sample(
                    System.nanoTime(),
                    reader.cpuTimes(),
                    reader.sockets(),
                    orMissing(told),
                    logBytes(broker),
                    requests);
        });
    }

    /** The start of a measurement of a reader that has just subscribed; does not ask it, which would warm it up. */
    static Sample first(RunningReader reader) throws IOException {
        return new Sample(System.nanoTime(), reader.cpuTimes(), reader.sockets(), orMissing(null), 0, 0);
    }

    /** The end of a measurement, taken when all events are processed. It asks the reader last. */
    static Sample after(RunningReader reader, @Nullable Broker broker) throws IOException {
        return settled(reader, () -> {
            long nanos = System.nanoTime();
            CpuTimes cpu = reader.cpuTimes();
            NetlinkSockets sockets = reader.sockets();
            return new Sample(nanos, cpu, sockets, orMissing(reader.mark()), logBytes(broker), produceRequests(broker));
        });
    }

    /**
     * Repeats the sample while it shows events in flight. The cheap check before it does not see everything: not the
     * batch that the spool thread holds while it waits for the disk, nor the entries of a dump that are still to come.
     * And the acknowledgement of the last batch is counted a moment after the spool knows of it.
     */
    private static Sample settled(RunningReader reader, Taking taking) throws IOException {
        long begin = System.nanoTime();
        Sample sample;
        do {
            reader.settle();
            sample = taking.take();
        } while (sample.inFlight() > 0 && System.nanoTime() - begin < SETTLE_NANOS);
        return sample;
    }

    /** Number of waiting batches, plus unacknowledged events that are in none of them; 0 = the reader is done. */
    double inFlight() {
        return WAITING.stream().mapToDouble(this::counted).sum() + Math.max(0, unacknowledged());
    }

    /** Events encoded since the start and neither acknowledged nor lost later; 0 without a publisher. */
    private double unacknowledged() {
        double lost = LOST_LATER.stream().mapToDouble(this::counted).sum();
        return told.path(COUNTERS).has(ACKNOWLEDGED) ? counted(ENCODED) - lost - counted(ACKNOWLEDGED) : 0;
    }

    private static JsonNode orMissing(@Nullable JsonNode node) {
        return node == null ? MissingNode.getInstance() : node;
    }

    private static long produceRequests(@Nullable Broker broker) throws IOException {
        return broker == null ? 0 : broker.produceRequests();
    }

    private static long logBytes(@Nullable Broker broker) throws IOException {
        if (broker == null) {
            return 0;
        }
        try (Stream<Path> files = Files.walk(broker.data())) {
            return files.filter(file -> file.toString().matches(SEGMENTS))
                    .mapToLong(file -> file.toFile().length())
                    .sum();
        }
    }

    /** Values used since an earlier sample, during which these events were generated. */
    Map<String, Double> values(Sample before, @Nullable JsonNode raised) {
        Map<String, Double> values = new LinkedHashMap<>();
        double offered = raised == null
                ? 0
                : raised.path("begun").asDouble() + raised.path("ended").asDouble();
        double lost = sockets.drops() - before.sockets.drops();
        boolean tells = !told.isMissingNode();
        double received = tells ? counted(before, name(ReceiveMetric.EVENTS)) : offered - lost;
        values.put(Measurement.OFFERED, offered);
        values.put(Measurement.RECEIVED, received);
        values.put(Measurement.LOST, lost);
        if (tells) {
            values.put(Measurement.UNACCOUNTED, offered - received - lost);
        }
        if (raised != null) {
            double seconds = raised.path("seconds").asDouble();
            values.put("refused_flows", raised.path("failed").asDouble());
            values.put("load_seconds", seconds);
            values.put(Measurement.RATE, offered / seconds);
            if (offered > 0) {
                values.put(Measurement.GENERATOR, raised.path("cpu_nanos").asDouble() / NANOS_PER_MICRO / offered);
            }
        }
        use(before, received, values);
        if (tells) {
            tell(before, received, values);
        }
        return values;
    }

    private void use(Sample before, double received, Map<String, Double> values) {
        CpuTimes used = cpu.since(before.cpu);
        double seconds = (nanos - before.nanos) / NANOS_PER_SECOND;
        values.put("seconds", seconds);
        values.put(Measurement.CPU_PERCENT, PERCENT * used.seconds() / seconds);
        if (received > 0) {
            double scale = MICROS_PER_SECOND / received;
            values.put(Measurement.CPU, used.seconds() * scale);
            values.put("user_us_per_event", used.userSeconds() * scale);
            values.put("system_us_per_event", used.systemSeconds() * scale);
            used.threadSeconds()
                    .forEach((group, time) -> values.put("thread_" + group + "_us_per_event", time * scale));
        }
        values.put("rss_mib", cpu.rssBytes() / MIB);
        values.put("peak_rss_mib", cpu.peakRssBytes() / MIB);
    }

    private void tell(Sample before, double received, Map<String, Double> values) {
        values.put("gc_count", difference(before, "gc_count"));
        values.put("gc_millis", difference(before, "gc_millis"));
        if (received > 0) {
            values.put("allocated_bytes_per_event", difference(before, "allocated_bytes") / received);
        }
        double encoded = counted(before, ENCODED);
        double lostLater = LOST_LATER.stream()
                .mapToDouble(counter -> counted(before, counter))
                .sum();
        if (encoded > 0) {
            values.put("events_per_batch", encoded / counted(before, name(BatchMetric.CLOSED)));
            values.put("encoded_bytes_per_event", counted(before, name(BatchMetric.BYTES)) / encoded);
            values.put(Measurement.LOST_LATER, lostLater);
        }
        double acknowledged = counted(before, ACKNOWLEDGED);
        if (told.path(COUNTERS).has(ACKNOWLEDGED)) {
            values.put(Measurement.UNACKNOWLEDGED, unacknowledged());
        }
        if (acknowledged > 0) {
            values.put("acknowledged_events", acknowledged);
            values.put("kafka_bytes_per_event", (logBytes - before.logBytes) / acknowledged);
            values.put(
                    Measurement.REQUESTS,
                    (produceRequests - before.produceRequests) * NANOS_PER_SECOND / (nanos - before.nanos));
        }
        for (String latency : LATENCIES) {
            told.path(latency)
                    .properties()
                    .forEach(field -> values.put(
                            Latencies.name(latency, field.getKey()),
                            field.getValue().asDouble()));
        }
    }

    private double counted(Sample before, String counter) {
        return counted(counter) - before.counted(counter);
    }

    private double counted(String counter) {
        return told.path(COUNTERS).path(counter).asDouble();
    }

    private double difference(Sample before, String field) {
        return told.path(field).asDouble() - before.told.path(field).asDouble();
    }

    private static String name(StageMetric metric) {
        return metric.description().name();
    }
}
