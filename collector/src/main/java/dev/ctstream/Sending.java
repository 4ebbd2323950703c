package dev.ctstream;

import dev.ctstream.batch.ControlRecord;
import dev.ctstream.config.CollectorConfig;
import dev.ctstream.metrics.OwnedThread;
import dev.ctstream.netlink.Clock;
import dev.ctstream.netlink.ErrorText;
import dev.ctstream.publish.PublishConfig;
import dev.ctstream.publish.Publisher;
import dev.ctstream.record.RunIdentity;
import dev.ctstream.spool.RunTopics;
import dev.ctstream.spool.Spool;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The sending side of a run: the spool, the publisher, and their threads.
 *
 * <p>Threads: for the collector's owner.
 */
final class Sending {
    private static final Logger LOG = LoggerFactory.getLogger(Sending.class);
    /** Interval at which the end of a thread is looked for. */
    private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(1);

    private final RunParts parts;
    private final RunParts.Queues queues;
    private final Spool spool;
    private final Publisher publisher;
    private final OwnedThread spoolThread;
    private final OwnedThread publishThread;
    private boolean spoolEnds; // guarded by spool: the publisher's thread asks
    private boolean closed;

    private Sending(RunParts parts, RunParts.Queues queues, Spool spool, PublishConfig config) {
        this.parts = parts;
        this.queues = queues;
        this.spool = spool;
        publisher = new Publisher(
                new Publisher.Parts(config, spool, parts.stages().publish(), parts.health(), new Topics()));
        spoolThread = OwnedThread.looping("ctstream-spool", spool, RunParts.LOCAL_STOP_MILLIS);
        publishThread = OwnedThread.looping("ctstream-publish", publisher, RunParts.LOCAL_STOP_MILLIS);
    }

    /**
     * Opens the spool; starts nothing.
     *
     * @param run the run that has begun already; null = the spool begins one
     * @param publish with the credentials in use
     */
    static Sending open(RunParts parts, RunParts.Queues queues, @Nullable RunIdentity run, PublishConfig publish)
            throws IOException {
        CollectorConfig config = parts.config();
        parts.stages().batch().watch(queues.ring());
        Spool.Parts of = new Spool.Parts(
                config.spool(),
                new Spool.Host(
                        config.host().id(),
                        config.host().bootId(),
                        config.host().name()),
                queues.ring(),
                queues.outbox(),
                parts.own(),
                parts.stages().spool(),
                parts.health());
        return new Sending(parts, queues, run == null ? Spool.open(of) : Spool.open(of, run.streamEpoch()), publish);
    }

    /** Tells of the topics: in a TOPIC record, and to whoever begins the next run. */
    private final class Topics implements Publisher.TopicsListener {
        @Override
        public boolean found(RunTopics topics, boolean changed) {
            synchronized (spool) {
                if (spoolEnds && !changed) {
                    return true; // the run's end is told; a record after it would come with the next run only
                }
                return queues.outbox()
                        .offer(
                                parts.own(),
                                new ControlRecord.Topics(
                                        topics.events(), topics.control(), changed ? spool.replayedBatches() : null),
                                TimeUnit.NANOSECONDS.toMillis(Clock.realtimeNanos()));
            }
        }

        @Override
        public void changed(String what) {
            parts.topicsChanged().changed(Sending.this, what);
        }
    }

    Spool spool() {
        return spool;
    }

    Publisher publisher() {
        return publisher;
    }

    /** Starts to append. */
    void startSpool() {
        spoolThread.start(parts.failed());
    }

    /** Starts to publish. */
    void startPublisher() {
        if (spool.replayedBatches() > 0) {
            LOG.info("batches of an earlier run are published first batches={}", spool.replayedBatches());
        }
        publishThread.start(parts.failed());
    }

    /** Waits until what was received is in the spool, so that the publisher can know when it has sent all of it. */
    void awaitAppended() {
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(RunParts.LOCAL_STOP_MILLIS);
        while (!spool.hasAppendedEverything() && System.nanoTime() - deadline < 0) {
            LockSupport.parkNanos(LOOK_NANOS);
        }
    }

    /**
     * Ends the spool thread after it has appended what was offered; nothing is offered any more.
     *
     * @return whether STOPPED of each namespace is in the spool, so that the next run misses nothing
     */
    boolean endSpool() {
        synchronized (spool) {
            spoolEnds = true;
        }
        spool.stop();
        return spoolThread.join(RunParts.LOCAL_STOP_MILLIS) && spool.endedCleanly();
    }

    /** Publishes the rest for as long, and ends the publisher's thread. */
    void endPublisher(Duration timeout) {
        publisher.stop(timeout.isNegative() ? Duration.ZERO : timeout);
        publishThread.join(Math.max(0, timeout.toMillis()) + 500);
    }

    /** Whether both threads have ended. */
    boolean ended() {
        return !spoolThread.isAlive() && !publishThread.isAlive();
    }

    /** Closes the spool, if both threads have ended. Closing again does nothing. */
    void close() {
        try {
            if (ended() && !closed) {
                closed = true;
                spool.close();
            }
        } catch (IOException e) {
            LOG.error("spool cannot be closed: {}", ErrorText.of(e));
        }
    }
}
