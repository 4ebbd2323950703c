package dev.ctstream.publish;

import dev.ctstream.batch.MadeBatches;
import dev.ctstream.record.RunIdentity;
import dev.ctstream.record.StreamId;
import dev.ctstream.spool.Backlog;
import dev.ctstream.spool.QueuedBatch;
import dev.ctstream.spool.RunTopics;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A backlog in memory. As in the spool, {@link #await} waits for a change: batches that the publisher leaves in a queue
 * do not end it.
 */
final class TestBacklog implements Backlog {
    private static final String NETNS = "host";

    final List<Long> setAside = new CopyOnWriteArrayList<>();
    final List<Boolean> controlBlocked = new CopyOnWriteArrayList<>();
    final Map<RunIdentity, RunTopics> topics = new ConcurrentHashMap<>();
    volatile boolean stopping;
    private final TestQueue control = new TestQueue(this::wake, this::wake); // events may wait for a record
    private final TestQueue events = new TestQueue(this::wake, () -> {});
    private boolean changed;

    @Override
    public TestQueue control() {
        return control;
    }

    @Override
    public TestQueue events() {
        return events;
    }

    /** Adds batches of events of one stream; each has 10 events. */
    void addEvents(StreamId stream, int batches) {
        for (int i = 0; i < batches; i++) {
            int number = events.size() + 1;
            events.add(Batches.events(number, stream, (number - 1) * 10L, 10));
        }
    }

    /** Adds control records of one namespace. */
    void addControl(int records) {
        for (int i = 0; i < records; i++) {
            control.add(Batches.control(control.size() + 1, NETNS, control.size()));
        }
    }

    /** A stream of the namespace that also has the control records. */
    static StreamId zone(int zone) {
        return MadeBatches.stream(NETNS, zone);
    }

    @Override
    public synchronized void await(long waitNanos) {
        long deadline = System.nanoTime() + waitNanos;
        while (!changed) {
            long leftMillis = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
            if (leftMillis <= 0) {
                break;
            }
            try {
                wait(leftMillis);
            } catch (InterruptedException e) {
                throw new AssertionError("interrupted in the backlog", e);
            }
        }
        changed = false;
    }

    @Override
    public synchronized void wake() {
        changed = true;
        notifyAll();
    }

    @Override
    public boolean setAside(QueuedBatch batch, String reason) {
        if (stopping) {
            return false;
        }
        setAside.add(batch.envelope().number());
        return true;
    }

    @Override
    public RunIdentity identity() {
        return Batches.RUN;
    }

    @Override
    public @Nullable RunTopics topics(RunIdentity run) {
        return topics.get(run);
    }

    @Override
    public @Nullable RunTopics topicsBefore() {
        return topics.get(Batches.EARLIER);
    }

    @Override
    public void keepTopics(RunTopics now) {
        topics.put(Batches.RUN, now);
    }

    @Override
    public void controlBlocked(boolean blocked) {
        controlBlocked.add(blocked);
    }
}
