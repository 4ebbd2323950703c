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

/** {@code ctstream spool verify}. */
@Command(
        name = "verify",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        description = "Verify: read everything, check every checksum, and count exactly what is damaged or missing,"
                + " by stream and sequence numbers. Exit code 1 if anything is. The collector declares the same"
                + " events as lost when it reaches them, unless Kafka already has them.",
        footerHeading = "%nExamples:%n",
        footer = {"  ctstream spool verify /var/lib/ctstream", "  ctstream spool verify -o json DIR | jq .lost"})
final class SpoolVerifyCommand implements Callable<Integer> {
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

    SpoolVerifyCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() throws CommandFailure, IOException {
        LogSettings.forPeople();
        SpoolReport report;
        Progress progress = Progress.beforeData(console);
        try {
            report = SpoolReport.verify(directory, progress::files);
        } catch (IOException e) {
            throw new CommandFailure(ExitCode.FAILURE, ErrorText.of(e), e);
        } finally {
            progress.end();
        }
        console.print(
                format == OutputFormat.JSON
                        ? SpoolJson.verify(report)
                        : new SpoolText(ZoneId.systemDefault()).verify(report));
        return report.whole() ? ExitCode.OK : ExitCode.FAILURE;
    }
}
