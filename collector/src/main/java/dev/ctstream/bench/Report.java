package dev.ctstream.bench;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** Shows all measurements, as a table for people and as JSON for programs. */
public final class Report {
    private record Column(String title, String value, int digits) {}

    private static final List<Column> COLUMNS = List.of(
            new Column("events/s", Measurement.RATE, 0),
            new Column("lost", Measurement.LOST, 0),
            new Column("lost later", Measurement.LOST_LATER, 0),
            new Column("us/event", Measurement.CPU, 2),
            new Column("% of CPU", Measurement.CPU_PERCENT, 1),
            new Column("load us/ev", Measurement.GENERATOR, 2),
            new Column("B alloc/ev", "allocated_bytes_per_event", 1),
            new Column("ev/batch", "events_per_batch", 0),
            new Column("B/ev", "kafka_bytes_per_event", 1),
            new Column("req/s", Measurement.REQUESTS, 1),
            new Column("recv p99 ms", "receive_latency_p99_ms", 1),
            new Column("ack p50 ms", "acknowledge_latency_p50_ms", 0),
            new Column("ack p99 ms", "acknowledge_latency_p99_ms", 0),
            new Column("log p50 ms", Latencies.name(Measurement.KERNEL_TO_LOG, "p50"), 0),
            new Column("log p99 ms", Latencies.name(Measurement.KERNEL_TO_LOG, "p99"), 0),
            new Column("log max ms", Latencies.name(Measurement.KERNEL_TO_LOG, "max"), 0),
            new Column("peak MiB", "peak_rss_mib", 0),
            new Column("start ms", "start_millis", 0));

    private static final String LATENCIES = """
            recv: from an event's kernel time to the receive thread. ack: from the receipt of a batch's first event to
            Kafka's acknowledgement. log: from each event's kernel time to the append to the broker's log, rounded up to
            1 ms; Kafka's acknowledgement follows a network round trip later.
            """;

    private final BenchConfig config;
    private final List<Measurement> measurements;

    /** Creates a report of these measurements. */
    public Report(BenchConfig config, List<Measurement> measurements) {
        this.config = config;
        this.measurements = List.copyOf(measurements);
    }

    /** One row per reader and load: medians, and with several rounds the range of the costs in brackets. */
    public String table() {
        List<List<String>> rows = new ArrayList<>();
        List<String> head = new ArrayList<>(List.of("reader", "rate", "zones"));
        COLUMNS.forEach(column -> head.add(column.title()));
        rows.add(head);
        for (List<Measurement> group : Spread.groups(measurements).values()) {
            LoadSpec load = group.get(0).load();
            List<String> row = new ArrayList<>();
            row.add(group.get(0).reader());
            row.add(load.rate());
            row.add(Integer.toString(load.zones()));
            COLUMNS.forEach(column -> row.add(text(Spread.of(group, column.value()), column)));
            rows.add(row);
        }
        return aligned(rows) + latencies() + threads() + unaccounted();
    }

    private static String text(Spread spread, Column column) {
        if (Double.isNaN(spread.median())) {
            return "-";
        }
        String number = "%." + column.digits() + "f";
        String median = String.format(Locale.ROOT, number, spread.median());
        boolean range = spread.most() > spread.least() && column.value().equals(Measurement.CPU);
        return range
                ? median
                        + String.format(Locale.ROOT, " (" + number + ".." + number + ")", spread.least(), spread.most())
                : median;
    }

    /** Explains the start and the end of each latency. */
    private String latencies() {
        String count = Latencies.name(Measurement.KERNEL_TO_LOG, "count");
        boolean any = measurements.stream()
                .anyMatch(measurement -> measurement.values().containsKey(count));
        return any ? LATENCIES : "";
    }

    /** A collector's CPU time by thread. */
    private String threads() {
        StringBuilder out = new StringBuilder();
        Spread.groups(measurements).values().forEach(group -> {
            String parts = Spread.names(group).stream()
                    .filter(name -> name.startsWith("thread_"))
                    .filter(name -> Spread.of(group, name).median() >= 0.0005)
                    .map(name -> String.format(
                            Locale.ROOT,
                            "%s %.3f",
                            name.replace("thread_", "").replace("_us_per_event", ""),
                            Spread.of(group, name).median()))
                    .collect(Collectors.joining(", "));
            if (parts.isEmpty()) {
                return;
            }
            out.append("us/event by thread: ")
                    .append(group.get(0).reader())
                    .append(", ")
                    .append(group.get(0).load().rate())
                    .append(", zones ")
                    .append(group.get(0).load().zones())
                    .append(": ")
                    .append(parts)
                    .append('\n');
        });
        return out.toString();
    }

    /** Events that neither arrived nor are counted as lost; there must be none. */
    private String unaccounted() {
        StringBuilder out = new StringBuilder();
        for (Measurement measurement : measurements) {
            unaccounted(out, measurement, Measurement.UNACCOUNTED, "offered, not received");
            unaccounted(out, measurement, Measurement.UNACKNOWLEDGED, "encoded, not acknowledged");
        }
        return out.toString();
    }

    private static void unaccounted(StringBuilder out, Measurement measurement, String value, String meaning) {
        if (measurement.values().getOrDefault(value, 0.0) != 0) {
            out.append(String.format(
                    Locale.ROOT,
                    "unaccounted: %s, %s, round %d: %.0f events (%s)%n",
                    measurement.reader(),
                    measurement.load().rate(),
                    measurement.round(),
                    measurement.value(value),
                    meaning));
        }
    }

    private static String aligned(List<List<String>> rows) {
        StringBuilder out = new StringBuilder();
        for (List<String> row : rows) {
            for (int column = 0; column < row.size(); column++) {
                int at = column;
                int width = rows.stream()
                        .mapToInt(each -> each.get(at).length())
                        .max()
                        .orElse(0);
                String cell = row.get(column);
                String space = " ".repeat(width - cell.length());
                out.append(column == 0 ? cell + space : "  " + space + cell);
            }
            out.append('\n');
        }
        return out.toString();
    }

    /** Everything: the machine, the configuration, each measurement, and medians with their ranges. */
    public String json() throws IOException {
        ObjectNode all = JsonNodeFactory.instance.objectNode();
        all.set("machine", machine());
        ObjectNode asked = all.putObject("options");
        asked.put("load", config.load().kind().name().toLowerCase(Locale.ROOT));
        asked.put("rounds", config.rounds());
        asked.put("seconds", config.load().seconds());
        asked.put("warm_up_seconds", config.warmUp().seconds());
        asked.put("load_cpu", config.cpus().load());
        asked.put("reader_cpu", config.cpus().reader());
        ObjectNode keys = asked.putObject("configuration");
        config.keys().forEach(keys::put);
        ArrayNode single = all.putArray("measurements");
        for (Measurement measurement : measurements) {
            ObjectNode node = head(single.addObject(), measurement).put("round", measurement.round());
            measurement.values().forEach(node::put);
        }
        ArrayNode medians = all.putArray("medians");
        for (List<Measurement> group : Spread.groups(measurements).values()) {
            ObjectNode node = head(medians.addObject(), group.get(0));
            for (String name : Spread.names(group)) {
                Spread spread = Spread.of(group, name);
                node.putObject(name)
                        .put("median", spread.median())
                        .put("least", spread.least())
                        .put("most", spread.most());
            }
        }
        return all.toPrettyString() + "\n";
    }

    private static ObjectNode head(ObjectNode node, Measurement measurement) {
        LoadSpec load = measurement.load();
        return node.put("reader", measurement.reader())
                .put("rate", load.eventsPerSecond())
                .put("zones", load.zones())
                .put("udp_percent", load.udpPercent())
                .put("ipv6_percent", load.ipv6Percent());
    }

    private ObjectNode machine() throws IOException {
        ObjectNode machine = JsonNodeFactory.instance.objectNode();
        String model = Files.readString(Path.of("/proc/cpuinfo"))
                .lines()
                .filter(line -> line.startsWith("model name"))
                .map(line -> line.substring(line.indexOf(':') + 1).strip())
                .findFirst()
                .orElse(System.getProperty("os.arch"));
        machine.put("processor", model);
        machine.put("processors", Runtime.getRuntime().availableProcessors());
        machine.put("kernel", System.getProperty("os.version"));
        machine.put("java", System.getProperty("java.runtime.version"));
        machine.put("ctstream", config.version());
        machine.put("time", Instant.now().truncatedTo(ChronoUnit.SECONDS).toString());
        return machine;
    }
}
