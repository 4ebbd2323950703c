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

/** {@code ctstream broker}: this process becomes a Kafka broker. */
@Command(
        name = "broker",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        header = "Run a Kafka broker for trials.",
        description =
                "Run a Kafka broker for trials, alone, on 127.0.0.1. Prints its address when it is ready; ends with"
                        + " SIGTERM or SIGINT. It has no security and one replica: not for production.",
        footerHeading = "%nExamples:%n",
        footer = {
            "  ctstream broker                                  on port 9092, data gone with it",
            "  ctstream broker --port 19092 --data /tmp/broker  the same data again next time"
        })
final class BrokerCommand implements Callable<Integer> {
    @Option(
            names = "--port",
            paramLabel = "P",
            defaultValue = "9092",
            converter = Converters.Port.class,
            description = "Port on 127.0.0.1; 0 takes a free one. Default: ${DEFAULT-VALUE}.")
    private int port;

    @Option(
            names = "--data",
            paramLabel = "DIR",
            description = "Keep the data here and use what is there. Default: temporary.")
    private @Nullable Path data;

    @Option(names = "-D", paramLabel = "KEY=VALUE", description = "A property of Kafka's broker.")
    private Map<String, String> properties = new LinkedHashMap<>();

    @Option(names = "--exit-with-stdin", hidden = true, description = "End when stdin ends: with the parent process.")
    private boolean exitWithStdin;

    private final Console console;

    BrokerCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() {
        if (exitWithStdin) {
            // Signals to the process group are the parent's to act on: it may still want to publish.
            Signals.ignore("INT", "TERM", "HUP");
        }
        PrintStream out = new PrintStream(console.out(), true, StandardCharsets.UTF_8);
        return BrokerServer.run(port, data, exitWithStdin, properties, out);
    }
}
