package dev.ctstream.bench;

import java.util.Map;
import java.util.TreeMap;

/** Reads metrics in the Prometheus text format. */
final class MetricsText {
    private MetricsText() {}

    /** Each metric's value by its name, summed up over its labels; what is no finite number is left out. */
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
