package dev.ctstream.cli;

import java.util.List;
import java.util.stream.Collectors;
import picocli.CommandLine.MaxValuesExceededException;
import picocli.CommandLine.MissingParameterException;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.OverwrittenOptionException;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/** The only place that turns an error of the command line's parser into a sentence that begins with the option. */
final class OptionErrorText {
    private OptionErrorText() {}

    static String of(ParameterException error) {
        String text = String.valueOf(error.getMessage());
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
        String names = missing.stream().map(OptionErrorText::name).collect(Collectors.joining(", "));
        if (text.startsWith("Missing required option") || !missing.get(0).isOption()) {
            return names + (missing.size() == 1 ? " is missing" : " are missing");
        }
        return names + " needs a value: " + missing.get(0).paramLabel();
    }

    private static String name(ArgSpec argument) {
        return argument instanceof OptionSpec option ? option.longestName() : argument.paramLabel();
    }
}
