package dev.ctstream;

import dev.ctstream.batch.BatchMetric;
import dev.ctstream.conntrack.ReceiveMetric;
import dev.ctstream.control.ControlMetric;
import dev.ctstream.metrics.HealthMetric;
import dev.ctstream.metrics.MetricDescription;
import dev.ctstream.metrics.ProcessMetric;
import dev.ctstream.metrics.StageMetric;
import dev.ctstream.publish.PublishMetric;
import dev.ctstream.spool.SpoolMetric;
import dev.ctstream.track.TrackMetric;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;

/** All metrics, by stage, and the series that they have in Prometheus. */
public final class MetricReference {
    private static final Map<String, StageMetric[]> STAGES = stages();

    private MetricReference() {}

    private static Map<String, StageMetric[]> stages() {
        Map<String, StageMetric[]> stages = new LinkedHashMap<>();
        stages.put("Program and health", HealthMetric.values());
        stages.put("Namespaces", NamespacesMetric.values());
        stages.put("Receive", ReceiveMetric.values());
        stages.put("Track", TrackMetric.values());
        stages.put("Control", ControlMetric.values());
        stages.put("Batch", BatchMetric.values());
        stages.put("Spool", SpoolMetric.values());
        stages.put("Publish", PublishMetric.values());
        stages.put("Process", ProcessMetric.values());
        return stages;
    }

    /** Every constant of every stage. */
    public static List<StageMetric> all() {
        return STAGES.values().stream().flatMap(Stream::of).toList();
    }

    /** The labels of each series, by its name in the text format. */
    public static Map<String, Set<String>> series() {
        Map<String, Set<String>> series = new TreeMap<>();
        for (StageMetric metric : all()) {
            MetricDescription of = metric.description();
            if (of.type() == MetricDescription.Type.HISTOGRAM) {
                Set<String> withBound = new TreeSet<>(of.labels());
                withBound.add("le");
                series.put(of.name() + "_bucket", withBound);
                series.put(of.name() + "_count", Set.copyOf(of.labels()));
                series.put(of.name() + "_sum", Set.copyOf(of.labels()));
            } else {
                series.put(of.name(), Set.copyOf(of.labels()));
            }
        }
        return series;
    }

    /** A table for each stage. */
    static String markdown() {
        StringBuilder text = new StringBuilder();
        STAGES.forEach((stage, metrics) -> {
            text.append("\n## ")
                    .append(stage)
                    .append("\n\n| Name | Type | Unit | Labels | Meaning |\n|---|---|---|---|---|\n");
            for (StageMetric metric : metrics) {
                MetricDescription of = metric.description();
                text.append(String.format(
                        Locale.ROOT,
                        "| `%s` | %s | %s | %s | %s |%n",
                        of.name(),
                        of.type().name().toLowerCase(Locale.ROOT),
                        of.unit(),
                        String.join(", ", of.labels()),
                        of.help()));
            }
        });
        return text.toString();
    }

    static List<String> enums() {
        List<String> names = new ArrayList<>();
        STAGES.values().forEach(values -> names.add(values[0].getClass().getSimpleName()));
        return names;
    }
}
