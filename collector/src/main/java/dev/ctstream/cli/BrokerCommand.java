package dev.ctstream.cli;

import dev.ctstream.broker.BrokerServer;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code ctstream broker}: runs a Kafka broker in this process. */
@Command(
        name = "broker",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        header = "Run a Kafka broker for trials.",
        description = "Run a single Kafka broker for trials on 127.0.0.1. Prints its address when it is ready; ends on"
                + " SIGTERM or SIGINT. It has no security and one replica: not for production.",
        footerHeading = "%nExamples:%n",
        footer = {
            "  ctstream broker                                  on port 9092, with temporary data",
            "  ctstream broker --port 19092 --data /tmp/broker  keeps its data for the next start"
        })
final class BrokerCommand implements Callable<Integer> {
    @Option(
            names = "--port",
            paramLabel = "P",
            defaultValue = "9092",
            converter = Converters.Port.class,
            description = "Port on 127.0.0.1; 0 = any free port. Default: ${DEFAULT-VALUE}.")
    private int port;

    @Option(
            names = "--data",
            paramLabel = "DIR",
            description = "Directory for the data; existing data is used. Default: temporary.")
    private @Nullable Path data;

    @Option(names = "-D", paramLabel = "KEY=VALUE", description = "A property of the Kafka broker.")
    private Map<String, String> properties = new LinkedHashMap<>();

    @Option(
            names = "--exit-with-stdin",
            hidden = true,
            description = "End when stdin ends, that is, with the parent process.")
    private boolean exitWithStdin;

    private final Console console;

    BrokerCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() {
        if (exitWithStdin) {
            // The parent handles signals to the process group: it may still need the broker to publish.
            Signals.ignore("INT", "TERM", "HUP");
        }
        PrintStream out = new PrintStream(console.out(), true, StandardCharsets.UTF_8);
        return BrokerServer.run(port, data, exitWithStdin, properties, out);
    }
}
