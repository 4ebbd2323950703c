package dev.ctstream;

import dev.ctstream.conntrack.FlowEvent;
import dev.ctstream.control.BusyStreams;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * Rates of the last minutes, for the page: a sample with each heartbeat, {@value #MOST} at most, and in each the busiest
 * zones. At most 200 KiB.
 *
 * <p>Threads: {@code ctstream-control} takes samples; any thread reads.
 */
final class RateHistory {
    /** Ten minutes with the default of {@code heartbeat.interval-seconds}. */
    static final int MOST = 60;

    private final Deque<Sample> samples = new ArrayDeque<>();
    private final Counters counters;
    private final BusyStreams busy;
    private Counts before;
    private long beforeNanos;

    /** Counters that only rise. */
    record Counters(EventCounter received, LongSupplier lost, LongSupplier acknowledged) {}

    /** Received events of a type, of {@link FlowEvent}. */
    @FunctionalInterface
    interface EventCounter {
        /** So far. */
        long total(int eventType);
    }

    private record Counts(long begun, long updated, long ended, long lost, long acknowledged) {}

    /**
     * Events per second between two heartbeats.
     *
     * @param seconds between them
     * @param zones the busiest, and all others together
     */
    record Sample(
            double seconds,
            double begun,
            double updated,
            double ended,
            double lost,
            double acknowledged,
            List<BusyStreams.Figures> zones) {}

    RateHistory(Counters counters, BusyStreams busy, long nowNanos) {
        this.counters = counters;
        this.busy = busy;
        before = counts();
        beforeNanos = nowNanos;
    }

    private Counts counts() {
        return new Counts(
                counters.received().total(FlowEvent.NEW),
                counters.received().total(FlowEvent.UPDATE),
                counters.received().total(FlowEvent.DESTROY),
                counters.lost().getAsLong(),
                counters.acknowledged().getAsLong());
    }

    /** Takes a sample; the busiest zones are those that were taken just before. */
    synchronized void take(long nowNanos) {
        double seconds = (nowNanos - beforeNanos) / (double) TimeUnit.SECONDS.toNanos(1);
        if (seconds <= 0) {
            return;
        }
        Counts now = counts();
        samples.addLast(new Sample(
                seconds,
                rate(now.begun, before.begun, seconds),
                rate(now.updated, before.updated, seconds),
                rate(now.ended, before.ended, seconds),
                rate(now.lost, before.lost, seconds),
                rate(now.acknowledged, before.acknowledged, seconds),
                busy.zones()));
        if (samples.size() > MOST) {
            samples.removeFirst();
        }
        before = now;
        beforeNanos = nowNanos;
    }

    /** A total may fall when a namespace ends between two readings. */
    private static double rate(long now, long earlier, double seconds) {
        return Math.max(0, now - earlier) / seconds;
    }

    /** The samples, oldest first. */
    synchronized List<Sample> samples() {
        return List.copyOf(samples);
    }
}
