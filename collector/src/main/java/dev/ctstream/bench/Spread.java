package dev.ctstream.bench;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The same measurement over all rounds.
 *
 * @param median for an even number of rounds, the mean of the middle two
 */
public record Spread(double median, double least, double most) {
    /** Groups of measurements that differ only in their round, in order of first appearance. */
    static Map<String, List<Measurement>> groups(List<Measurement> measurements) {
        Map<String, List<Measurement>> groups = new LinkedHashMap<>();
        for (Measurement measurement : measurements) {
            groups.computeIfAbsent(
                            measurement.reader() + " " + measurement.load().line(), key -> new ArrayList<>())
                    .add(measurement);
        }
        return groups;
    }

    /** The names of all values, in order of first appearance. */
    static Set<String> names(List<Measurement> measurements) {
        Set<String> names = new LinkedHashSet<>();
        measurements.forEach(measurement -> names.addAll(measurement.values().keySet()));
        return names;
    }

    /** The spread of a value over the measurements that have it; NaN when none has it. */
    static Spread of(List<Measurement> measurements, String name) {
        double[] sorted = measurements.stream()
                .mapToDouble(measurement -> measurement.value(name))
                .filter(value -> !Double.isNaN(value))
                .sorted()
                .toArray();
        int count = sorted.length;
        if (count == 0) {
            return new Spread(Double.NaN, Double.NaN, Double.NaN);
        }
        return new Spread((sorted[(count - 1) / 2] + sorted[count / 2]) / 2, sorted[0], sorted[count - 1]);
    }
}
