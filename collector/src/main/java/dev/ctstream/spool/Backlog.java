package dev.ctstream.spool;

import dev.ctstream.record.RunIdentity;
import org.jspecify.annotations.Nullable;

/**
 * What waits for Kafka: the control records, and the batches of events. Control records go first; nothing in their
 * queue waits for events.
 *
 * <p>Threads: the publisher's thread only, except for {@link #wake} and {@link #unacknowledged}, which any thread may
 * call.
 */
public interface Backlog {
    /** The control records. */
    BatchQueue control();

    /** The batches of events. */
    BatchQueue events();

    /**
     * Waits until one of the queues may have a batch, or until {@link #wake}. An interrupt ends the wait and stays set.
     */
    void await(long waitNanos);

    /** Ends the current wait in {@link #await} or in a queue's {@link BatchQueue#next}, or the next one. */
    void wake();

    /**
     * Sets aside a batch of events that Kafka rejected permanently, and declares its events as lost. Waits until the GAP
     * is durable; meanwhile the disk may take nothing. The batch still has to be acknowledged.
     *
     * @param reason what Kafka said
     * @return false when the collector is stopping and the GAP is not durable: the batch must not be acknowledged
     */
    boolean setAside(QueuedBatch batch, String reason);

    /**
     * Reports whether Kafka refuses the oldest control record. While it does, events that were given up may be passed as
     * soon as their GAP is durable.
     */
    void controlBlocked(boolean blocked);

    /** The run that appends now. */
    RunIdentity identity();

    /** The topics of a run that has batches in the backlog; null = not known. */
    @Nullable
    RunTopics topics(RunIdentity run);

    /** The topics of the run before this one; null = not known. */
    @Nullable
    RunTopics topicsBefore();

    /** Keeps the topics of this run, also for the runs after it. */
    void keepTopics(RunTopics topics);

    /** Number of batches and control records that were appended but are not acknowledged. */
    default long unacknowledged() {
        return control().unacknowledged() + events().unacknowledged();
    }
}
