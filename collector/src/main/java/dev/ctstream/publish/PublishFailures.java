package dev.ctstream.publish;

import dev.ctstream.metrics.Health;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.slf4j.Logger;

/**
 * Tracks the reason why batches cannot be published. Health shows the current reason. The log gets it once, then a
 * count at intervals, then the recovery.
 *
 * <p>Threads: the publisher's.
 */
final class PublishFailures {
    static final String COMPONENT = "kafka";
    private static final long REPEAT_NANOS = TimeUnit.SECONDS.toNanos(60);
    private static final long FIRST_BACKOFF_MILLIS = 100;
    private static final long MAX_BACKOFF_MILLIS = 10_000;

    private final Logger log;
    private final Health health;
    private final LongSupplier nanoTime;
    private String reason = "";
    private boolean endsWithConnection;
    private long count;
    private long beginNanos;
    private long loggedNanos;

    /**
     * Starts without a failure.
     *
     * @param nanoTime as {@link System#nanoTime}
     */
    PublishFailures(Logger log, Health health, LongSupplier nanoTime) {
        this.log = log;
        this.health = health;
        this.nanoTime = nanoTime;
    }

    boolean active() {
        return count > 0;
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
        beginNanos = count == 0 ? now : beginNanos;
        count++;
        endsWithConnection = overWithConnection;
        if (!why.equals(reason) || now - loggedNanos >= REPEAT_NANOS) {
            log.warn("Kafka: {} failures={} since_seconds={}", why, count, seconds(now - beginNanos));
            loggedNanos = now;
            reason = why;
        }
        health.report(COMPONENT, false, why);
    }

    void connected(String address) {
        if (count == 0 || endsWithConnection) {
            over("connected to " + address);
        }
    }

    void acknowledged() {
        if (count > 0) {
            over("batches are acknowledged");
        }
    }

    private void over(String state) {
        if (count > 0) {
            log.info(
                    "Kafka: {} again, failures={} after_seconds={}",
                    state,
                    count,
                    seconds(nanoTime.getAsLong() - beginNanos));
        } else {
            log.info("Kafka: {}", state);
        }
        count = 0;
        reason = "";
        health.report(COMPONENT, true, state);
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
