package dev.ctstream.cli;

import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import picocli.CommandLine.MaxValuesExceededException;
import picocli.CommandLine.MissingParameterException;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.OverwrittenOptionException;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/** The only place that turns an error of the command line's parser into a sentence that begins with the option. */
final class OptionErrorText {
    /** How errors about groups of options begin. */
    private static final String OF_GROUP = "Error: ";

    private static final Pattern OPTION = Pattern.compile("--[a-z][a-z-]*");

    private OptionErrorText() {}

    static String of(ParameterException error) {
        String text = String.valueOf(error.getMessage());
        if (text.startsWith(OF_GROUP)) {
            return ofGroup(text.substring(OF_GROUP.length()));
        }
        if (error instanceof MissingParameterException missing) {
            return missing(missing.getMissing(), text);
        }
        if (error instanceof OverwrittenOptionException twice) {
            return name(twice.getOverwritten()) + " is given twice";
        }
        if (error instanceof UnmatchedArgumentException unmatched) {
            boolean option = unmatched.isUnknownOption();
            return (option ? "no such option: " : "not expected here: ") + String.join(" ", unmatched.getUnmatched());
        }
        ArgSpec argument = error.getArgSpec();
        if (argument == null) {
            return text;
        }
        if (error instanceof MaxValuesExceededException) {
            return name(argument) + " takes one value";
        }
        String form = "should be in KEY=VALUE format but was ";
        return text.contains(form)
                ? name(argument) + " " + text.substring(text.indexOf(form) + form.length()) + ": not of the form "
                        + argument.paramLabel()
                : name(argument) + ": " + text.replaceFirst("(?s)^Invalid value for .*?: ", "");
    }

    private static String missing(List<ArgSpec> missing, String text) {
        if (missing.isEmpty()) {
            return text;
        }
        List<String> names = missing.stream().map(OptionErrorText::name).toList();
        if (text.startsWith("Missing required option") || !missing.get(0).isOption()) {
            return missing(names);
        }
        return String.join(", ", names) + " needs a value: " + missing.get(0).paramLabel();
    }

    /**
     * Of a group only its first option is named.
     *
     * @param text has the groups as the synopsis has them, {@code [--address=A [--port=P] --at=TIME]}
     */
    private static String ofGroup(String text) {
        boolean together = text.contains("are mutually exclusive");
        if (together || text.contains("specify one of these")) {
            String groups = Stream.of(text.split("] and \\[|] \\| \\[", -1))
                    .flatMap(group -> OPTION.matcher(group).results().limit(1))
                    .map(MatchResult::group)
                    .collect(Collectors.joining(together ? " and " : " or "));
            return groups + (together ? " exclude each other" : " is missing");
        }
        return missing(OPTION.matcher(text).results().map(MatchResult::group).toList());
    }

    private static String missing(List<String> names) {
        return String.join(", ", names) + (names.size() == 1 ? " is missing" : " are missing");
    }

    private static String name(ArgSpec argument) {
        return argument instanceof OptionSpec option ? option.longestName() : argument.paramLabel();
    }
}
