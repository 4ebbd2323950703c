package dev.ctstream.cli.demo;

import dev.ctstream.Collector;
import dev.ctstream.broker.EmbeddedBroker;
import dev.ctstream.cli.CommandFailure;
import dev.ctstream.cli.Console;
import dev.ctstream.cli.Converters;
import dev.ctstream.cli.ExitCode;
import dev.ctstream.cli.RunCommand;
import dev.ctstream.cli.Version;
import dev.ctstream.cli.log.LogSettings;
import dev.ctstream.config.ConfigSources;
import dev.ctstream.config.Configuration;
import dev.ctstream.config.ConfigurationException;
import dev.ctstream.config.HostFacts;
import dev.ctstream.netlink.Links;
import dev.ctstream.netlink.NetlinkException;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * {@code ctstream demo}: the complete path once, with real traffic, a real broker and a consumer, in a private
 * namespace.
 */
@Command(
        name = "demo",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        description = "Make real connections in a private network namespace, collect their events, publish them to a"
                + " temporary Kafka broker, read them back and print them. Needs no root where unprivileged"
                + " user namespaces are allowed; changes nothing on this machine and leaves nothing behind.")
public final class DemoCommand implements Callable<Integer> {
    /** The launcher's script sets it after it has created the namespace. */
    private static final String IN_NAMESPACE = "CTSTREAM_IN_NAMESPACE";

    private static final long DRAIN_NANOS = TimeUnit.SECONDS.toNanos(15);

    @Option(
            names = "--seconds",
            paramLabel = "N",
            defaultValue = "20",
            converter = Converters.Seconds.class,
            description = "Duration of the traffic. Default: ${DEFAULT-VALUE}.")
    private int seconds = 20;

    private final Console console;

    /** Creates the command for this console. */
    public DemoCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() throws CommandFailure, IOException {
        if (!"1".equals(console.environment().get(IN_NAMESPACE))) {
            throw new CommandFailure(
                    ExitCode.PRIVILEGE,
                    "demo needs a private network namespace, which only the launcher can create: start it as"
                            + " bin/ctstream demo");
        }
        LogSettings.forPeople();
        try {
            return run();
        } catch (NetlinkException e) {
            throw new CommandFailure(
                    ExitCode.PRIVILEGE,
                    "demo: " + e.getMessage() + "; the kernel needs nf_conntrack, ctnetlink, nf_tables"
                            + " with ct and nat, and the namespace's root must hold CAP_NET_ADMIN",
                    e);
        }
    }

    private int run() throws CommandFailure, IOException {
        Links.bringUp("lo");
        console.say("demo: starting a Kafka broker (about 5 s)");
        try (EmbeddedBroker broker = EmbeddedBroker.temporary(Map.of())) {
            broker.start();
            DemoNetwork network = DemoNetwork.create();
            Configuration configuration = configuration(broker);
            try (Collector collector = Collector.start(configuration.collector(), RunCommand.program(configuration));
                    DemoReader reader = DemoReader.start(console, broker.bootstrapServers());
                    DemoTraffic traffic = DemoTraffic.open(network)) {
                console.say("demo: making connections for " + seconds
                        + " s; a consumer reads the following events from Kafka");
                DemoReport report = new DemoReport(console, collector, reader, traffic);
                report.makeConnections(seconds);
                report.awaitAll(DRAIN_NANOS);
                collector.stop();
                reader.stop();
                return report.print() ? ExitCode.OK : ExitCode.FAILURE;
            }
        }
    }

    private static Configuration configuration(EmbeddedBroker broker) throws CommandFailure {
        Map<String, String> settings = new LinkedHashMap<>();
        settings.put("kafka.bootstrap.servers", broker.bootstrapServers());
        settings.put("host.id", "demo");
        settings.put("topic.replication-factor", "1");
        // There it is deleted with the broker's data, even when this process is killed.
        settings.put("spool.directory", broker.data().resolve("demo-spool").toString());
        settings.put("http.listen", "off");
        try {
            return Configuration.load(
                    new ConfigSources(Optional.empty(), Map.of(), settings, HostFacts.current(), true));
        } catch (ConfigurationException e) {
            throw new CommandFailure(ExitCode.FAILURE, e.problems(), e);
        }
    }
}
