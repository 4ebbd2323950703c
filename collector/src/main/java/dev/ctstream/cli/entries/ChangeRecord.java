package dev.ctstream.cli.entries;

import dev.ctstream.admin.Entries;
import dev.ctstream.batch.ControlRecord;
import dev.ctstream.cli.CommandFailure;
import dev.ctstream.cli.ExitCode;
import dev.ctstream.config.CollectorConfig;
import dev.ctstream.config.ConfigSources;
import dev.ctstream.config.Configuration;
import dev.ctstream.config.ConfigurationException;
import dev.ctstream.config.HostFacts;
import dev.ctstream.netlink.Clock;
import dev.ctstream.netlink.NetlinkException;
import dev.ctstream.publish.KafkaUnreadyException;
import dev.ctstream.publish.OperatorRecord;
import dev.ctstream.record.RunIdentity;
import dev.ctstream.record.StreamId;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/**
 * Writes what a command changed to the control topic, when a broker is configured: an OPERATOR record that says who, on
 * which host, with which command, what and how much. The broker is looked for before the change and told after it.
 */
final class ChangeRecord implements AutoCloseable {
    @Option(
            names = "--config",
            paramLabel = "FILE",
            description = "Configuration of the collector: the change is recorded in its control topic.")
    private @Nullable Path config;

    @Option(
            names = "-D",
            paramLabel = "KEY=VALUE",
            description = "One key of the configuration; also without --config.")
    private Map<String, String> keys = new LinkedHashMap<>();

    @Option(
            names = "--require-record",
            description = "Change nothing when the change cannot be recorded. Without: change, and warn.")
    private boolean required;

    private @Nullable OperatorRecord target;
    private boolean kept = true;

    /** What became of the change. */
    record Counts(long affected, long failed, @Nullable String error) {}

    /** Looks for the broker; nothing was changed yet when it fails. */
    void open(TableCommand command) throws CommandFailure {
        if (config == null && keys.isEmpty()) {
            if (required) {
                throw command.usage("--require-record needs a broker: --config FILE or -D kafka.bootstrap.servers=H:P");
            }
            return;
        }
        CollectorConfig collector = load(command);
        try {
            target = OperatorRecord.open(
                    collector.publish(),
                    new RunIdentity(collector.host().id(), collector.host().bootId(), Clock.realtimeNanos()),
                    collector.host().name());
        } catch (KafkaUnreadyException e) {
            if (required) {
                throw new CommandFailure(
                        ExitCode.FAILURE, "nothing was changed, for it cannot be recorded: " + e.getMessage(), e);
            }
            command.console().say("warning: the change is not recorded: " + e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CommandFailure(ExitCode.FAILURE, "interrupted; nothing was changed", e);
        }
    }

    private CollectorConfig load(TableCommand command) throws CommandFailure {
        try {
            Configuration configuration = Configuration.load(new ConfigSources(
                    Optional.ofNullable(config), command.console().environment(), keys, HostFacts.current(), true));
            configuration.warnings().forEach(warning -> command.console().say("warning: " + warning));
            return configuration.collector();
        } catch (ConfigurationException e) {
            throw new CommandFailure(ExitCode.USAGE, e.problems(), e);
        }
    }

    /**
     * Writes the record; a change of nothing that did not fail is none.
     *
     * @param filter which entries were meant, in the words of the options; null when the command names them
     */
    void write(TableCommand command, String operation, @Nullable String filter, Entries entries, Counts counts) {
        if (target == null || (counts.affected() == 0 && counts.failed() == 0)) {
            return;
        }
        ControlRecord.Operator operator = new ControlRecord.Operator(
                new ControlRecord.Action(
                        operation,
                        RedactedCommandLine.of(command.spec()),
                        filter,
                        entries.table().portId()),
                new ControlRecord.Outcome(counts.affected(), counts.failed(), counts.error()),
                CurrentUser.current());
        try {
            StreamId namespace =
                    StreamId.control(command.netns(), entries.table().netnsId());
            target.write(namespace, operator, System.currentTimeMillis());
        } catch (KafkaUnreadyException | NetlinkException e) {
            notKept(command, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            notKept(command, e);
        }
    }

    private void notKept(TableCommand command, Exception cause) {
        kept = !required;
        command.console().say("warning: the change was made but is not recorded: " + cause.getMessage());
    }

    /** False when the change should have been recorded and was not. */
    boolean kept() {
        return kept;
    }

    @Override
    public void close() {
        if (target != null) {
            target.close();
        }
    }
}
