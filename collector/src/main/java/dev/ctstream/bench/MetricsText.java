package dev.ctstream.bench;

import java.util.Map;
import java.util.TreeMap;

/** Reads metrics in the Prometheus text format. */
final class MetricsText {
    private MetricsText() {}

    /** Value of each metric by its name, summed over its labels; values that are not finite are omitted. */
    static Map<String, Double> sums(String text) {
        Map<String, Double> sums = new TreeMap<>();
        text.lines().filter(line -> !line.startsWith("#") && !line.isBlank()).forEach(line -> {
            int value = line.lastIndexOf(' ');
            int labels = line.indexOf('{');
            String name = line.substring(0, labels < 0 ? value : labels);
            double number = Double.parseDouble(
                    line.substring(value + 1).replace("+Inf", "Infinity").replace("-Inf", "-Infinity"));
            if (!name.endsWith("_bucket") && Double.isFinite(number)) {
                sums.merge(name, number, Double::sum);
            }
        });
        return sums;
    }
}
