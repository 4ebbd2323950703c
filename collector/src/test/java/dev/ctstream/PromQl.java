package dev.ctstream;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What an expression of Prometheus' query language asks for; enough of the language for our rules and panels. */
final class PromQl {
    /** What Prometheus adds to every series when it scrapes. */
    private static final Set<String> SCRAPE_LABELS = Set.of("instance", "job");

    private static final Map<String, Set<String>> SCRAPE_SERIES = Map.of("up", Set.of());
    private static final Pattern SERIES =
            Pattern.compile("\\b([a-z][a-z0-9_]*)\\s*(\\{([^}]*)\\})?(?![a-z0-9_]*\\s*\\()");
    private static final Pattern MATCHER = Pattern.compile("([a-z_]+)\\s*(=~|!~|!=|=)\\s*\"");
    private static final Pattern GROUPING = Pattern.compile("\\b(by|without|on|ignoring)\\s*\\(([^)]*)\\)");
    private static final Set<String> WORDS = Set.of("by", "without", "on", "ignoring", "and", "or", "unless", "bool");

    private PromQl() {}

    /** What the expression asks for and the reference does not have; empty when all is there. */
    static List<String> unknown(String expression) {
        Map<String, Set<String>> known = MetricReference.series();
        List<String> unknown = new ArrayList<>();
        Set<String> labels = new TreeSet<>(SCRAPE_LABELS);
        Set<String> grouped = new TreeSet<>();
        Matcher groupings = GROUPING.matcher(expression);
        while (groupings.find()) {
            grouped.addAll(List.of(groupings.group(2).trim().split("\\s*,\\s*")));
        }
        int found = 0;
        Matcher series = SERIES.matcher(
                GROUPING.matcher(expression.replaceAll("\\[[^]]*\\]", "")).replaceAll(" "));
        while (series.find()) {
            String name = series.group(1);
            if (WORDS.contains(name) || isFunction(expression, name)) {
                continue;
            }
            Set<String> own = known.getOrDefault(name, SCRAPE_SERIES.get(name));
            if (own == null) {
                unknown.add("series " + name);
                continue;
            }
            found++;
            labels.addAll(own);
            String matchers = series.group(3);
            Matcher each = MATCHER.matcher(matchers == null ? "" : matchers);
            while (each.find()) {
                if (!own.contains(each.group(1)) && !SCRAPE_LABELS.contains(each.group(1))) {
                    unknown.add("label " + each.group(1) + " of " + name);
                }
            }
        }
        grouped.stream().filter(label -> !labels.contains(label)).forEach(label -> unknown.add("label " + label));
        if (found == 0) {
            unknown.add("no series in " + expression);
        }
        return unknown;
    }

    private static boolean isFunction(String expression, String name) {
        return Pattern.compile("\\b" + name + "\\s*\\(").matcher(expression).find()
                || Pattern.compile("\\b" + name + "\\s+(by|without)\\b")
                        .matcher(expression)
                        .find();
    }
}
