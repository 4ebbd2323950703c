package dev.ctstream.conntrack;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ctstream.metrics.Metrics;
import dev.ctstream.netlink.NetlinkException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Predicate;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;

/** A receive thread whose handler copies every event. */
public class ReceiveHarness implements FlowEventHandler, AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(20);
    private static final long STOP_MILLIS = 10_000;

    /** One event, copied. */
    public record Seen(
            int source, String kind, TupleSpec original, TupleSpec reply, ZoneScope zone, long id, ObjectNode json) {}

    private final Metrics metrics = new Metrics();
    private final ConcurrentLinkedQueue<Seen> seen = new ConcurrentLinkedQueue<>();
    private final ConcurrentLinkedQueue<Integer> removed = new ConcurrentLinkedQueue<>();
    private final AtomicLong events = new AtomicLong();
    private final AtomicLong drops = new AtomicLong();
    private final AtomicLong passes = new AtomicLong();
    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    private final EventReceiver receiver;
    private final Thread thread;
    private volatile boolean copying = true;

    @SuppressWarnings("this-escape") // the receiver calls nothing of it before start()
    public ReceiveHarness() throws NetlinkException {
        receiver = EventReceiver.open(this, new ReceiveMetrics(metrics));
        thread = new Thread(receiver, "test-receive");
        thread.setUncaughtExceptionHandler((t, e) -> failure.set(e));
    }

    public static SubscriptionConfig config(boolean update, int bufferBytes) {
        return new SubscriptionConfig(true, update, true, bufferBytes, false);
    }

    public EventReceiver receiver() {
        return receiver;
    }

    Metrics metrics() {
        return metrics;
    }

    @SuppressWarnings("deprecation") // threadId() is of JDK 19
    long threadId() {
        return thread.getId();
    }

    public ReceiveHarness start() {
        thread.start();
        return this;
    }

    /** Counts events without copying them. */
    ReceiveHarness countOnly() {
        copying = false;
        return this;
    }

    /** Ends the thread after the handler has seen everything that the sockets held. */
    public void stop() {
        try {
            if (!receiver.stop(STOP_MILLIS)) {
                throw new AssertionError("the receiver did not stop");
            }
            thread.join(STOP_MILLIS);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
        Throwable thrown = failure.get();
        if (thrown != null) {
            throw new AssertionError("the receive thread failed", thrown);
        }
    }

    public List<Seen> seen() {
        return new ArrayList<>(seen);
    }

    public List<Seen> seen(Predicate<Seen> which) {
        return seen.stream().filter(which).toList();
    }

    List<Integer> removed() {
        return new ArrayList<>(removed);
    }

    long events() {
        return events.get();
    }

    public long drops() {
        return drops.get();
    }

    long passes() {
        return passes.get();
    }

    public List<Seen> await(int count, Predicate<Seen> which) {
        Awaitility.await().atMost(PATIENCE).until(() -> seen(which).size() >= count);
        return seen(which);
    }

    @Override
    public void onEvent(EventSource source, FlowEvent event, long receivedTimeNanos) {
        events.incrementAndGet();
        if (copying) {
            copy(source, event, "");
        }
    }

    @Override
    public void onDumpEntry(EventSource source, FlowEvent event, DumpEntryKind kind) {
        copy(source, event, "-" + kind);
    }

    private void copy(EventSource source, FlowEvent event, String suffix) {
        ObjectNode json = FlowEventJson.of(event);
        seen.add(new Seen(
                source.index(),
                json.get("kind").asText() + suffix,
                TupleSpec.of(event.original()),
                TupleSpec.of(event.reply()),
                ZoneScope.of(event),
                event.id(),
                json));
    }

    @Override
    public void onDrained(EventSource source, long dropsDelta) {
        drops.addAndGet(dropsDelta);
    }

    @Override
    public long onPass(long nowNanos) {
        passes.incrementAndGet();
        return Long.MAX_VALUE;
    }

    @Override
    public void onRemoved(EventSource source) {
        removed.add(source.index());
    }

    @Override
    public void close() {
        stop();
        receiver.close();
        metrics.close();
    }
}
