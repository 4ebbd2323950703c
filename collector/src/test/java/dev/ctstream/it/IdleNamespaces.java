package dev.ctstream.it;

import static org.awaitility.Awaitility.await;

import com.sun.management.OperatingSystemMXBean;
import dev.ctstream.ChosenProcesses;
import dev.ctstream.Collector;
import dev.ctstream.broker.EmbeddedBroker;
import dev.ctstream.broker.TestBroker;
import dev.ctstream.config.ConfigSources;
import dev.ctstream.config.Configuration;
import dev.ctstream.config.HostFacts;
import dev.ctstream.netlink.Links;
import dev.ctstream.netlink.NamedNamespaces;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What idle namespaces cost, for collector/docs/performance.md. In a private network and mount namespace, with the
 * launcher's memory flags:
 *
 * <pre>
 *   bin/in-private-namespace java -Xms32m -Xmn16m -Xmx256m -cp ... dev.ctstream.it.IdleNamespaces 1000 120
 * </pre>
 */
final class IdleNamespaces {
    private static final double NANOS_PER_SECOND = 1e9;
    /** Until the compiler has seen what is done once a minute. */
    private static final int WARM_UP_SECONDS = 150;

    private static final Pattern HEARTBEATS =
            Pattern.compile("^ctstream_control_heartbeats_total (\\S+)$", Pattern.MULTILINE);

    private IdleNamespaces() {}

    /** Arguments: number of namespaces, seconds to measure. */
    public static void main(String[] args) throws Exception {
        int count = Integer.parseInt(args[0]);
        int seconds = Integer.parseInt(args[1]);
        Path folder = Files.createTempDirectory("idle-namespaces");
        try (NamedNamespaces names = new NamedNamespaces();
                EmbeddedBroker broker = TestBroker.temporary(Map.of())) {
            Links.bringUp("lo");
            broker.start();
            for (int i = 0; i < count; i++) {
                names.add("n" + i);
            }
            Map<String, String> settings = Map.of(
                    "kafka.bootstrap.servers", broker.bootstrapServers(),
                    "netns", "all",
                    "host.id", "bench",
                    "http.listen", "off",
                    "log.level", "error",
                    "spool.directory", folder.resolve("spool").toString());
            ConfigSources sources = new ConfigSources(Optional.empty(), Map.of(), settings, HostFacts.current(), true);
            long begin = System.nanoTime();
            try (Collector collector = new ChosenProcesses(folder.resolve("processes"))
                    .start(Configuration.load(sources).collector())) {
                await().atMost(Duration.ofMinutes(5))
                        .until(() -> collector.namespaces().sockets().size() == count + 1);
                print(
                        "subscribed to " + (count + 1) + " namespaces after",
                        (System.nanoTime() - begin) / NANOS_PER_SECOND,
                        "s");
                pause(WARM_UP_SECONDS);
                measure(collector, seconds);
                long later = System.nanoTime();
                names.add("later");
                await().pollInterval(Duration.ofMillis(2))
                        .until(() -> collector.namespaces().sockets().size() == count + 2);
                print("one more is observed after", (System.nanoTime() - later) / NANOS_PER_SECOND, "s");
            }
        }
    }

    private static void measure(Collector collector, int seconds) throws Exception {
        double cpu = cpuSeconds();
        double heartbeats = heartbeats(collector);
        pause(seconds);
        print("CPU", 100 * (cpuSeconds() - cpu) / seconds, "% of a core");
        print("control records", (heartbeats(collector) - heartbeats) * 60 / seconds, "a minute");
        print("resident memory", kibibytes("VmRSS") / 1024, "MiB");
        try (var open = Files.list(Path.of("/proc/self/fd"))) {
            print("open descriptors", (double) open.count(), "");
        }
    }

    private static double cpuSeconds() {
        return ((OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean()).getProcessCpuTime()
                / NANOS_PER_SECOND;
    }

    private static double heartbeats(Collector collector) {
        Matcher found = HEARTBEATS.matcher(collector.metrics().prometheusText());
        return found.find() ? Double.parseDouble(found.group(1)) : 0;
    }

    private static double kibibytes(String field) throws Exception {
        return Files.readAllLines(Path.of("/proc/self/status")).stream()
                .filter(line -> line.startsWith(field + ":"))
                .mapToDouble(line -> Double.parseDouble(line.replaceAll("[^0-9]", "")))
                .findFirst()
                .orElse(0);
    }

    private static void pause(int seconds) {
        long begin = System.nanoTime();
        await().pollInterval(Duration.ofSeconds(1))
                .atMost(Duration.ofSeconds(seconds + 10L))
                .until(() -> System.nanoTime() - begin >= seconds * NANOS_PER_SECOND);
    }

    private static void print(String what, double value, String unit) {
        System.out.printf("%-45s %10.2f %s%n", what, value, unit);
    }
}
