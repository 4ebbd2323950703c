package dev.ctstream.publish;

import dev.ctstream.batch.ControlRecord.Topic;
import dev.ctstream.record.RunIdentity;
import dev.ctstream.spool.Backlog;
import dev.ctstream.spool.RunTopics;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Which partitions the batches of each run are spread over. A run keeps the numbers of partitions that it found first,
 * so that each of its streams stays on one partition, also when the topics get more. Another topic under the same name,
 * or fewer partitions, end the run.
 *
 * <p>Threads: the publisher's.
 */
final class TopicsOfRuns {
    private final Backlog backlog;
    private final PublishConfig.TopicNames names;
    private @Nullable RunTopics own;
    private @Nullable RunTopics now;

    TopicsOfRuns(Backlog backlog, PublishConfig.TopicNames names) {
        this.backlog = backlog;
        this.names = names;
    }

    /** Takes what the brokers say; returns what has changed so that this run must end, null = it may go on. */
    @Nullable
    String found(RunTopics topics) {
        now = topics;
        RunTopics kept = own;
        if (kept == null) {
            own = topics;
            backlog.keepTopics(topics);
            return null;
        }
        RunTopics named = kept.named(topics);
        if (!named.equals(kept)) {
            own = named;
            backlog.keepTopics(named);
        }
        String events = change(names.events(), kept.events(), topics.events());
        String control = change(names.control(), kept.control(), topics.control());
        return events == null ? control : control == null ? events : events + "; " + control;
    }

    private static @Nullable String change(String name, Topic kept, Topic found) {
        if (!kept.replacedBy(found)) {
            return null;
        }
        String before = kept.partitions() + " partitions before, " + found.partitions() + " now";
        return Objects.equals(kept.id(), found.id())
                ? "topic " + name + " has fewer partitions: " + before
                : "topic " + name + " was deleted and created again: " + before;
    }

    /** The topics of this run; null before the first {@link #found}. */
    @Nullable
    RunTopics own() {
        return own;
    }

    /** Whether a topic is another one than in the run before, as far as that is known. */
    boolean differFromRunBefore() {
        RunTopics before = backlog.topicsBefore();
        RunTopics kept = own;
        return before != null && kept != null && before.replacedBy(kept);
    }

    /** That a topic has got more partitions; null = none has. */
    @Nullable
    String more() {
        RunTopics kept = own;
        RunTopics found = now;
        if (kept == null || found == null || kept.equals(found)) {
            return null;
        }
        String events = more(names.events(), kept.events(), found.events());
        return events == null ? more(names.control(), kept.control(), found.control()) : events;
    }

    private static @Nullable String more(String name, Topic kept, Topic found) {
        return found.partitions() <= kept.partitions()
                ? null
                : "topic " + name + " has " + found.partitions() + " partitions now; this run goes on with its "
                        + kept.partitions() + ", the next run uses all";
    }

    /** The topics over whose partitions a run's batches are spread. Call {@link #found} before. */
    RunTopics of(RunIdentity run) {
        RunTopics kept = own;
        if (kept == null) {
            throw new IllegalStateException("the topics are not known yet");
        }
        RunTopics earlier = run.equals(backlog.identity()) ? kept : backlog.topics(run);
        return earlier == null || earlier.replacedBy(kept) ? kept : earlier;
    }
}
