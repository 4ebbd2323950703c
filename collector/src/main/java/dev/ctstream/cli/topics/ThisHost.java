package dev.ctstream.cli.topics;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.ctstream.Namespaces;
import dev.ctstream.cli.CommandFailure;
import dev.ctstream.cli.Console;
import dev.ctstream.cli.ExitCode;
import dev.ctstream.cli.HostZones;
import dev.ctstream.cli.RunningCollector;
import dev.ctstream.config.CollectorConfig;
import dev.ctstream.netlink.ErrorText;
import dev.ctstream.publish.HostClass;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** This host as it is: the events that its running collector receives, and the zones of the kernel's tables. */
final class ThisHost {
    private static final int MEASURE_SECONDS = 5;

    private ThisHost() {}

    /**
     * Looks at the host; takes {@value #MEASURE_SECONDS} s when it measures.
     *
     * @param eventsPerSecond null = measure
     * @param zones null = as the tables have them
     */
    static HostClass look(
            Console console, CollectorConfig config, @Nullable Double eventsPerSecond, @Nullable Integer zones)
            throws CommandFailure, IOException {
        double rate = eventsPerSecond == null ? measured(console, config) : eventsPerSecond;
        Map<String, String> namespaces = Namespaces.present(config.netns());
        Map<Integer, Double> shares = zones == null
                ? HostZones.shares(namespaces.values())
                : HostClass.even("", 1, 0, 1, zones).zones();
        List<String> names = List.copyOf(namespaces.keySet());
        return new HostClass("this host", config.host().id(), 1, rate, names, new TreeMap<>(shares));
    }

    private static double measured(Console console, CollectorConfig config) throws CommandFailure {
        String listen = config.httpListen().orElse(null);
        String remedy = "; give --events-per-second, or describe a fleet with --hosts or --fleet";
        if (listen == null) {
            throw new CommandFailure(
                    ExitCode.USAGE, "the rate of events is unknown: http.listen is off in this configuration" + remedy);
        }
        try {
            long before = received(listen, config);
            long begin = System.nanoTime();
            console.say("measuring the events of the collector at " + listen + " for " + MEASURE_SECONDS + " s");
            TimeUnit.SECONDS.sleep(MEASURE_SECONDS);
            long after = received(listen, config);
            return Math.max(0, after - before) / ((System.nanoTime() - begin) / 1e9);
        } catch (IOException e) {
            throw new CommandFailure(
                    ExitCode.USAGE,
                    "the rate of events is unknown: no collector answers at " + listen + " (http.listen): "
                            + ErrorText.reason(e) + remedy,
                    e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CommandFailure(ExitCode.FAILURE, "interrupted", e);
        }
    }

    /** Events that the collector has received. */
    private static long received(String listen, CollectorConfig config) throws IOException {
        JsonNode status = new ObjectMapper().readTree(RunningCollector.get(listen, config.httpTokenFile(), "/status"));
        JsonNode received = status.path("events").path("received");
        if (!received.isIntegralNumber()) {
            throw new IOException("what answers is no collector, or one that is still starting");
        }
        return received.asLong();
    }
}
