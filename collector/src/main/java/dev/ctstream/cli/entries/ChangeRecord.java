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
import dev.ctstream.netlink.ErrorText;
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
 * Records a command's change in the control topic if a broker is configured: an OPERATOR record with the user, the
 * host, the command line (without its options where {@code privacy.*} leaves out addresses), the operation and the counts. It connects to the broker before the change and writes the
 * record after it. The configuration is found as {@code run} finds it, so {@code host.id} is that of the host's
 * collector.
 */
final class ChangeRecord implements AutoCloseable {
    /** In place of options and errors, which may name addresses, where the collector leaves out addresses. */
    private static final String LEFT_OUT = " (left out: privacy.*)";

    private static final String SERVERS = "CTSTREAM_KAFKA_BOOTSTRAP_SERVERS";

    @Option(
            names = "--config",
            paramLabel = "FILE",
            description = "Configuration of the collector; the change is recorded in its control topic.")
    private @Nullable Path config;

    @Option(names = "-D", paramLabel = "KEY=VALUE", description = "One configuration key; works without --config too.")
    private Map<String, String> keys = new LinkedHashMap<>();

    @Option(
            names = "--require-record",
            description = "Change nothing if the change cannot be recorded. Without it: make the change and warn.")
    private boolean required;

    private @Nullable OperatorRecord target;
    private boolean leavesOut;
    private boolean recordedIfRequired = true;

    /** Outcome of the change. */
    record Counts(long affected, long failed, @Nullable String error) {}

    /** Connects to the broker. If it fails, nothing has been changed. */
    void open(TableCommand command) throws CommandFailure {
        String inEnvironment = command.console().environment().getOrDefault(SERVERS, "");
        if (config == null && keys.isEmpty() && inEnvironment.isBlank()) {
            if (required) {
                throw command.usage(
                        "--require-record needs a broker: --config FILE, -D kafka.bootstrap.servers=H:P or " + SERVERS);
            }
            return;
        }
        CollectorConfig collector = load(command);
        leavesOut = !collector.batch().privacy().isNothing();
        try {
            target = OperatorRecord.open(
                    collector.publish(),
                    new RunIdentity(collector.host().id(), collector.host().bootId(), Clock.realtimeNanos()),
                    collector.host().name());
        } catch (KafkaUnreadyException e) {
            if (required) {
                throw new CommandFailure(
                        ExitCode.FAILURE, "nothing was changed, because it cannot be recorded: " + e.getMessage(), e);
            }
            command.console().warn("the change will not be recorded: " + e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CommandFailure(ExitCode.FAILURE, "interrupted; nothing was changed", e);
        }
    }

    private CollectorConfig load(TableCommand command) throws CommandFailure {
        try {
            Configuration configuration = Configuration.load(new ConfigSources(
                    Optional.ofNullable(config), command.console().environment(), keys, HostFacts.current(), true));
            configuration.warnings().forEach(command.console()::warn);
            return configuration.collector();
        } catch (ConfigurationException e) {
            throw new CommandFailure(ExitCode.USAGE, e.problems(), e);
        }
    }

    /**
     * Writes the record. Writes none if nothing changed and nothing failed.
     *
     * @param filter the selected entries, as options; null when the command line already names them
     */
    void write(TableCommand command, String operation, @Nullable String filter, Entries entries, Counts counts) {
        if (target == null || (counts.affected() == 0 && counts.failed() == 0)) {
            return;
        }
        ControlRecord.Operator operator = new ControlRecord.Operator(
                new ControlRecord.Action(
                        operation,
                        leavesOut ? command.spec().qualifiedName() + LEFT_OUT : RedactedCommandLine.of(command.spec()),
                        leavesOut && filter != null ? LEFT_OUT.strip() : filter,
                        entries.table().portId()),
                new ControlRecord.Outcome(
                        counts.affected(),
                        counts.failed(),
                        leavesOut && counts.error() != null ? LEFT_OUT.strip() : counts.error()),
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
        recordedIfRequired = !required;
        command.console().warn("the change was made but is not recorded: " + ErrorText.of(cause));
    }

    /** False when the change should have been recorded but was not. */
    boolean recordedIfRequired() {
        return recordedIfRequired;
    }

    @Override
    public void close() {
        if (target != null) {
            target.close();
        }
    }
}
