package dev.ctstream.conntrack;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.ToIntFunction;
import java.util.stream.Collectors;

/**
 * Numbers that a filter admits: ascending ranges that do not touch.
 *
 * <p>Threads: immutable.
 */
record NumberSet(List<Range> ranges, int largest) {
    /** From {@code first} to {@code last}, both included. */
    record Range(int first, int last) {
        @Override
        public String toString() {
            return first == last ? Integer.toString(first) : first + "-" + last;
        }
    }

    NumberSet {
        ranges = List.copyOf(ranges);
    }

    /**
     * Reads items such as {@code 5}, {@code 10-20} and {@code !12}. An excluded number is not admitted, whatever else is
     * listed; without an item that includes, everything else is.
     *
     * @param number reads one number
     * @param largest from 0 to it
     * @throws IllegalArgumentException for an item that is none of these, or beyond the largest
     */
    static NumberSet parse(List<String> items, ToIntFunction<String> number, int largest) {
        List<Range> included = new ArrayList<>();
        List<Range> excluded = new ArrayList<>();
        for (String item : items) {
            boolean exclude = item.startsWith("!");
            (exclude ? excluded : included)
                    .add(range(item, exclude ? item.substring(1).strip() : item, number, largest));
        }
        if (included.isEmpty()) {
            included.add(new Range(0, largest));
        }
        List<Range> admitted = without(joined(included), joined(excluded));
        if (admitted.isEmpty()) {
            throw new IllegalArgumentException("'" + String.join(",", items) + "' admits nothing");
        }
        return new NumberSet(admitted, largest);
    }

    private static Range range(String item, String text, ToIntFunction<String> number, int largest) {
        int dash = Character.isDigit(text.isEmpty() ? ' ' : text.charAt(0)) ? text.indexOf('-') : -1;
        int first = number.applyAsInt(dash < 0 ? text : text.substring(0, dash).strip());
        int last = dash < 0 ? first : number.applyAsInt(text.substring(dash + 1).strip());
        if (first < 0 || last > largest || first > last) {
            throw new IllegalArgumentException("'" + item + "' is no number or range in 0-" + largest);
        }
        return new Range(first, last);
    }

    private static List<Range> joined(List<Range> ranges) {
        List<Range> joined = new ArrayList<>();
        for (Range range :
                ranges.stream().sorted(Comparator.comparingInt(Range::first)).toList()) {
            Range before = joined.isEmpty() ? null : joined.get(joined.size() - 1);
            if (before != null && range.first <= before.last + 1) {
                joined.set(joined.size() - 1, new Range(before.first, Math.max(before.last, range.last)));
            } else {
                joined.add(range);
            }
        }
        return joined;
    }

    private static List<Range> without(List<Range> ranges, List<Range> excluded) {
        List<Range> rest = new ArrayList<>();
        for (Range range : ranges) {
            int first = range.first;
            for (Range hole : excluded) {
                if (hole.first <= range.last && hole.last >= first) {
                    if (hole.first > first) {
                        rest.add(new Range(first, hole.first - 1));
                    }
                    first = hole.last + 1;
                }
            }
            if (first <= range.last) {
                rest.add(new Range(first, range.last));
            }
        }
        return rest;
    }

    boolean isEverything() {
        return ranges.equals(List.of(new Range(0, largest)));
    }

    boolean contains(int number) {
        for (int i = 0; i < ranges.size(); i++) { // without an iterator: called for each entry of a dump
            Range range = ranges.get(i);
            if (number <= range.last) {
                return number >= range.first;
            }
        }
        return false;
    }

    @Override
    public String toString() {
        return ranges.stream().map(Range::toString).collect(Collectors.joining(","));
    }
}
