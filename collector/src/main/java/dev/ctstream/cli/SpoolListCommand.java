package dev.ctstream.cli;

import dev.ctstream.cli.log.LogSettings;
import dev.ctstream.netlink.ErrorText;
import dev.ctstream.spool.SpoolReport;
import java.io.IOException;
import java.nio.file.Path;
import java.time.ZoneId;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code ctstream spool list}. */
@Command(
        name = "list",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        description = "List: show the segments, oldest first, with their contents and how much of them Kafka does"
                + " not have yet; then the dead letters, which Kafka rejected. Reads only the indexes; ctstream"
                + " spool verify reads everything.",
        footerHeading = "%nExamples:%n",
        footer = {
            "  ctstream spool list /var/lib/ctstream",
            "  ctstream spool list -o json DIR | jq .totals.waiting_events"
        })
final class SpoolListCommand implements Callable<Integer> {
    @Parameters(paramLabel = "DIR", description = "The collector's spool.directory.")
    private Path directory = Path.of("");

    @Option(
            names = "-o",
            paramLabel = "text|json",
            defaultValue = "text",
            converter = Converters.Format.class,
            description = "text: for people. json: one object.")
    private OutputFormat format = OutputFormat.TEXT;

    private final Console console;

    SpoolListCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() throws CommandFailure, IOException {
        LogSettings.forPeople();
        SpoolReport report;
        try {
            report = SpoolReport.list(directory);
        } catch (IOException e) {
            throw new CommandFailure(ExitCode.FAILURE, ErrorText.of(e), e);
        }
        console.print(
                format == OutputFormat.JSON
                        ? SpoolJson.list(report)
                        : new SpoolText(ZoneId.systemDefault()).list(report));
        return ExitCode.OK;
    }
}
