package dev.ctstream.cli.topics;

import dev.ctstream.cli.CommandFailure;
import dev.ctstream.cli.Console;
import dev.ctstream.cli.ExitCode;
import dev.ctstream.cli.Version;
import dev.ctstream.cli.log.LogSettings;
import dev.ctstream.config.CollectorConfig;
import dev.ctstream.publish.HostClass;
import dev.ctstream.publish.TopicChanges;
import dev.ctstream.publish.TopicPlan;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** {@code ctstream topics plan}. */
@Command(
        name = "plan",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        description =
                "Plan: what a fleet of collectors, or this host as it is, makes of the topics: partitions and their"
                        + " skew, bytes, produce requests, heartbeats; and the settings that fit. Needs no Kafka; with"
                        + " --bootstrap-server it says what ctstream topics apply would change. This host as it is needs a running"
                        + " collector, and CAP_NET_ADMIN for the zones.",
        footerHeading = "%nExamples:%n",
        footer = {
            "  ctstream topics plan --hosts 2000 --events-per-second 50 --zones 4000 --retention 7d",
            "  ctstream topics plan --fleet fleet.csv -D partition.zone.width=*=all -o json",
            "  ctstream topics plan --fleet fleet.csv -o strimzi --cluster kafka | kubectl apply -f -",
            "  ctstream topics plan --config /etc/ctstream/ctstream.properties        this host as it is"
        })
final class TopicsPlanCommand implements Callable<Integer> {
    /** Formats of {@code -o}. */
    enum Format {
        TEXT,
        JSON,
        STRIMZI
    }

    static final class FormatConverter implements ITypeConverter<Format> {
        @Override
        public Format convert(String value) {
            return switch (value) {
                case "text" -> Format.TEXT;
                case "json" -> Format.JSON;
                case "strimzi" -> Format.STRIMZI;
                default -> throw new TypeConversionException("'" + value + "' is not text, json or strimzi");
            };
        }
    }

    @Mixin
    private final PlanOptions options = new PlanOptions();

    @Option(
            names = "-o",
            paramLabel = "text|json|strimzi",
            defaultValue = "text",
            converter = FormatConverter.class,
            description = "text: for people. json: one object. strimzi: KafkaTopic resources.")
    private Format format = Format.TEXT;

    @Option(
            names = "--cluster",
            paramLabel = "NAME",
            defaultValue = "my-cluster",
            description = "Name of the Kafka resource, for -o strimzi. Default: ${DEFAULT-VALUE}.")
    private String cluster = "";

    private final Console console;

    TopicsPlanCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() throws CommandFailure, IOException {
        LogSettings.forPeople();
        if (!StrimziTopics.isName(cluster)) {
            throw new CommandFailure(
                    ExitCode.USAGE,
                    "--cluster '" + cluster + "' is not the name of a resource: 1 to 63 small letters, digits and '-'");
        }
        CollectorConfig configuration = options.configuration(console, false);
        List<HostClass> hosts = options.hosts(console, configuration);
        if (!options.clusterGiven()) {
            print(TopicPlan.of(hosts, options.settings(configuration, 0)), List.of());
            return ExitCode.OK;
        }
        try (Cluster open = Cluster.open(configuration.publish())) {
            TopicPlan plan = TopicPlan.of(hosts, options.settings(configuration, open.brokers()));
            print(plan, open.look(plan.topics()));
        }
        return ExitCode.OK;
    }

    private void print(TopicPlan plan, List<TopicChanges.Change> changes) throws IOException {
        console.print(
                switch (format) {
                    case TEXT -> PlanText.of(plan) + (changes.isEmpty() ? "" : "\n" + ChangeText.of(changes));
                    case JSON -> PlanJson.of(plan);
                    case STRIMZI -> StrimziTopics.of(plan.topics(), cluster);
                });
    }
}
