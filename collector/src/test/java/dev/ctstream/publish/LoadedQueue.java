package dev.ctstream.publish;

import dev.ctstream.batch.MadeBatches;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * Adds batches to a queue at a rate, as the spool would get them from a busy host, and notes how much is not
 * acknowledged.
 */
final class LoadedQueue {
    /** {@code batch.max-events}. */
    static final int BATCH_EVENTS = 512;

    private static final long LOOK_NANOS = TimeUnit.SECONDS.toNanos(5);

    private final PublisherHarness publisher;
    private final int zones;
    private final long[] sequences;
    private final List<Long> unacknowledgedEvents = new ArrayList<>();

    LoadedQueue(PublisherHarness publisher, int zones) {
        this.publisher = publisher;
        this.zones = zones;
        sequences = new long[zones];
    }

    /** Events of each zone so far. */
    long eventsOf(int zone) {
        return sequences[zone];
    }

    /** What was not acknowledged, every five seconds and at the end of each load, in events. */
    List<Long> unacknowledgedEvents() {
        return unacknowledgedEvents;
    }

    /** Adds batches for this long, each when it is due; an overdue one at once. */
    void add(int eventsPerSecond, double seconds) {
        long batchNanos = TimeUnit.SECONDS.toNanos(1) * BATCH_EVENTS / eventsPerSecond;
        long batches = Math.round(seconds * eventsPerSecond / BATCH_EVENTS);
        long begin = System.nanoTime();
        long lookNanos = begin + LOOK_NANOS;
        for (long i = 0; i < batches; i++) {
            long due = begin + i * batchNanos;
            while (System.nanoTime() - due < 0) {
                LockSupport.parkNanos(due - System.nanoTime());
            }
            int zone = (int) (i % zones);
            publisher.queue.add(Batches.varied(
                    publisher.queue.size() + 1, MadeBatches.stream("host", zone + 1), sequences[zone], BATCH_EVENTS));
            sequences[zone] += BATCH_EVENTS;
            if (System.nanoTime() - lookNanos >= 0) {
                look();
                lookNanos += LOOK_NANOS;
            }
        }
        look();
    }

    private void look() {
        unacknowledgedEvents.add(publisher.queue.unacknowledged() * BATCH_EVENTS);
    }
}
