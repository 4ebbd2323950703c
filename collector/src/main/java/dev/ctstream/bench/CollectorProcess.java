package dev.ctstream.bench;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.management.ThreadMXBean;
import dev.ctstream.config.ConfigSources;
import dev.ctstream.config.Configuration;
import dev.ctstream.config.ConfigurationException;
import dev.ctstream.config.HostFacts;
import dev.ctstream.conntrack.ReceiveMetric;
import dev.ctstream.metrics.LatencyRecorder;
import dev.ctstream.metrics.StageMetric;
import dev.ctstream.netlink.ErrorText;
import dev.ctstream.publish.PublishMetric;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.HdrHistogram.Histogram;

/**
 * Runs a {@link MeasuredCollector} as a separate process. It reads one word per line from stdin and answers each with
 * one line of JSON. {@code pending} returns the number of batches known to be in flight. {@code mark} returns all
 * counters so far, and the latencies since the last {@code begin}. {@code begin} answers the same and resets the
 * latencies. The process ends with its stdin.
 */
public final class CollectorProcess {
    private static final Map<String, StageMetric> LATENCIES = Map.of(
            "receive_latency", ReceiveMetric.LAG,
            "acknowledge_latency", PublishMetric.LATENCY);

    private final MeasuredCollector collector;
    private final Map<StageMetric, Histogram> before = new HashMap<>();

    private CollectorProcess(MeasuredCollector collector) {
        this.collector = collector;
    }

    /**
     * Runs until the end of stdin.
     *
     * @param arguments the stage, the version, then {@code key=value} of the configuration
     */
    public static void main(String[] arguments) throws IOException {
        Map<String, String> keys = new LinkedHashMap<>();
        for (int i = 2; i < arguments.length; i++) {
            String[] pair = arguments[i].split("=", 2);
            keys.put(pair[0], pair.length == 2 ? pair[1] : "");
        }
        int status = 1;
        try {
            Stage stage = Stage.valueOf(arguments[0]);
            Configuration configuration = Configuration.load(
                    new ConfigSources(Optional.empty(), Map.of(), keys, HostFacts.current(), stage == Stage.KAFKA));
            MeasuredCollector collector = MeasuredCollector.start(stage, configuration, arguments[1]);
            new CollectorProcess(collector).answer();
            collector.end().run();
            status = 0;
        } catch (ConfigurationException e) {
            e.problems().forEach(System.err::println);
        } catch (IOException e) {
            System.err.println(ErrorText.of(e));
        }
        System.exit(status);
    }

    private void answer() throws IOException {
        print(JsonNodeFactory.instance.objectNode()); // tells the parent that it is complete
        try (BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                switch (line) {
                    case "pending" ->
                        print(JsonNodeFactory.instance
                                .objectNode()
                                .put("pending", collector.pending().getAsLong()));
                    case "begin" -> {
                        before.clear();
                        for (StageMetric metric : LATENCIES.values()) {
                            sum(collector.metrics().latencies(metric)).ifPresent(now -> before.put(metric, now));
                        }
                        print(mark());
                    }
                    case "mark" -> print(mark());
                    default -> throw new IOException("unknown request: " + line);
                }
            }
        }
    }

    private static void print(ObjectNode answer) {
        System.out.println(answer);
        System.out.flush();
    }

    private ObjectNode mark() {
        ObjectNode all = JsonNodeFactory.instance.objectNode();
        ObjectNode counters = all.putObject("counters");
        MetricsText.sums(collector.metrics().prometheusText()).forEach(counters::put);
        all.put("allocated_bytes", allocatedBytes());
        long collections = 0;
        long millis = 0;
        for (GarbageCollectorMXBean bean : ManagementFactory.getGarbageCollectorMXBeans()) {
            collections += bean.getCollectionCount();
            millis += bean.getCollectionTime();
        }
        all.put("gc_count", collections);
        all.put("gc_millis", millis);
        LATENCIES.forEach((field, metric) -> latency(all, field, metric));
        return all;
    }

    /** Bytes allocated by the live threads; threads that have ended are not included. */
    private static long allocatedBytes() {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long sum = 0;
        for (long bytes : threads.getThreadAllocatedBytes(threads.getAllThreadIds())) {
            sum += Math.max(0, bytes);
        }
        return sum;
    }

    private void latency(ObjectNode all, String field, StageMetric metric) {
        sum(collector.metrics().latencies(metric)).ifPresent(now -> {
            Histogram earlier = before.get(metric);
            if (earlier != null) {
                now.subtract(earlier);
            }
            ObjectNode millis = all.putObject(field);
            Latencies.of(now).forEach(millis::put);
        });
    }

    /** Sum over all labels of a metric; empty = the metric does not exist. */
    static Optional<Histogram> sum(Collection<LatencyRecorder> recorders) {
        return recorders.stream().map(LatencyRecorder::histogramMicros).reduce((sum, each) -> {
            sum.add(each);
            return sum;
        });
    }
}
