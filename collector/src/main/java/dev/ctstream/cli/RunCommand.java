package dev.ctstream.cli;

import dev.ctstream.Collector;
import dev.ctstream.LocalChecks;
import dev.ctstream.Rehearsal;
import dev.ctstream.broker.EmbeddedBroker;
import dev.ctstream.cli.log.LogSettings;
import dev.ctstream.config.CollectorConfig;
import dev.ctstream.config.ConfigSources;
import dev.ctstream.config.Configuration;
import dev.ctstream.config.ConfigurationException;
import dev.ctstream.config.HostFacts;
import dev.ctstream.metrics.Check;
import dev.ctstream.netlink.ErrorText;
import dev.ctstream.publish.RemoteChecks;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code ctstream run}: the collector. */
@Command(
        name = "run",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        header = "Publish the kernel's events to Kafka, until stopped.",
        description = "Subscribe to the kernel's connection-tracking events and publish them to Kafka until"
                + " SIGTERM or SIGINT. SIGHUP reads the configuration again, SIGUSR1 announces every live flow again. Needs"
                + " CAP_NET_ADMIN. Keys are read from the file, then from CTSTREAM_*"
                + " environment variables (CTSTREAM_BATCH_MAX_EVENTS is batch.max-events), then from -D; the last"
                + " value counts.",
        footerHeading = "%nExamples:%n",
        footer = {
            "  ctstream run --config /etc/ctstream/ctstream.properties",
            "  ctstream run -D kafka.bootstrap.servers=localhost:9092 -D events=new,update,destroy",
            "  ctstream run --embedded-kafka",
            "  ctstream run --config ctstream.properties --check",
            "  ctstream run --dump-config > ctstream.properties"
        })
public final class RunCommand implements Callable<Integer> {
    @Option(names = "--config", paramLabel = "FILE", description = "Configuration file in properties format.")
    private @Nullable Path config;

    @Option(names = "-D", paramLabel = "KEY=VALUE", description = "One configuration key.")
    private Map<String, String> keys = new LinkedHashMap<>();

    @Option(names = "--embedded-kafka", description = "Start a temporary broker on 127.0.0.1 and publish to it.")
    private boolean embeddedKafka;

    @Option(names = "--check", description = "Check configuration, host and Kafka, then exit.")
    private boolean check;

    @Option(names = "--dump-config", description = "Print every key with its value, source and meaning, then exit.")
    private boolean dumpConfig;

    private final Console console;
    private final RunRequests requests;
    private final @Nullable Rehearsal begun;

    /** The command; {@code begun} has begun before anything else, null = not. */
    RunCommand(Console console, RunRequests requests, @Nullable Rehearsal begun) {
        this.console = console;
        this.requests = requests;
        this.begun = begun;
    }

    @Override
    public Integer call() throws CommandFailure, IOException {
        if (check && dumpConfig) {
            throw new CommandFailure(ExitCode.USAGE, "--check and --dump-config exclude each other");
        }
        if (dumpConfig) {
            console.print(loadAndWarn(false).dump());
            return ExitCode.OK;
        }
        if (check) {
            LogSettings.forPeople();
            return check(loadAndWarn(!embeddedKafka).collector());
        }
        require(loadAndWarn(!embeddedKafka).collector());
        if (!embeddedKafka) {
            return run(keys);
        }
        try (EmbeddedBroker broker = EmbeddedBroker.temporary(Map.of())) {
            console.say("starting a broker");
            broker.start();
            console.say("read with: ctstream read --bootstrap-server " + broker.bootstrapServers());
            Map<String, String> more = new LinkedHashMap<>(keys);
            more.put("kafka.bootstrap.servers", broker.bootstrapServers());
            return run(more);
        } catch (IOException e) {
            throw new CommandFailure(ExitCode.FAILURE, "embedded broker: " + ErrorText.of(e), e);
        }
    }

    private int run(Map<String, String> commandLine) throws CommandFailure {
        Rehearsal rehearsal = begun == null ? Rehearsal.begin() : begun;
        return new CollectorRun(
                        console, requests, rehearsal, Optional.ofNullable(config), () -> load(commandLine, true))
                .collect();
    }

    private Configuration loadAndWarn(boolean brokerNeeded) throws CommandFailure {
        Configuration configuration = load(keys, brokerNeeded);
        if (!dumpConfig && !check) {
            LogSettings.set(configuration.collector().log());
        }
        configuration.warnings().forEach(console::warn);
        String servers = configuration.collector().publish().bootstrapServers();
        if (embeddedKafka && !servers.isEmpty()) {
            throw new CommandFailure(
                    ExitCode.USAGE,
                    "--embedded-kafka publishes to a broker of its own, and kafka.bootstrap.servers=" + servers
                            + " names another: leave one out");
        }
        return configuration;
    }

    /** The description of this program and its configuration for the control records. */
    public static Collector.Program program(Configuration configuration) throws IOException {
        return new Collector.Program(Version.current(), configuration.digest());
    }

    private int check(CollectorConfig settings) throws CommandFailure, IOException {
        List<Check> checks = new ArrayList<>(LocalChecks.look(settings, false));
        if (!embeddedKafka) {
            try {
                checks.addAll(RemoteChecks.look(settings.publish()));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new CommandFailure(ExitCode.FAILURE, "interrupted", e);
            }
        }
        new CheckReport(console, OutputFormat.TEXT).print(checks);
        return ExitCode.of(checks);
    }

    /** Ends the start if a check of this host has failed. Namespaces report their own warnings once they are observed. */
    private static void require(CollectorConfig settings) throws CommandFailure {
        List<Check> checks = LocalChecks.look(settings, false);
        List<String> failed =
                checks.stream().filter(Check::failed).map(Check::sentence).toList();
        if (!failed.isEmpty()) {
            throw new CommandFailure(ExitCode.of(checks), failed, null);
        }
        checks.stream()
                .filter(check -> !check.isOk() && !check.scope().startsWith("netns "))
                .forEach(check -> LoggerFactory.getLogger(RunCommand.class).warn("{}", check.sentence()));
    }

    private Configuration load(Map<String, String> commandLine, boolean brokerNeeded) throws CommandFailure {
        try {
            return Configuration.load(new ConfigSources(
                    Optional.ofNullable(config),
                    console.environment(),
                    commandLine,
                    HostFacts.current(),
                    brokerNeeded));
        } catch (ConfigurationException e) {
            throw new CommandFailure(ExitCode.USAGE, e.problems(), e);
        }
    }
}
