package dev.ctstream.spool;

import dev.ctstream.metrics.Health;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reports the spool's state to health, and logs each change, and the same trouble again at most once a minute.
 *
 * <p>Threads: confined to the spool thread, except the {@link Health} that it feeds.
 */
final class SpoolHealth {
    private static final Logger LOG = LoggerFactory.getLogger(SpoolHealth.class);
    private static final long LOG_INTERVAL_NANOS = TimeUnit.SECONDS.toNanos(60);
    private static final String WRITING = "spool";
    private static final String POSITION = "spool-position";
    private static final String CONTROL = "spool-control";
    private static final String RESERVED = "spool-reserve";
    private static final String DIRECTORY = "spool-directory";

    private final SpoolMetrics metrics;
    private final Health health;
    private final Trouble writing = new Trouble(WRITING);
    private final Trouble position = new Trouble(POSITION);
    private final Trouble control = new Trouble(CONTROL);
    private final Trouble reserved = new Trouble(RESERVED);
    private final Trouble directory = new Trouble(DIRECTORY);
    private boolean full;
    private boolean failing;
    private long droppedSegments;
    private long droppedLoggedNanos;

    SpoolHealth(SpoolMetrics metrics, Health health) {
        this.metrics = metrics;
        this.health = health;
        health.report(WRITING, true, "writing");
    }

    /** One component: red with a reason, or ready. */
    private final class Trouble {
        private final String component;
        private @Nullable String reason;
        private long loggedNanos;

        Trouble(String component) {
            this.component = component;
        }

        void is(@Nullable String now, String wellAgain) {
            String before = reason;
            if (now == null && before == null) {
                return;
            }
            reason = now;
            if (now == null) {
                health.report(component, true, wellAgain);
                LOG.info("{} component={}", wellAgain, component);
                return;
            }
            health.report(component, false, now);
            long nanos = System.nanoTime();
            if (before == null || nanos - loggedNanos > LOG_INTERVAL_NANOS) {
                LOG.error("{}", now);
                loggedNanos = nanos;
            }
        }
    }

    /** A write has succeeded. */
    void worked() {
        if (failing) {
            failing = false;
            writing.is(null, "the spool is writable again");
        }
    }

    /** A write to disk has failed. */
    void failed(Path where, IOException e) {
        metrics.failed();
        failing = true;
        writing.is(
                "spool directory " + where + " cannot be written: " + SpoolFileSystem.reason(e)
                        + "; new data is dropped and declared as lost until the directory is writable again",
                "");
    }

    /** There is no space for events; {@code limit} says which limit was reached, {@code dropped} what gives way. */
    void full(String limit, String dropped) {
        full = true;
        writing.is(limit + "; " + dropped + " is dropped and declared as lost until Kafka takes data", "");
    }

    boolean isFull() {
        return full;
    }

    /** There is plenty of space. */
    void hasSpace() {
        full = false;
        if (!failing) {
            writing.is(null, "the spool has space again");
        }
    }

    /** A segment of events was given up to make space. */
    void dropped(Segment segment, long batches, long events) {
        droppedSegments++;
        long now = System.nanoTime();
        if (droppedSegments == 1 || now - droppedLoggedNanos > LOG_INTERVAL_NANOS) {
            LOG.warn(
                    "the spool is full, the oldest segment is dropped file={} batches={} events={} dropped_segments={}",
                    segment.file(),
                    batches,
                    events,
                    droppedSegments);
            droppedLoggedNanos = now;
        }
    }

    /** Whether the acknowledged position can be stored; null = yes. */
    void position(@Nullable String failure) {
        position.is(failure, "the acknowledged position is stored again");
    }

    /** Whether the next segment of control records is reserved; null = yes. */
    void reserved(@Nullable String failure) {
        reserved.is(failure, "the next segment of control records is reserved again");
    }

    /** The space for control records is used up. */
    void controlFull() {
        control.is(
                "spool.control-bytes is reached; no events are given up, new events are dropped instead, and losses are"
                        + " declared when Kafka takes control records",
                "");
    }

    /** A control record cannot be written. */
    void controlFailed(Path where, IOException e) {
        metrics.failed();
        control.is(
                "control records cannot be written to " + where + ": " + SpoolFileSystem.reason(e)
                        + "; losses are declared, and events given up, when they can",
                "");
    }

    /** A control record is appended. */
    void controlWorked() {
        control.is(null, "control records are appended again");
    }

    /** Whether the spool's directory is there; null = yes. */
    void directory(@Nullable String failure) {
        directory.is(failure, "the spool directory is there again");
    }
}
