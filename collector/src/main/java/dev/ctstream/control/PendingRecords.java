package dev.ctstream.control;

import dev.ctstream.batch.ControlOutbox;
import dev.ctstream.batch.ControlRecord;
import dev.ctstream.netlink.StageClock;
import dev.ctstream.record.StreamId;
import java.util.ArrayDeque;
import java.util.concurrent.TimeUnit;

/**
 * Control records until the outbox takes them, oldest first. A record that the outbox refuses stays, and all later ones
 * wait for it.
 *
 * <p>Threads: guarded by the owner's lock.
 */
final class PendingRecords {
    private final ControlOutbox outbox;
    private final StageClock clock;
    private final ArrayDeque<Pending> records = new ArrayDeque<>();

    private record Pending(StreamId namespace, ControlRecord record, long timeMillis, boolean afterEvents) {}

    PendingRecords(ControlOutbox outbox, StageClock clock) {
        this.outbox = outbox;
        this.clock = clock;
    }

    /** Adds a record that does not depend on events. */
    void add(StreamId namespace, ControlRecord record) {
        records.add(new Pending(namespace, record, nowMillis(), false));
    }

    /** Adds a record that must follow all events that have been handed over by now. */
    void addAfterEvents(StreamId namespace, ControlRecord record) {
        records.add(new Pending(namespace, record, nowMillis(), true));
    }

    private long nowMillis() {
        return TimeUnit.NANOSECONDS.toMillis(clock.realtimeNanos());
    }

    /** Offers the records until the outbox refuses one; returns whether none is left. */
    boolean offer() {
        for (Pending next = records.peek(); next != null && offer(next); next = records.peek()) {
            records.remove();
        }
        return records.isEmpty();
    }

    private boolean offer(Pending next) {
        return next.afterEvents
                ? outbox.offerAfterEvents(next.namespace, next.record, next.timeMillis)
                : outbox.offer(next.namespace, next.record, next.timeMillis);
    }

    boolean isEmpty() {
        return records.isEmpty();
    }
}
