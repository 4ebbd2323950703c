package dev.ctstream.publish;

import dev.ctstream.metrics.Health;
import dev.ctstream.netlink.StageClock;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.function.DoubleSupplier;
import org.slf4j.Logger;

/**
 * Notices when events come faster than Kafka takes them although nothing fails: the backlog grows through
 * {@value #LOOKS} looks while batches are acknowledged. Health says so with numbers, until the backlog
 * is gone; that it shrinks is not enough, because events that give way shrink it too.
 *
 * <p>Threads: the publisher's; any thread may ask for {@link #eventsPerSecond}.
 */
final class Ceiling {
    static final String COMPONENT = "publish-rate";
    static final long LOOK_NANOS = TimeUnit.SECONDS.toNanos(10);
    private static final int LOOKS = 3;
    /** A smaller backlog is that of a common tick or of one long request. */
    private static final long LEAST_BATCHES = 256;

    private final Logger log;
    private final Health health;
    private final StageClock clock;
    private final DoubleSupplier requestMillis;
    private long lookedNanos;
    private long acknowledgedEvents;
    private long acknowledgedBatches;
    private long waitingBatches;
    private long leastWaiting = Long.MAX_VALUE; // since the last look
    private int grown;
    private volatile long eventsPerSecond;

    /** @param requestMillis mean time of a request; NaN = unknown */
    Ceiling(Logger log, Health health, StageClock clock, DoubleSupplier requestMillis) {
        this.requestMillis = requestMillis;
        this.log = log;
        this.health = health;
        this.clock = clock;
        lookedNanos = clock.nanoTime();
        health.remove(COMPONENT); // of the run before
    }

    /** Events that Kafka takes a second while it is too slow; 0 while it keeps up. */
    long eventsPerSecond() {
        return eventsPerSecond;
    }

    /**
     * Looks if it is time.
     *
     * @param acknowledged events that Kafka has confirmed so far
     * @param batches that it has confirmed so far
     * @param waiting batches that it has not confirmed
     */
    void look(long acknowledged, long batches, long waiting) {
        leastWaiting = Math.min(leastWaiting, waiting);
        long now = clock.nanoTime();
        if (now - lookedNanos < LOOK_NANOS) {
            return;
        }
        double seconds = (now - lookedNanos) / (double) TimeUnit.SECONDS.toNanos(1);
        long newEvents = acknowledged - acknowledgedEvents;
        long newBatches = batches - acknowledgedBatches;
        long least = leastWaiting; // between the batches of two ticks
        long growth = least - waitingBatches;
        lookedNanos = now;
        acknowledgedEvents = acknowledged;
        acknowledgedBatches = batches;
        waitingBatches = least;
        leastWaiting = Long.MAX_VALUE;
        grown = newEvents > 0 && growth > 0 && least >= LEAST_BATCHES ? grown + 1 : 0;
        if (grown >= LOOKS) {
            report(
                    Math.round(newEvents / seconds),
                    Math.round((newEvents + (double) growth * newEvents / Math.max(1, newBatches)) / seconds),
                    waiting);
        } else if (eventsPerSecond > 0 && least < LEAST_BATCHES) {
            eventsPerSecond = 0;
            health.report(COMPONENT, true, "Kafka takes events as fast as they come");
            log.info("Kafka: takes events as fast as they come again");
        }
    }

    private void report(long taken, long come, long waiting) {
        double millis = requestMillis.getAsDouble();
        boolean first = eventsPerSecond == 0;
        eventsPerSecond = Math.max(1, taken);
        String answers = Double.isNaN(millis) ? "" : String.format(Locale.ROOT, ", a request takes %.0f ms", millis);
        String reason = "Kafka takes " + taken + " events/s, " + come + " come: " + waiting
                + " batches wait in the spool and their number grows" + answers
                + "; spread busy zones over more partitions (partition.zone.width), raise publish.in-flight-bytes, or use"
                + " brokers that are nearer or faster";
        health.report(COMPONENT, false, reason);
        if (first) {
            log.warn("Kafka: {}", reason);
        }
    }
}
