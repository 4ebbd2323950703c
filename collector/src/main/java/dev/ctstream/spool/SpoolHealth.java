package dev.ctstream.spool;

import dev.ctstream.metrics.Health;
import dev.ctstream.netlink.ErrorText;
import java.io.IOException;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.Map;
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
    private static final String DROPPED = " is dropped and declared as lost until Kafka takes data";
    private static final String WRITING = "spool";
    private static final String POSITION = "spool-position";
    private static final String CONTROL = "spool-control";
    private static final String RESERVED = "spool-reserve";
    private static final String DIRECTORY = "spool-directory";
    private static final String FOUND = "spool-found";

    private final SpoolMetrics metrics;
    private final Health health;
    private final Trouble writing = new Trouble(WRITING);
    private final Trouble position = new Trouble(POSITION);
    private final Trouble control = new Trouble(CONTROL);
    private final Trouble reserved = new Trouble(RESERVED);
    private final Trouble directory = new Trouble(DIRECTORY);
    private final Trouble found = new Trouble(FOUND);
    private long droppedSegments;
    private long droppedLoggedNanos;

    SpoolHealth(SpoolMetrics metrics, Health health) {
        this.metrics = metrics;
        this.health = health;
        for (String ofRunBefore : new String[] {POSITION, CONTROL, RESERVED, DIRECTORY, FOUND}) {
            health.remove(ofRunBefore);
        }
        health.report(WRITING, true, "writing");
    }

    /** What may be wrong with one component, apart from each other: what ends one of them does not end the others. */
    private enum Part {
        WRITE,
        SYNC,
        LIMIT
    }

    /** One component: red with a reason, or ready. */
    private final class Trouble {
        private final String component;
        private final Map<Part, String> reasons = new EnumMap<>(Part.class);
        private long loggedNanos;

        Trouble(String component) {
            this.component = component;
        }

        boolean has(Part part) {
            return reasons.containsKey(part);
        }

        void is(@Nullable String reason, String wellAgain) {
            is(Part.WRITE, reason, wellAgain);
        }

        void is(Part part, @Nullable String reason, String wellAgain) {
            boolean before = !reasons.isEmpty();
            if (reason == null) {
                reasons.remove(part);
            } else {
                reasons.put(part, reason);
            }
            if (reasons.isEmpty() && !before) {
                return;
            }
            if (reasons.isEmpty()) {
                health.report(component, true, wellAgain);
                LOG.info("{} component={}", wellAgain, component);
                return;
            }
            String now = reasons.values().iterator().next();
            health.report(component, false, now);
            long nanos = System.nanoTime();
            if (!before || nanos - loggedNanos > LOG_INTERVAL_NANOS) {
                LOG.error("{}", now);
                loggedNanos = nanos;
            }
        }
    }

    /** A write of events has succeeded. */
    void worked() {
        writing.is(Part.WRITE, null, "the spool is writable again");
    }

    /** All events that were appended are on disk. */
    void synced() {
        writing.is(Part.SYNC, null, "the spool is synced again");
    }

    /** Events cannot be synced; what was appended stays, and no batch is dropped because of it. */
    void syncFailed(Path where, IOException e) {
        metrics.failed();
        writing.is(
                Part.SYNC,
                "spool directory " + where + " cannot be synced: " + ErrorText.reason(e)
                        + "; a power loss would destroy the newest events, and no report is appended until it can",
                "");
    }

    /** A write to disk has failed. */
    void failed(Path where, IOException e) {
        metrics.failed();
        writing.is(
                Part.WRITE,
                "spool directory " + where + " cannot be written: " + ErrorText.reason(e)
                        + "; new data is dropped and declared as lost until the directory is writable again",
                "");
    }

    /** There is no space for events; {@code limit} says which limit was reached, {@code dropped} what gives way. */
    void full(String limit, String dropped) {
        writing.is(Part.LIMIT, limit + "; " + dropped + DROPPED, "");
    }

    /** The disk has refused a write of events for lack of space. */
    void diskFull(String what) {
        metrics.failed();
        writing.is(Part.WRITE, what + "; new data" + DROPPED, "");
    }

    boolean isFull() {
        return writing.has(Part.LIMIT);
    }

    /** There is plenty of space. */
    void hasSpace() {
        writing.is(Part.LIMIT, null, "the spool has space again");
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
                Part.LIMIT,
                "spool.control-bytes is reached; no events are given up, new events are dropped instead, and losses are"
                        + " declared when Kafka takes control records",
                "");
    }

    /** A control record cannot be written. */
    void controlFailed(Path where, IOException e) {
        metrics.failed();
        control.is(
                Part.WRITE,
                "control records cannot be written to " + where + ": " + ErrorText.reason(e)
                        + "; losses are declared, and events given up, when they can",
                "");
    }

    /** A control record is appended. */
    void controlWorked() {
        control.is(Part.WRITE, null, "control records are appended again");
    }

    /** There is space for control records of the kinds that had none. */
    void controlHasSpace() {
        control.is(Part.LIMIT, null, "there is space for control records again");
    }

    /** All control records that were appended are on disk. */
    void controlSynced() {
        control.is(Part.SYNC, null, "control records are synced again");
    }

    /** Control records cannot be synced. */
    void controlSyncFailed(Path where, IOException e) {
        metrics.failed();
        control.is(
                Part.SYNC,
                "control records cannot be synced in " + where + ": " + ErrorText.reason(e)
                        + "; no segment is deleted until they can, and new events are dropped when the spool is full",
                "");
    }

    /** Whether the spool's directory is there; null = yes. */
    void directory(@Nullable String failure) {
        directory.is(failure, "the spool directory is there again");
    }

    /** Losses that the start has found and no GAP declares yet; null = none. */
    void found(@Nullable String losses) {
        found.is(losses, "the losses that the start has found are declared");
    }
}
