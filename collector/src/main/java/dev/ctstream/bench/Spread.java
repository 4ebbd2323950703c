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
 * @param median of an even number the mean of the middle two
 */
public record Spread(double median, double least, double most) {
    /** Cells that differ only in their round, in the order in which they first came. */
    static Map<String, List<Cell>> groups(List<Cell> cells) {
        Map<String, List<Cell>> groups = new LinkedHashMap<>();
        for (Cell cell : cells) {
            groups.computeIfAbsent(cell.reader() + " " + cell.load().line(), key -> new ArrayList<>())
                    .add(cell);
        }
        return groups;
    }

    /** The names of all values, in the order in which they first come. */
    static Set<String> names(List<Cell> cells) {
        Set<String> names = new LinkedHashSet<>();
        cells.forEach(cell -> names.addAll(cell.values().keySet()));
        return names;
    }

    /** Of the cells that have this value; NaN when none has. */
    static Spread of(List<Cell> cells, String name) {
        double[] sorted = cells.stream()
                .mapToDouble(cell -> cell.value(name))
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
