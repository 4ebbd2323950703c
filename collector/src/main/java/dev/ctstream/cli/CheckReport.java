package dev.ctstream.cli;

import dev.ctstream.metrics.Check;
import java.io.IOException;
import java.util.List;
import java.util.Locale;

/** Prints checks: one line each and what to do below it, or one JSON object each. */
final class CheckReport {
    private static final int NAME_COLUMNS = 24;

    private final Console console;
    private final OutputFormat format;

    CheckReport(Console console, OutputFormat format) {
        this.console = console;
        this.format = format;
    }

    /** Prints the checks, and their number to {@code err}. */
    void print(List<Check> checks) throws IOException {
        StringBuilder text = new StringBuilder();
        for (Check check : checks) {
            text.append(format == OutputFormat.JSON ? json(check) : text(check));
        }
        console.print(text.toString());
        long failed = checks.stream().filter(Check::failed).count();
        long warnings = checks.stream().filter(check -> !check.isOk()).count() - failed;
        console.say(Counted.of(checks.size(), "check") + ": " + failed + " failed, " + Counted.of(warnings, "warning"));
    }

    private static String text(Check check) {
        String line = String.format(
                Locale.ROOT,
                "%-4s  %-" + NAME_COLUMNS + "s  %s: %s\n",
                check.result().word(),
                check.name(),
                check.scope(),
                check.found());
        if (check.isOk()) {
            return line;
        }
        return line + below("wanted", check.wanted()) + below("remedy", check.remedy());
    }

    private static String below(String what, String text) {
        return text.isEmpty() ? "" : "      " + what + ": " + text + "\n";
    }

    private static String json(Check check) {
        return "{\"check\":" + Json.quoted(check.name())
                + ",\"scope\":" + Json.quoted(check.scope())
                + ",\"result\":" + Json.quoted(check.result().word())
                + ",\"found\":" + Json.quoted(check.found())
                + ",\"wanted\":" + Json.quoted(check.wanted())
                + ",\"remedy\":" + Json.quoted(check.remedy()) + "}\n";
    }
}
