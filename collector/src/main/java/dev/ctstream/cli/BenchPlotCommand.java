package dev.ctstream.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.ctstream.bench.Plot;
import dev.ctstream.config.SmallFile;
import dev.ctstream.netlink.ErrorText;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code ctstream bench plot}: draws the results of {@code bench --json}. */
@Command(
        name = "plot",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        header = "Draw the results of bench.",
        description = "Draw curves from files written by bench --json and print them as SVG: one line per reader,"
                + " medians with the range of the rounds.",
        footerHeading = "%nExamples:%n",
        footer = "  ctstream bench plot --kind loss rates.json > loss.svg")
final class BenchPlotCommand implements Callable<Integer> {
    @Option(
            names = "--kind",
            paramLabel = "KIND",
            required = true,
            description = "cost: CPU time per event, by rate. cpu: share of a CPU, by rate. loss: lost events, by"
                    + " rate. latency: kernel to Kafka, by rate. zones: CPU time per event, by number of zones.")
    private String kind = "";

    @Parameters(paramLabel = "FILE", arity = "1..*", description = "File written by bench --json.")
    private List<Path> files = List.of();

    private final Console console;

    BenchPlotCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() throws CommandFailure, IOException {
        List<JsonNode> results = new ArrayList<>();
        for (Path file : files) {
            try {
                results.add(new ObjectMapper().readTree(SmallFile.text(file)));
            } catch (IOException e) {
                throw new CommandFailure(ExitCode.FAILURE, "read " + ErrorText.ofFile(file, e), e);
            }
        }
        try {
            console.print(Plot.svg(kind(), results));
            return ExitCode.OK;
        } catch (IllegalArgumentException e) {
            throw new CommandFailure(ExitCode.USAGE, ErrorText.of(e), e);
        }
    }

    private Plot.Kind kind() {
        String kinds = Arrays.stream(Plot.Kind.values())
                .map(each -> each.name().toLowerCase(Locale.ROOT))
                .collect(Collectors.joining(", "));
        return Arrays.stream(Plot.Kind.values())
                .filter(each -> each.name().toLowerCase(Locale.ROOT).equals(kind))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("--kind " + kind + " is not one of " + kinds));
    }
}
