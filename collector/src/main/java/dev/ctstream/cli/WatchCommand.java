package dev.ctstream.cli;

import dev.ctstream.cli.log.LogSettings;
import dev.ctstream.conntrack.SubscriptionConfig;
import dev.ctstream.netlink.NetlinkException;
import dev.ctstream.netlink.NetworkNamespace;
import dev.ctstream.read.EventPrinter;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code ctstream watch}: prints the kernel's events, without Kafka. */
@Command(
        name = "watch",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        header = "Print the kernel's events as they arrive, without Kafka.",
        description = "Print the kernel's connection-tracking events as they arrive, without Kafka. Needs"
                + " CAP_NET_ADMIN. Events of one zone are printed in the kernel's order; the JSON is the same as in"
                + " ctstream read.",
        footerHeading = "%nExamples:%n",
        footer = {
            "  ctstream watch",
            "  ctstream watch --zone 7 --events new,destroy -o json",
            "  ctstream watch --netns blue --count 10",
        })
final class WatchCommand implements Callable<Integer> {
    @Option(
            names = "--netns",
            paramLabel = "NAME|PATH",
            description = "Network namespace: a name as in /var/run/netns, or a file such as /proc/PID/ns/net. Default:"
                    + " this process's.")
    private @Nullable String netns;

    @Option(
            names = "--zone",
            paramLabel = "N",
            converter = Converters.Zone.class,
            description = "Only events of this conntrack zone, 0..65535.")
    private @Nullable Integer zone;

    @Option(
            names = "--events",
            paramLabel = "EVENT",
            split = ",",
            defaultValue = "new,update,destroy",
            description = "Event types: new, update, destroy, separated by commas. Default: all.")
    private List<String> events = List.of();

    @Option(
            names = "-o",
            paramLabel = "text|json",
            defaultValue = "text",
            converter = Converters.Format.class,
            description = "text: for people. json: one object per line, all fields under their Avro names.")
    private OutputFormat format = OutputFormat.TEXT;

    @Option(
            names = "--count",
            paramLabel = "N",
            converter = Converters.Count.class,
            description = "End after N events.")
    private @Nullable Long count;

    @Spec
    private CommandSpec spec;

    private final Console console;

    WatchCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() throws CommandFailure, IOException {
        LogSettings.forPeople();
        SubscriptionConfig subscription = subscription();
        KernelAccess.require();
        try (EventWatch watch = open(subscription)) {
            Runnable restore = Signals.on(watch::stop, "INT", "TERM");
            try {
                console.say("watching " + String.join(", ", events) + " of network namespace " + watch.netns()
                        + "; ^C ends");
                if (!watch.tracked()) {
                    console.warn("connection tracking is inactive there: the table is empty and no nf_tables"
                            + " rule asks for it; a rule such as 'ct state new' in a chain, or NAT, switches it on");
                }
                print(watch);
            } finally {
                restore.run();
            }
            console.say(watch.summary());
            return ExitCode.OK;
        } catch (NetlinkException e) {
            throw KernelAccess.failure(e);
        }
    }

    private EventWatch open(SubscriptionConfig subscription) throws CommandFailure, NetlinkException {
        try (NetworkNamespace namespace = KernelAccess.namespace(netns)) {
            return EventWatch.open(namespace, subscription);
        }
    }

    private void print(EventWatch watch) throws IOException, CommandFailure {
        EventPrinter printer = format.printer(console);
        long[] printed = {0};
        watch.run(
                event -> {
                    if (zone != null && event.zone() != zone) {
                        return true;
                    }
                    printer.print(event);
                    return ++printed[0] < (count == null ? Long.MAX_VALUE : count);
                },
                printer::flush,
                lost -> console.say(Counted.of(lost, "event")
                        + " lost: the kernel's receive buffer was full; see net.core.rmem_max"));
        printer.flush();
    }

    private SubscriptionConfig subscription() {
        for (String event : events) {
            if (!List.of("new", "update", "destroy").contains(event)) {
                throw new ParameterException(
                        spec.commandLine(), "--events: '" + event + "' is not one of new, update, destroy");
            }
        }
        return new SubscriptionConfig(
                events.contains("new"),
                events.contains("update"),
                events.contains("destroy"),
                SubscriptionConfig.DEFAULT_RECEIVE_BUFFER_BYTES,
                false);
    }
}
