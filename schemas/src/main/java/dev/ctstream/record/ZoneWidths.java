package dev.ctstream.record;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Over how many partitions each zone is spread, by host and namespace: the key {@code partition.zone.width}.
 *
 * <pre>
 *  7=2     zone 7 is on 2 partitions
 *  7=all   on all
 *  *=2     every zone that is not named, zone 0 included
 * </pre>
 *
 * <p>Without an entry a zone is on 1 partition, and zone 0, which means "no zone", on all. A width above the number of
 * partitions counts as that number.
 *
 * @param named widths by zone; {@link #ALL} = all partitions
 * @param others width of every zone that is not named; null = the defaults
 */
public record ZoneWidths(
        Map<Integer, Integer> named, @Nullable Integer others) {
    /** As many as the topic has. */
    public static final int ALL = Integer.MAX_VALUE;

    /** No entry. */
    public static final ZoneWidths DEFAULT = new ZoneWidths(Map.of(), null);

    private static final int NO_ZONE = 0;
    private static final int MAX_ZONE = 65_535;
    private static final int MAX_WIDTH = 100_000;
    private static final Pattern ITEM = Pattern.compile("(\\*|\\d{1,5})\\s*=\\s*(all|\\d{1,6})");

    /** Checks the widths and copies the map. */
    public ZoneWidths {
        named.forEach((zone, width) -> check(zone.toString(), width));
        if (others != null) {
            check("*", others);
        }
        named = Map.copyOf(named);
    }

    private static void check(String zone, int width) {
        if (width < 1) {
            throw new IllegalArgumentException(
                    "partition.zone.width of zone " + zone + " is " + width + "; must be 1 or more");
        }
    }

    /**
     * The widths that a text gives, such as {@code 0=12,7=all,*=2}.
     *
     * @throws IllegalArgumentException with the first problem
     */
    public static ZoneWidths parse(String text) {
        List<String> items = text.isBlank()
                ? List.of()
                : List.of(text.split(",", -1)).stream().map(String::strip).toList();
        String problem = problem(items);
        if (!problem.isEmpty()) {
            throw new IllegalArgumentException(problem);
        }
        return of(items);
    }

    /** The widths of items without a {@link #problem}. */
    public static ZoneWidths of(List<String> items) {
        Map<Integer, Integer> named = new HashMap<>();
        Integer others = null;
        for (String item : items) {
            Matcher matcher = ITEM.matcher(item);
            if (!matcher.matches()) {
                throw new IllegalArgumentException(problem(items));
            }
            int width = width(matcher.group(2));
            if (matcher.group(1).equals("*")) {
                others = width;
            } else {
                named.put(Integer.parseInt(matcher.group(1)), width);
            }
        }
        return new ZoneWidths(named, others);
    }

    /** What is wrong with items of the form zone=width; empty = nothing. */
    public static String problem(List<String> items) {
        Map<String, String> seen = new TreeMap<>();
        for (String item : items) {
            Matcher matcher = ITEM.matcher(item);
            if (!matcher.matches() || zone(matcher.group(1)) > MAX_ZONE || !valid(width(matcher.group(2)))) {
                return "'" + item + "' is not zone=width with a zone in 0..65535 or *, and a width of 1.." + MAX_WIDTH
                        + " or all";
            }
            String zone = matcher.group(1).equals("*") ? "*" : Integer.toString(zone(matcher.group(1)));
            String before = seen.put(zone, item);
            if (before != null) {
                return "'" + before + "' and '" + item + "' are for the same zone; leave one out";
            }
        }
        return "";
    }

    private static int zone(String text) {
        return text.equals("*") ? NO_ZONE : Integer.parseInt(text);
    }

    private static int width(String text) {
        return text.equals("all") ? ALL : Integer.parseInt(text);
    }

    private static boolean valid(int width) {
        return width == ALL || (width >= 1 && width <= MAX_WIDTH);
    }

    /**
     * Number of partitions over which a zone is spread.
     *
     * @param zone 0..65535
     * @param partitions number of partitions of the topic
     */
    public int width(int zone, int partitions) {
        Integer own = named.get(zone);
        if (own == null) {
            own = others;
        }
        return own == null ? (zone == NO_ZONE ? partitions : 1) : Math.min(own, partitions);
    }
}
