package dev.ctstream.publish;

import dev.ctstream.metrics.Health;
import dev.ctstream.spool.Backlog;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.slf4j.Logger;

/**
 * Remembers that Kafka refuses the oldest control record, and when to try it again: after 1, 2, 4, … 60 s. Tells the
 * backlog, health, and at intervals the log.
 *
 * <p>Threads: the publisher's.
 */
final class ControlRefusals {
    static final String COMPONENT = "kafka-control";
    private static final long MAX_DELAY_SECONDS = 60;

    private final Backlog backlog;
    private final Health health;
    private final String topic;
    private final LongSupplier nanoTime;
    private final PublishFailures failures;
    private int refusals;
    private long dueNanos;

    /**
     * Starts without a refusal.
     *
     * @param topic of control records
     * @param nanoTime as {@link System#nanoTime}
     */
    ControlRefusals(Logger log, Health health, Backlog backlog, String topic, LongSupplier nanoTime) {
        this.backlog = backlog;
        this.health = health;
        this.topic = topic;
        this.nanoTime = nanoTime;
        failures = new PublishFailures(log, health, COMPONENT, 1, nanoTime);
    }

    /** Time until the record may be tried again; 0 = now, or no record is refused. */
    long leftNanos() {
        return refusals == 0 ? 0 : Math.max(0, dueNanos - nanoTime.getAsLong());
    }

    /**
     * Records that Kafka refused the record while nothing else was in flight.
     *
     * @param reason what Kafka said
     */
    void refused(SendFailure kind, String reason) {
        if (refusals == 0) {
            backlog.controlBlocked(true);
        }
        long seconds = Math.min(1L << Math.min(refusals, Integer.SIZE), MAX_DELAY_SECONDS);
        refusals++;
        dueNanos = nanoTime.getAsLong() + TimeUnit.SECONDS.toNanos(seconds);
        failures.sendFailed("topic " + topic + " refuses a control record, and later ones wait for it: " + reason
                + KafkaErrorText.remedyOfControl(topic, kind, reason));
    }

    /** Records that Kafka has accepted a control record that it had refused. */
    void accepted() {
        if (refusals > 0) {
            refusals = 0;
            backlog.controlBlocked(false);
            failures.over("control records are accepted");
        }
    }

    /** Leaves no trace in backlog and health, because the publisher ends. */
    void end() {
        if (refusals > 0) {
            backlog.controlBlocked(false);
        }
        health.remove(COMPONENT);
    }
}
