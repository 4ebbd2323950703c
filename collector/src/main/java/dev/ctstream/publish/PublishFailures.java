package dev.ctstream.publish;

import dev.ctstream.metrics.Health;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.slf4j.Logger;

/**
 * Tracks the reason why batches cannot be published. Health shows the current reason. The log gets it once, then a
 * count at intervals, then the recovery; a failure that was not logged has no recovery in the log.
 *
 * <p>Threads: the publisher's, except for {@link #active}, which any thread may call.
 */
final class PublishFailures {
    static final String COMPONENT = "kafka";
    private static final int MOST_LINES = 5; // reasons may alternate
    private static final long FIRST_BACKOFF_MILLIS = 100;
    private static final long MAX_BACKOFF_MILLIS = 10_000;

    private final Logger log;
    private final Health health;
    private final String component;
    private final LineLimit lines;
    private final LongSupplier nanoTime;
    private String state = "";
    private boolean endsWithConnection;
    private volatile boolean active;
    private boolean logged;
    private long count;
    private long beginNanos;
    private long loggedNanos;

    /**
     * Starts without a failure.
     *
     * @param nanoTime as {@link System#nanoTime}
     */
    PublishFailures(Logger log, Health health, LongSupplier nanoTime) {
        this(log, health, COMPONENT, MOST_LINES, nanoTime);
    }

    /**
     * As the other constructor, for another component of health.
     *
     * @param mostLines log lines of failures within a minute
     */
    PublishFailures(Logger log, Health health, String component, int mostLines, LongSupplier nanoTime) {
        this.log = log;
        this.health = health;
        this.component = component;
        this.nanoTime = nanoTime;
        lines = new LineLimit(mostLines, nanoTime);
    }

    boolean active() {
        return active;
    }

    /** Records a failure before anything could be sent; it ends with the next connection. */
    void connectionFailed(String why) {
        report(why, count == 0 || endsWithConnection);
    }

    /** Records a failure while sending; it ends only with an acknowledgement. */
    void sendFailed(String why) {
        report(why, false);
    }

    private void report(String why, boolean overWithConnection) {
        long now = nanoTime.getAsLong();
        beginNanos = active ? beginNanos : now;
        active = true;
        count++;
        endsWithConnection = overWithConnection;
        boolean repeated = logged && why.equals(state) && now - loggedNanos < LineLimit.INTERVAL_NANOS;
        if (!repeated && lines.admit()) {
            log.warn("Kafka: {} failures={} since_seconds={}", why, count, seconds(now - beginNanos));
            loggedNanos = now;
            logged = true;
        }
        state = why;
        health.report(component, false, why);
    }

    void connected(String address) {
        if (!active || endsWithConnection) {
            over("connected to " + address);
        }
    }

    void acknowledged() {
        if (active) {
            over("batches are acknowledged");
        }
    }

    /** Ends a failure. */
    void over(String now) {
        if (logged) {
            log.info(
                    "Kafka: {} again, failures={} after_seconds={}",
                    now,
                    count,
                    seconds(nanoTime.getAsLong() - beginNanos));
        } else if (state.isEmpty()) {
            log.info("Kafka: {}", now);
        }
        active = false;
        logged = false;
        count = 0;
        state = now;
        health.report(component, true, now);
    }

    /**
     * Wait before the next attempt: doubles with each failure up to 10 s, minus a random part.
     *
     * @param random 0 to 1
     */
    long backoffMillis(double random) {
        long doubled = FIRST_BACKOFF_MILLIS << Math.min(count, 10);
        return Math.round(Math.min(doubled, MAX_BACKOFF_MILLIS) * (1 - random / 2));
    }

    private static long seconds(long nanos) {
        return TimeUnit.NANOSECONDS.toSeconds(nanos);
    }
}
