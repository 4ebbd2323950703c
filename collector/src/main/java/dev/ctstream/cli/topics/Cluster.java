package dev.ctstream.cli.topics;

import dev.ctstream.cli.CommandFailure;
import dev.ctstream.cli.ExitCode;
import dev.ctstream.publish.KafkaUnreadyException;
import dev.ctstream.publish.PublishConfig;
import dev.ctstream.publish.TopicChanges;
import dev.ctstream.publish.WantedTopic;
import java.util.List;

/** The topics of a cluster, with failures as the command's. */
final class Cluster implements AutoCloseable {
    private final TopicChanges changes;

    private Cluster(TopicChanges changes) {
        this.changes = changes;
    }

    private interface Call<T> {
        T call() throws KafkaUnreadyException, InterruptedException;
    }

    private static <T> T call(Call<T> call) throws CommandFailure {
        try {
            return call.call();
        } catch (KafkaUnreadyException e) {
            throw new CommandFailure(ExitCode.FAILURE, String.valueOf(e.getMessage()), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CommandFailure(ExitCode.FAILURE, "interrupted", e);
        }
    }

    static Cluster open(PublishConfig config) throws CommandFailure {
        return new Cluster(call(() -> TopicChanges.open(config)));
    }

    /** Number of its brokers. */
    int brokers() throws CommandFailure {
        return call(changes::brokers);
    }

    List<TopicChanges.Change> look(List<WantedTopic> topics) throws CommandFailure {
        return call(() -> changes.look(topics));
    }

    void carryOut(TopicChanges.Change change) throws CommandFailure {
        call(() -> {
            changes.carryOut(change);
            return change;
        });
    }

    @Override
    public void close() {
        changes.close();
    }
}
