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
import dev.ctstream.cli.log.LogSettings;
import dev.ctstream.config.ConfigSources;
import dev.ctstream.config.Configuration;
import dev.ctstream.config.ConfigurationException;
import dev.ctstream.config.HostFacts;
import dev.ctstream.netlink.ErrorText;
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

/** {@code ctstream bench}: measures what the collector costs on this machine. */
@Command(
        name = "bench",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        header = "Measure what each reader of the events costs on this machine.",
        description = "Generate events in a private network namespace on one CPU, and measure the collector that"
                + " reads them on another: events, losses, CPU time by thread, memory, latencies. Needs two CPUs"
                + " for itself. Needs no root where unprivileged user namespaces are allowed; as root the receive buffer"
                + " is larger. Spools and the broker's data are kept in java.io.tmpdir during the run, some gigabytes in"
                + " long runs (CTSTREAM_JAVA_OPTS=-Djava.io.tmpdir=DIR sets another directory).",
        footerHeading = "%nExamples:%n",
        footer = {
            "  ctstream bench                                            to Kafka, as fast as possible",
            "  ctstream bench --readers receive,encode,kafka,conntrack --rounds 5",
            "  ctstream bench --rates 1000,10000,100000 --json rates.json",
            "  ctstream bench --readers encode --zones 1,100,10000 -D batch.max-events=128"
        })
final class BenchCommand implements Callable<Integer> {
    /** The launcher's script sets it after it has created the namespace. */
    private static final String IN_NAMESPACE = "CTSTREAM_IN_NAMESPACE";

    @Option(
            names = "--readers",
            paramLabel = "NAME",
            split = ",",
            defaultValue = "kafka",
            description = "Readers to measure, in this order. A collector that stops after a stage: receive,"
                    + " encode, track, spool, kafka. Other programs, if installed: conntrack, ulogd. A C program that"
                    + " throws all events away, if there is a C compiler: floor, floor8 (it sleeps for 1 or 8 ms when"
                    + " it has read all), blocking. Default: ${DEFAULT-VALUE}.")
    private List<String> readers = List.of();

    @Option(
            names = "--reader",
            paramLabel = "NAME=COMMAND",
            description =
                    "Another program to measure, under this name in --readers. It must subscribe to NEW and DESTROY"
                            + " and end on SIGTERM. The command is split at spaces.")
    private Map<String, String> programs = new LinkedHashMap<>();

    @Option(
            names = "--load",
            paramLabel = "KIND",
            defaultValue = "packets",
            description = "packets: one datagram per flow, into a full table. ctnetlink: create and delete entries."
                    + " none: no events. Default: ${DEFAULT-VALUE}.")
    private String load = "packets";

    @Option(
            names = "--rates",
            paramLabel = "N",
            split = ",",
            defaultValue = "0",
            description = "Events per second; 0 = as fast as possible. Default: ${DEFAULT-VALUE}.")
    private List<Long> rates = List.of();

    @Option(
            names = "--seconds",
            paramLabel = "N",
            defaultValue = "10",
            description = "Length of each measurement. Default: ${DEFAULT-VALUE}.")
    private double seconds;

    @Option(names = "--flows", paramLabel = "N", defaultValue = "0", description = "End after N flows; 0 = no limit.")
    private long flows;

    @Option(
            names = "--zones",
            paramLabel = "N",
            split = ",",
            defaultValue = "1",
            description = "Numbers of zones to spread the flows over. Default: ${DEFAULT-VALUE}.")
    private List<Integer> zones = List.of();

    @Option(
            names = "--udp",
            paramLabel = "PERCENT",
            defaultValue = "50",
            description = "Share of UDP among flows made over ctnetlink; the rest is TCP. Default: ${DEFAULT-VALUE}.")
    private int udp;

    @Option(
            names = "--ipv6",
            paramLabel = "PERCENT",
            defaultValue = "0",
            description = "Share of IPv6 among all flows.")
    private int ipv6;

    @Option(names = "--seed", paramLabel = "N", defaultValue = "1", description = "Seed for the choice of flows.")
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
            description = "Warm-up before each measurement; 0 = the load begins as soon as the reader has subscribed."
                    + " Default: ${DEFAULT-VALUE}.")
    private double warmUpSeconds;

    @Option(
            names = "--warm-up-rate",
            paramLabel = "N",
            defaultValue = "100000",
            description = "Events per second during the warm-up. Default: ${DEFAULT-VALUE}.")
    private long warmUpRate;

    @Option(names = "--load-cpu", paramLabel = "CPU", defaultValue = "0", description = "CPU for the load.")
    private int loadCpu;

    @Option(names = "--reader-cpu", paramLabel = "CPU", defaultValue = "1", description = "CPU for the reader.")
    private int readerCpu;

    @Option(names = "--broker-cpu", paramLabel = "CPU", description = "CPU for the broker. Default: any.")
    private @Nullable Integer brokerCpu;

    @Option(
            names = "--jvm",
            paramLabel = "OPTION",
            parameterConsumer = Verbatim.class,
            description = "Option for the JVM of the measured collector.")
    private List<String> jvm = new ArrayList<>();

    @Option(names = "-D", paramLabel = "KEY=VALUE", description = "Configuration key of the measured collector.")
    private Map<String, String> keys = new LinkedHashMap<>();

    @Option(names = "--json", paramLabel = "FILE", description = "Write all results to this file.")
    private @Nullable Path json;

    /** Takes the next argument verbatim: a JVM option often looks like one of ours. */
    static final class Verbatim implements IParameterConsumer {
        @Override
        public void consumeParameters(Stack<String> words, ArgSpec option, CommandSpec command) {
            if (words.isEmpty()) {
                throw new ParameterException(command.commandLine(), "--jvm needs a JVM option, as in --jvm -Xint");
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

    /** The command with its subcommands. */
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
                    "bench needs a private network namespace, which only the launcher can create: start it as"
                            + " bin/ctstream bench");
        }
        LogSettings.forPeople();
        Path folder = Files.createTempDirectory("ctstream-bench-");
        Thread clean = new Thread(() -> BrokerServer.deleteTree(folder), "bench-clean");
        Runtime.getRuntime().addShutdownHook(clean);
        try {
            measure(config, folder);
            return ExitCode.OK;
        } catch (NetlinkException e) {
            throw KernelAccess.failure(e);
        } catch (IOException e) {
            throw new CommandFailure(ExitCode.FAILURE, "bench: " + ErrorText.of(e), e);
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

    /** Checks the keys now; otherwise the measured process would fail only when it starts. */
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
            throw new ParameterException(spec.commandLine(), ErrorText.of(e), e);
        }
    }

    private LoadSpec.Kind kind() {
        try {
            return LoadSpec.Kind.valueOf(load.toUpperCase(Locale.ROOT));
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("--load " + load + " is not packets, ctnetlink or none", e);
        }
    }

    private List<Reader> chosen() throws CommandFailure {
        List<Reader> chosen = new ArrayList<>();
        for (String name : readers) {
            try {
                chosen.add(reader(name));
            } catch (IOException e) {
                throw new CommandFailure(ExitCode.FAILURE, "--readers " + name + ": " + ErrorText.of(e), e);
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
            throw new IllegalArgumentException("--readers " + name + ": not one of receive, encode, track, spool,"
                    + " kafka, " + String.join(", ", Peers.names()) + ", and no --reader has this name");
        }
        return peer;
    }
}
