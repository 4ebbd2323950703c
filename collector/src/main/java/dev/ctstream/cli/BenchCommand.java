package dev.ctstream.cli;

import dev.ctstream.bench.Bench;
import dev.ctstream.bench.BenchConfig;
import dev.ctstream.bench.LoadSpec;
import dev.ctstream.bench.Measurement;
import dev.ctstream.bench.Peers;
import dev.ctstream.bench.Reader;
import dev.ctstream.bench.Report;
import dev.ctstream.bench.Stage;
import dev.ctstream.broker.BrokerServer;
import dev.ctstream.config.ConfigSources;
import dev.ctstream.config.Configuration;
import dev.ctstream.config.ConfigurationException;
import dev.ctstream.config.HostFacts;
import dev.ctstream.netlink.NetlinkException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Stack;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IParameterConsumer;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code ctstream bench}: what the collector costs on this machine. */
@Command(
        name = "bench",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        header = "Measure what each reader of the events costs on this machine.",
        description = "Raise events in a private network namespace, from one CPU, and measure the collector that reads"
                + " them on another: events, losses, CPU time by thread, memory, latencies. Needs two CPUs to itself and"
                + " no root where unprivileged user namespaces are allowed; as root the receive buffer is larger. Spools"
                + " and the broker's data lie in java.io.tmpdir meanwhile, some gigabytes in the longer runs"
                + " (CTSTREAM_JAVA_OPTS=-Djava.io.tmpdir=DIR for another place).",
        footerHeading = "%nExamples:%n",
        footer = {
            "  ctstream bench                                            to Kafka, as fast as the load can",
            "  ctstream bench --readers receive,encode,kafka,conntrack --rounds 5",
            "  ctstream bench --rates 1000,10000,100000 --json rates.json",
            "  ctstream bench --readers encode --zones 1,100,10000 -D batch.max-events=128"
        })
final class BenchCommand implements Callable<Integer> {
    /** Set by the launcher's script when it has made the namespace. */
    private static final String IN_NAMESPACE = "CTSTREAM_IN_NAMESPACE";

    @Option(
            names = "--readers",
            paramLabel = "NAME",
            split = ",",
            defaultValue = "kafka",
            description = "What is measured, in this order: receive, encode, track, spool, kafka (how far the events"
                    + " go), conntrack, ulogd (when installed). Default: ${DEFAULT-VALUE}.")
    private List<String> readers = List.of();

    @Option(
            names = "--reader",
            paramLabel = "NAME=COMMAND",
            description =
                    "Another program to be measured under this name in --readers: it subscribes to NEW and DESTROY,"
                            + " and ends with SIGTERM. Its words are split at spaces.")
    private Map<String, String> programs = new LinkedHashMap<>();

    @Option(
            names = "--load",
            paramLabel = "KIND",
            defaultValue = "packets",
            description = "packets: one datagram a flow, into a full table. ctnetlink: entries created and deleted."
                    + " none. Default: ${DEFAULT-VALUE}.")
    private String load = "packets";

    @Option(
            names = "--rates",
            paramLabel = "N",
            split = ",",
            defaultValue = "0",
            description = "Events a second; 0 is as fast as possible. Default: ${DEFAULT-VALUE}.")
    private List<Long> rates = List.of();

    @Option(
            names = "--seconds",
            paramLabel = "N",
            defaultValue = "10",
            description = "Length of each measurement. Default: ${DEFAULT-VALUE}.")
    private double seconds;

    @Option(names = "--flows", paramLabel = "N", defaultValue = "0", description = "End after so many flows.")
    private long flows;

    @Option(
            names = "--zones",
            paramLabel = "N",
            split = ",",
            defaultValue = "1",
            description = "Numbers of zones that the flows are spread over. Default: ${DEFAULT-VALUE}.")
    private List<Integer> zones = List.of();

    @Option(
            names = "--udp",
            paramLabel = "PERCENT",
            defaultValue = "50",
            description = "Share of UDP among flows made over ctnetlink; the rest is TCP. Default: ${DEFAULT-VALUE}.")
    private int udp;

    @Option(names = "--ipv6", paramLabel = "PERCENT", defaultValue = "0", description = "Share of IPv6.")
    private int ipv6;

    @Option(names = "--seed", paramLabel = "N", defaultValue = "1", description = "Which flows are of which kind.")
    private long seed;

    @Option(
            names = "--rounds",
            paramLabel = "N",
            defaultValue = "1",
            converter = Converters.Count.class,
            description = "Repetitions; the table shows medians. Default: ${DEFAULT-VALUE}.")
    private Long rounds = 1L;

    @Option(
            names = "--warm-up-seconds",
            paramLabel = "N",
            defaultValue = "10",
            description = "Before each measurement. Default: ${DEFAULT-VALUE}.")
    private double warmUpSeconds;

    @Option(
            names = "--warm-up-rate",
            paramLabel = "N",
            defaultValue = "100000",
            description = "Events a second meanwhile. Default: ${DEFAULT-VALUE}.")
    private long warmUpRate;

    @Option(names = "--load-cpu", paramLabel = "CPU", defaultValue = "0", description = "Where the load runs.")
    private int loadCpu;

    @Option(names = "--reader-cpu", paramLabel = "CPU", defaultValue = "1", description = "Where the reader runs.")
    private int readerCpu;

    @Option(names = "--broker-cpu", paramLabel = "CPU", description = "Where the broker runs. Default: on any.")
    private @Nullable Integer brokerCpu;

    @Option(
            names = "--jvm",
            paramLabel = "OPTION",
            parameterConsumer = Verbatim.class,
            description = "Option for the measured collector's JVM.")
    private List<String> jvm = new ArrayList<>();

    @Option(names = "-D", paramLabel = "KEY=VALUE", description = "One key of the measured collector's configuration.")
    private Map<String, String> keys = new LinkedHashMap<>();

    @Option(names = "--json", paramLabel = "FILE", description = "Write everything that was measured here.")
    private @Nullable Path json;

    /** Takes the next word as it is: an option of the JVM often looks like one of ours. */
    static final class Verbatim implements IParameterConsumer {
        @Override
        public void consumeParameters(Stack<String> words, ArgSpec option, CommandSpec command) {
            if (words.isEmpty()) {
                throw new ParameterException(
                        command.commandLine(), "--jvm needs an option of the JVM, as in --jvm -Xint");
            }
            List<String> values = option.getValue();
            values.add(words.pop());
        }
    }

    @Spec
    private CommandSpec spec;

    private final Console console;

    BenchCommand(Console console) {
        this.console = console;
    }

    /** The command with its own. */
    static CommandLine line(Console console) {
        return new CommandLine(new BenchCommand(console)).addSubcommand(new BenchPlotCommand(console));
    }

    @Override
    public Integer call() throws CommandFailure, IOException {
        checkKeys();
        BenchConfig config = config();
        if (!"1".equals(console.environment().get(IN_NAMESPACE))) {
            throw new CommandFailure(
                    ExitCode.PRIVILEGE,
                    "bench needs a private network namespace, which only the launcher can make: start it as"
                            + " bin/ctstream bench");
        }
        LogLevels.forPeople();
        Path folder = Files.createTempDirectory("ctstream-bench-");
        Thread clean = new Thread(() -> BrokerServer.deleteTree(folder), "bench-clean");
        Runtime.getRuntime().addShutdownHook(clean);
        try {
            measure(config, folder);
            return ExitCode.OK;
        } catch (NetlinkException e) {
            throw KernelAccess.failure(e);
        } catch (IOException e) {
            throw new CommandFailure(ExitCode.FAILURE, "bench: " + e.getMessage(), e);
        }
    }

    private void measure(BenchConfig config, Path folder) throws IOException {
        List<Measurement> measurements = new ArrayList<>();
        try (Bench bench = Bench.open(config, () -> BenchBroker.start(brokerCpu), folder, console::say)) {
            bench.run(measurements::add);
        } finally {
            if (!measurements.isEmpty()) {
                Report report = new Report(config, measurements);
                console.print(report.table());
                if (json != null) {
                    Files.writeString(json, report.json());
                }
            }
        }
    }

    /** The measured process would find out only when it starts. */
    private void checkKeys() throws CommandFailure {
        Map<String, String> all = new LinkedHashMap<>(Map.of("host.id", "bench"));
        all.putAll(keys);
        try {
            Configuration.load(new ConfigSources(Optional.empty(), Map.of(), all, HostFacts.current(), false));
        } catch (ConfigurationException e) {
            throw new CommandFailure(ExitCode.USAGE, e.problems(), e);
        }
    }

    private BenchConfig config() throws CommandFailure, IOException {
        try {
            return new BenchConfig(
                    chosen(),
                    new LoadSpec(kind(), 0, flows, seconds, 1, udp, ipv6, seed),
                    rates,
                    zones,
                    Math.toIntExact(rounds),
                    new BenchConfig.WarmUp(warmUpSeconds, warmUpRate),
                    new BenchConfig.Cpus(loadCpu, readerCpu),
                    jvm,
                    keys,
                    Version.current());
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), String.valueOf(e.getMessage()), e);
        }
    }

    private LoadSpec.Kind kind() {
        try {
            return LoadSpec.Kind.valueOf(load.toUpperCase(Locale.ROOT));
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("--load " + load + " is none of packets, ctnetlink and none", e);
        }
    }

    private List<Reader> chosen() throws CommandFailure {
        List<Reader> chosen = new ArrayList<>();
        for (String name : readers) {
            try {
                chosen.add(reader(name));
            } catch (IOException e) {
                throw new CommandFailure(ExitCode.FAILURE, "--readers " + name + ": " + e.getMessage(), e);
            }
        }
        return chosen;
    }

    private Reader reader(String name) throws IOException {
        String command = programs.get(name);
        if (command != null) {
            return new Reader.Program(name, List.of(command.strip().split(" +", -1)));
        }
        Stage stage = Stage.named(name);
        if (stage != null) {
            return new Reader.Own(stage);
        }
        Reader peer = Peers.named(name, console.environment());
        if (peer == null) {
            throw new IllegalArgumentException("--readers " + name + ": it is none of receive, encode, track, spool,"
                    + " kafka, conntrack, ulogd, and no --reader has that name");
        }
        return peer;
    }
}
