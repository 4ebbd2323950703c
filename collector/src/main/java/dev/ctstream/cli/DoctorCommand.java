package dev.ctstream.cli;

import dev.ctstream.LocalChecks;
import dev.ctstream.cli.log.LogSettings;
import dev.ctstream.config.CollectorConfig;
import dev.ctstream.config.ConfigSources;
import dev.ctstream.config.Configuration;
import dev.ctstream.config.ConfigurationException;
import dev.ctstream.config.HostFacts;
import dev.ctstream.metrics.Check;
import dev.ctstream.metrics.Check.Result;
import dev.ctstream.netlink.SocketFilter;
import dev.ctstream.publish.RemoteChecks;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code ctstream doctor}: the checks of {@code run}, beside a collector or before there is one. */
@Command(
        name = "doctor",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        header = "Check this host and Kafka, and say what to do.",
        description = "Check what a collector with this configuration needs, and what would make its records less than"
                + " they could be. Changes nothing, and may run beside a collector; run it as the collector's user. Without"
                + " kafka.bootstrap.servers it leaves Kafka out.",
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {
            "0:all checks are ok, or there are only warnings",
            "1:a check has failed",
            "2:wrong options or configuration",
            "3:missing privilege (CAP_NET_ADMIN) or kernel feature (ctnetlink)"
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  ctstream doctor --config /etc/ctstream/ctstream.properties",
            "  ctstream doctor -D kafka.bootstrap.servers=localhost:9092",
            "  ctstream doctor -o json | jq 'select(.result != \"ok\")'"
        })
final class DoctorCommand implements Callable<Integer> {
    /** Checks without which no table can be read. */
    private static final Set<String> KERNEL = Set.of("native-library", "privilege", "namespace", "ctnetlink");

    @Option(names = "--config", paramLabel = "FILE", description = "Configuration file in properties format.")
    private @Nullable Path config;

    @Option(names = "-D", paramLabel = "KEY=VALUE", description = "One configuration key.")
    private Map<String, String> keys = new LinkedHashMap<>();

    @Option(
            names = "-o",
            paramLabel = "text|json",
            defaultValue = "text",
            converter = Converters.Format.class,
            description = "text: for people. json: one object for each check.")
    private OutputFormat format = OutputFormat.TEXT;

    private final Console console;
    private @Nullable SocketFilter filter;

    DoctorCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() throws CommandFailure, IOException {
        LogSettings.forPeople();
        List<Check> checks = checks();
        new CheckReport(console, format).print(checks);
        if (format == OutputFormat.TEXT && filter != null) {
            console.print("\nthe filter's program:\n" + filter);
        }
        return ExitCode.of(checks);
    }

    /** Of the namespaces that are there, as the checks of this host have found. */
    private static List<Check> zones(CollectorConfig config, List<Check> local) {
        return config.netns().stream()
                .filter(netns -> local.stream()
                        .noneMatch(check -> check.name().equals("namespace")
                                && !check.isOk()
                                && check.scope().equals("netns " + netns)))
                .map(netns -> HostZones.check(
                        netns,
                        config.host().id(),
                        config.publish().zoneWidth(),
                        config.publish().topics().partitions()))
                .toList();
    }

    private List<Check> checks() throws CommandFailure {
        List<Check> checks = new ArrayList<>();
        String scope = config == null ? "host" : config.toString();
        String wanted = "keys and values that exist";
        try {
            Configuration configuration = Configuration.load(new ConfigSources(
                    Optional.ofNullable(config), console.environment(), keys, HostFacts.current(), false));
            checks.add(Check.ok("configuration", scope, "no problem", wanted));
            configuration
                    .warnings()
                    .forEach(warning -> checks.add(Check.warn("configuration", scope, warning, wanted, "")));
            filter = configuration.collector().subscription().filter().program();
            List<Check> local = LocalChecks.look(configuration.collector(), true);
            checks.addAll(local);
            if (local.stream().noneMatch(check -> check.failed() && KERNEL.contains(check.name()))) {
                checks.addAll(zones(configuration.collector(), local));
            }
            if (configuration.collector().publish().bootstrapServers().isEmpty()) {
                console.say("Kafka is not checked: kafka.bootstrap.servers is not set");
            } else {
                checks.addAll(RemoteChecks.look(configuration.collector().publish()));
            }
        } catch (ConfigurationException e) {
            e.problems()
                    .forEach(problem ->
                            checks.add(Check.said(Result.FAIL_CONFIGURATION, "configuration", scope, problem, wanted)));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CommandFailure(ExitCode.FAILURE, "interrupted", e);
        }
        return checks;
    }
}
