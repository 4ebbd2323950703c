package dev.ctstream.cli.topics;

import dev.ctstream.cli.CommandFailure;
import dev.ctstream.cli.Console;
import dev.ctstream.cli.Converters;
import dev.ctstream.cli.ExitCode;
import dev.ctstream.config.ClientSettings;
import dev.ctstream.config.CollectorConfig;
import dev.ctstream.config.ConfigSources;
import dev.ctstream.config.Configuration;
import dev.ctstream.config.ConfigurationException;
import dev.ctstream.config.HostFacts;
import dev.ctstream.publish.HostClass;
import dev.ctstream.publish.Layout;
import dev.ctstream.publish.TopicPlan;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Options of both commands: the fleet, the collectors' configuration, and the cluster. */
final class PlanOptions {
    private static final int DEFAULT_BROKERS = 3;

    @Option(
            names = "--hosts",
            paramLabel = "N",
            converter = FleetNumbers.Hosts.class,
            description = "Hosts of the fleet. Without it and --fleet: this host as it is.")
    private @Nullable Integer hosts;

    @Option(
            names = "--events-per-second",
            paramLabel = "R",
            converter = FleetNumbers.Rate.class,
            description = "Events of one host. For this host: as its running collector receives them.")
    private @Nullable Double eventsPerSecond;

    @Option(
            names = "--zones",
            paramLabel = "Z",
            converter = FleetNumbers.Zones.class,
            description = "Zones in use in each namespace of a host, which every host numbers from 1 on; 0: all is in"
                    + " zone 0, the default. For this host: as the kernel's table has them.")
    private @Nullable Integer zones;

    @Option(
            names = "--namespaces",
            paramLabel = "K",
            converter = FleetNumbers.Namespaces.class,
            description = "Network namespaces that a host observes. Default: 1.")
    private @Nullable Integer namespaces;

    @Option(
            names = "--fleet",
            paramLabel = "FILE",
            description = "CSV with a line for each class of hosts: class,hosts,events_per_second,zones,namespaces. The"
                    + " last two may be left out.")
    private @Nullable Path fleet;

    @Option(
            names = "--retention",
            paramLabel = "7d",
            defaultValue = "7d",
            converter = FleetNumbers.Retention.class,
            description = "How long the topics keep a record: a number and s, m, h, d or w. Default: ${DEFAULT-VALUE}.")
    private long retentionMillis;

    @Option(
            names = "--partitions",
            paramLabel = "N",
            converter = FleetNumbers.Partitions.class,
            description = "Partitions of each topic. Default: topic.partitions, or more if the load needs it.")
    private @Nullable Integer partitions;

    @Option(
            names = "--brokers",
            paramLabel = "B",
            converter = FleetNumbers.Brokers.class,
            description = "Brokers that share the partitions. Default: those of the cluster, or 3 without one.")
    private @Nullable Integer brokers;

    @Option(names = "--config", paramLabel = "FILE", description = "The collectors' configuration file.")
    private @Nullable Path config;

    @Option(names = "-D", paramLabel = "KEY=VALUE", description = "One configuration key, kafka.* included.")
    private Map<String, String> keys = new LinkedHashMap<>();

    @Option(
            names = "--bootstrap-server",
            paramLabel = "HOST:PORT,...",
            converter = Converters.Servers.class,
            description = "Kafka bootstrap servers; overrides the configuration.")
    private @Nullable String bootstrapServer;

    @Option(
            names = "--command-config",
            paramLabel = "FILE",
            description = "Properties for the Kafka client (TLS, SASL, ...), with or without the prefix kafka. With"
                    + " --bootstrap-server.")
    private @Nullable Path commandConfig;

    /** Whether a cluster is named on the command line. */
    boolean clusterGiven() {
        return bootstrapServer != null;
    }

    /** The collectors' configuration. */
    CollectorConfig configuration(Console console, boolean brokerNeeded) throws CommandFailure {
        Map<String, String> given = new LinkedHashMap<>();
        String server = bootstrapServer;
        if (commandConfig != null && server == null) {
            throw usage("--command-config needs --bootstrap-server; the collectors' own file is given with --config");
        }
        try {
            if (server != null) {
                Map<String, String> client = new LinkedHashMap<>();
                keys.forEach((key, value) -> {
                    if (key.startsWith("kafka.")) {
                        client.put(key, value);
                    }
                });
                client.put("kafka.bootstrap.servers", server);
                ClientSettings.load(Optional.ofNullable(commandConfig), client)
                        .kafka()
                        .forEach((key, value) -> given.put("kafka." + key, value));
            }
            if (hosts != null || fleet != null) {
                given.put("host.id", "topics"); // a fleet can be planned on a machine without an id
            }
            given.putAll(keys);
            if (server != null) {
                given.put("kafka.bootstrap.servers", server);
            }
            Configuration configuration = Configuration.load(new ConfigSources(
                    Optional.ofNullable(config), console.environment(), given, HostFacts.current(), brokerNeeded));
            configuration.warnings().forEach(console::say);
            CollectorConfig collector = configuration.collector();
            if (collector.publish().records().layout() == Layout.EVENT) {
                throw usage("record.layout=event: only the layout batch can be sized; plan with -D record.layout=batch,"
                        + " and expect several times the bytes and records");
            }
            return collector;
        } catch (ConfigurationException e) {
            throw new CommandFailure(ExitCode.USAGE, e.problems(), e);
        }
    }

    private static CommandFailure usage(String text) {
        return new CommandFailure(ExitCode.USAGE, text);
    }

    /** The fleet, or this host. */
    List<HostClass> hosts(Console console, CollectorConfig configuration) throws CommandFailure, IOException {
        if (fleet != null) {
            if (hosts != null || eventsPerSecond != null || zones != null || namespaces != null) {
                throw usage("--fleet describes the hosts; leave out --hosts, --events-per-second, --zones and"
                        + " --namespaces");
            }
            return FleetFile.read(fleet);
        }
        if (hosts == null) {
            if (namespaces != null) {
                throw usage("--namespaces needs --hosts: this host has those of the key netns");
            }
            return List.of(ThisHost.look(console, configuration, eventsPerSecond, zones));
        }
        if (eventsPerSecond == null) {
            throw usage("--hosts needs --events-per-second, the events of one of them");
        }
        String problem = FleetNumbers.streamsProblem(number(namespaces, 1), number(zones, 0));
        if (!problem.isEmpty()) {
            throw usage(problem);
        }
        return List.of(HostClass.even("all", hosts, eventsPerSecond, number(namespaces, 1), number(zones, 0)));
    }

    private static int number(@Nullable Integer given, int otherwise) {
        return given == null ? otherwise : given;
    }

    /**
     * What the plan is computed for.
     *
     * @param ofCluster number of its brokers; 0 = there is no cluster
     */
    TopicPlan.Settings settings(CollectorConfig configuration, int ofCluster) {
        return new TopicPlan.Settings(
                configuration.publish().topics(),
                number(partitions, 0),
                number(brokers, ofCluster > 0 ? ofCluster : DEFAULT_BROKERS),
                retentionMillis,
                configuration.publish().zoneWidth(),
                configuration.batch(),
                configuration.track().heartbeatIntervalMillis());
    }
}
