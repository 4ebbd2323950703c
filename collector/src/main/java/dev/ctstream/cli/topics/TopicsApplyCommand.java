package dev.ctstream.cli.topics;

import dev.ctstream.cli.CommandFailure;
import dev.ctstream.cli.Confirmation;
import dev.ctstream.cli.Console;
import dev.ctstream.cli.Counted;
import dev.ctstream.cli.ExitCode;
import dev.ctstream.cli.Version;
import dev.ctstream.cli.log.LogSettings;
import dev.ctstream.config.CollectorConfig;
import dev.ctstream.publish.HostClass;
import dev.ctstream.publish.TopicChanges;
import dev.ctstream.publish.TopicChanges.Kind;
import dev.ctstream.publish.TopicPlan;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code ctstream topics apply}. */
@Command(
        name = "apply",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        description = "Apply: create the topics of a plan, or add the partitions that they lack. Shows what changes and"
                + " asks first. Takes no partition away, and changes no setting of a topic that exists. Takes the options"
                + " of ctstream topics plan.",
        footerHeading = "%nExamples:%n",
        footer = {
            "  ctstream topics apply --bootstrap-server localhost:9092 --hosts 2000 --events-per-second 50",
            "  ctstream topics apply --config /etc/ctstream/ctstream.properties --fleet fleet.csv --retention 7d --yes"
        })
final class TopicsApplyCommand implements Callable<Integer> {
    @Mixin
    private final PlanOptions options = new PlanOptions();

    @Option(names = "--yes", description = "Do not ask; required without a terminal.")
    private boolean yes;

    private final Console console;

    TopicsApplyCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() throws CommandFailure, IOException {
        LogSettings.forPeople();
        CollectorConfig configuration = options.configuration(console, true);
        List<HostClass> hosts = options.hosts(console, configuration);
        try (Cluster cluster = Cluster.open(configuration.publish())) {
            TopicPlan plan = TopicPlan.of(hosts, options.settings(configuration, cluster.brokers()));
            List<TopicChanges.Change> changes = cluster.look(plan.topics());
            console.print(ChangeText.of(changes));
            List<TopicChanges.Change> todo = changes.stream()
                    .filter(change -> change.kind() == Kind.CREATE || change.kind() == Kind.WIDEN)
                    .toList();
            if (!todo.isEmpty()) {
                carryOut(cluster, todo);
            }
            boolean wide = changes.stream().anyMatch(change -> change.kind() == Kind.TOO_WIDE);
            return wide ? ExitCode.FAILURE : ExitCode.OK;
        }
    }

    private void carryOut(Cluster cluster, List<TopicChanges.Change> todo) throws CommandFailure, IOException {
        if (!yes) {
            String what = Counted.of(todo.size(), "topic");
            Confirmation.require(
                    console,
                    what + " would change: without a terminal that needs --yes; nothing was changed",
                    "change " + what,
                    "nothing was changed");
        }
        for (TopicChanges.Change change : todo) {
            cluster.carryOut(change);
            console.print((change.kind() == Kind.CREATE ? "created " : "widened ")
                    + change.wanted().name() + "\n");
        }
    }
}
