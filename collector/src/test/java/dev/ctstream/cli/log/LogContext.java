package dev.ctstream.cli.log;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.joran.JoranConfigurator;
import ch.qos.logback.classic.util.LogbackMDCAdapter;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;

/** A configuration of logback in a context of its own, with what it writes to stderr. */
final class LogContext {
    private LogContext() {}

    /** The lines that a configuration makes of what is logged. */
    static List<String> lines(String configuration, Consumer<LoggerContext> log) throws Exception {
        ByteArrayOutputStream said = new ByteArrayOutputStream();
        PrintStream before = System.err;
        System.setErr(new PrintStream(said, true, StandardCharsets.UTF_8));
        try {
            LoggerContext context = new LoggerContext();
            context.setMDCAdapter(new LogbackMDCAdapter());
            JoranConfigurator configurator = new JoranConfigurator();
            configurator.setContext(context);
            configurator.doConfigure(
                    Objects.requireNonNull(LogContext.class.getResource(configuration), configuration));
            log.accept(context);
            context.stop();
        } finally {
            System.setErr(before);
        }
        return said.toString(StandardCharsets.UTF_8).lines().toList();
    }

    /** The lines that the collector's log makes in a format, or for the journal. */
    static List<String> lines(Map<String, String> environment, Consumer<Logger> log) throws Exception {
        List<String> problems = LogSettings.of(environment, false);
        try {
            if (!problems.isEmpty()) {
                throw new AssertionError(problems);
            }
            return lines("/logback.xml", context -> log.accept(context.getLogger("a.b.C")));
        } finally {
            LogSettings.of(Map.of(), false);
        }
    }
}
