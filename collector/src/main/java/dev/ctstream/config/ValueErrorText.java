package dev.ctstream.config;

import java.util.List;
import java.util.regex.Pattern;

/** The only place that turns what Kafka's {@code ConfigDef} says about a value into plain words. */
final class ValueErrorText {
    private static final String NUMBER = "not a whole number, without a unit";

    private record Rule(Pattern theirs, String ours) {
        private static Rule of(String theirs, String ours) {
            return new Rule(Pattern.compile(theirs, Pattern.DOTALL), ours);
        }
    }

    /** In this order; the key and the value stand before the text. */
    private static final List<Rule> RULES = List.of(
            Rule.of("^Invalid value .* for configuration \\S+: ", ""),
            Rule.of("^Invalid value .* for configuration \\S+$", "not a permitted value"),
            Rule.of("^String must be one of(?: \\(case insensitive\\))?: ", "must be one of: "),
            Rule.of("^Expected value to be either true or false$", "must be true or false"),
            Rule.of("^Not a number of type DOUBLE$", "not a number"),
            Rule.of("^Not a number of type \\w+$", NUMBER),
            Rule.of("^Value must be no more than ", "must be at most "),
            Rule.of("^Value must be ", "must be "),
            Rule.of("^String must be non-empty$", "must not be empty"),
            Rule.of("^Class (\\S+) could not be found\\.$", "there is no class $1 in the directory lib"),
            Rule.of("^Invalid url in \\S+: (.*)$", "'$1' is not of the form host:port"));

    private ValueErrorText() {}

    /** Our words for a text of {@code ConfigDef}; other texts unchanged. */
    static String of(String key, String text) {
        String ours = text;
        for (Rule rule : RULES) {
            ours = rule.theirs().matcher(ours).replaceFirst(rule.ours());
        }
        return ours.equals(NUMBER) && key.endsWith("-bytes")
                ? "not a whole number of bytes, such as 65536, 64KiB, 64MiB or 2GiB"
                : ours;
    }
}
