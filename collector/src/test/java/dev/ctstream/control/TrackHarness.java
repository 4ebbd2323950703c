package dev.ctstream.control;

import dev.ctstream.batch.BatchConfig;
import dev.ctstream.batch.BatchMetrics;
import dev.ctstream.batch.BatchRing;
import dev.ctstream.batch.Batcher;
import dev.ctstream.batch.ControlOutbox;
import dev.ctstream.batch.ControlRecord;
import dev.ctstream.batch.EncodedBatch;
import dev.ctstream.conntrack.DumpEntryKind;
import dev.ctstream.conntrack.EventReceiver;
import dev.ctstream.conntrack.EventSocket;
import dev.ctstream.conntrack.EventSource;
import dev.ctstream.conntrack.FlowEvent;
import dev.ctstream.conntrack.FlowEventHandler;
import dev.ctstream.conntrack.ReceiveMetrics;
import dev.ctstream.conntrack.SubscriptionConfig;
import dev.ctstream.conntrack.TestNamespace;
import dev.ctstream.metrics.Health;
import dev.ctstream.metrics.Metrics;
import dev.ctstream.netlink.Clock;
import dev.ctstream.netlink.NetlinkException;
import dev.ctstream.record.RunIdentity;
import dev.ctstream.record.Schemas;
import dev.ctstream.track.FlowTracker;
import dev.ctstream.track.TrackConfig;
import dev.ctstream.track.TrackMetrics;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.DecoderFactory;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;

/** The stages up to ring and outbox, connected as in the collector, and a thread that decodes what they hold. */
final class TrackHarness implements AutoCloseable {
    static final Duration PATIENCE = Duration.ofSeconds(60);
    /** A batch of events in {@link #order}. */
    static final String EVENTS = "events";

    private static final BatchConfig BATCH = new BatchConfig(512, 256 << 10, 10);

    /** One decoded event. */
    record Event(
            String netns, int zone, String type, String origin, int sourcePort, GenericRecord record, long logIndex) {}

    private final Metrics metrics = new Metrics();
    /** Larger than a collector's: the stand-in for the spool decodes every batch, and may fall behind by a full table. */
    private final BatchRing ring = new BatchRing(BatchRing.DEFAULT_SLOTS, 8 * BatchRing.DEFAULT_MAX_BYTES);

    final ControlOutbox outbox = new ControlOutbox(ring);
    final RunIdentity run = new RunIdentity("host-1", "boot-1", Clock.realtimeNanos());
    private final Queues queues = new Queues();
    private final SpoolStandIn spool = new SpoolStandIn(run, "web-1", ring, outbox, queues);
    private final Thread consumer = new Thread(this::consume, "test-consumer");
    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    private final Thread receive;
    final TrackConfig config;
    final Batcher batcher;
    final FlowTracker tracker;
    final EventReceiver receiver;
    final NamespaceReporter control;
    final Snapshots snapshots;
    final DeliveryGuard guard;
    volatile boolean hanging;
    private volatile boolean consuming = true;
    private boolean stopped;

    private static final class Queues implements SpoolStandIn.Taker {
        final ConcurrentLinkedQueue<Event> events = new ConcurrentLinkedQueue<>();
        final ConcurrentLinkedQueue<GenericRecord> control = new ConcurrentLinkedQueue<>();
        final ConcurrentLinkedQueue<String> order = new ConcurrentLinkedQueue<>();
        final Map<String, AtomicLong> counts = new ConcurrentHashMap<>();
        volatile boolean reading = true;

        @Override
        public void control(byte[] datum) {
            GenericRecord record = read(Schemas.CONTROL, datum, 0, datum.length);
            control.add(record);
            order.add(record.get("kind").toString());
        }

        @Override
        public void batch(EncodedBatch batch) {
            String netns = batch.stream().netns();
            counts.computeIfAbsent(netns, n -> new AtomicLong()).addAndGet(batch.count());
            order.add(EVENTS);
            if (reading) {
                decode(batch);
            }
        }

        private void decode(EncodedBatch batch) {
            GenericRecord read = read(Schemas.BATCH, batch.array(), batch.offset(), batch.lengthBytes());
            for (Object item : (List<?>) read.get("events")) {
                GenericRecord event = (GenericRecord) item;
                Object port = event.get("source_port");
                events.add(new Event(
                        batch.stream().netns(),
                        batch.stream().zone(),
                        event.get("event_type").toString(),
                        event.get("origin").toString(),
                        port == null ? -1 : (Integer) port,
                        event,
                        batch.logIndex()));
            }
        }
    }

    TrackHarness(TrackConfig config) throws NetlinkException {
        this(config, DeliveryGuard.Limits.DEFAULT, null);
    }

    TrackHarness(TrackConfig config, DeliveryGuard.Limits limits, RunDescription.@Nullable PreviousRun previous)
            throws NetlinkException {
        this.config = config;
        batcher = new Batcher(BATCH, run, "web-1", ring, outbox, new BatchMetrics(metrics));
        ControlMetrics controlMetrics = new ControlMetrics(metrics);
        tracker = new FlowTracker(batcher, config, new TrackMetrics(metrics));
        receiver = EventReceiver.open(new Hanging(), new ReceiveMetrics(metrics));
        ControlRecord.Settings settings = new ControlRecord.Settings("0", "d", "NEW,DESTROY", "batch", 0);
        RunDescription facts = new RunDescription(run, settings, previous, null);
        control = new NamespaceReporter(tracker, batcher, outbox, config, facts, controlMetrics, new Health());
        snapshots = new Snapshots(tracker, outbox, config, controlMetrics, receiver.dumpRing());
        guard = new DeliveryGuard(tracker, outbox, controlMetrics, limits);
        receive = thread(receiver, "test-receive");
    }

    /** The tracker, on a receive thread that hangs while {@link #hanging} is set. */
    private final class Hanging implements FlowEventHandler {
        @Override
        public void onEvent(EventSource source, FlowEvent event, long receivedTimeNanos) {
            while (hanging) {
                Thread.onSpinWait();
            }
            tracker.onEvent(source, event, receivedTimeNanos);
        }

        @Override
        public void onEvents(EventSource source, FlowEvent[] events, int count, long receivedTimeNanos) {
            while (hanging) {
                Thread.onSpinWait();
            }
            tracker.onEvents(source, events, count, receivedTimeNanos);
        }

        @Override
        public void onDrained(EventSource source, long dropsDelta) {
            tracker.onDrained(source, dropsDelta);
        }

        @Override
        public long onPass(long nowNanos) {
            return tracker.onPass(nowNanos);
        }

        @Override
        public void onDumpEntry(EventSource source, FlowEvent event, DumpEntryKind kind) {
            tracker.onDumpEntry(source, event, kind);
        }

        @Override
        public void onDumpMark(EventSource source, DumpEntryKind kind) {
            tracker.onDumpMark(source, kind);
        }

        @Override
        public void onRemoved(EventSource source) {
            tracker.onRemoved(source);
        }
    }

    private Thread thread(Runnable work, String name) {
        Thread thread = new Thread(work, name);
        thread.setUncaughtExceptionHandler((t, e) -> failure.set(e));
        return thread;
    }

    TrackHarness start() {
        startSpool();
        startAllButSpool();
        return this;
    }

    void startSpool() {
        consumer.setUncaughtExceptionHandler((t, e) -> failure.set(e));
        consumer.start();
    }

    void startAllButSpool() {
        receive.start();
        control.start((thread, e) -> failure.set(e));
        snapshots.start((thread, e) -> failure.set(e));
        guard.start((thread, e) -> failure.set(e));
    }

    ObservedNamespace add(TestNamespace namespace, String netns, int bufferBytes) throws NetlinkException {
        return add(namespace, netns, new SubscriptionConfig(true, false, true, bufferBytes, false), "start");
    }

    ObservedNamespace add(TestNamespace namespace, String netns, SubscriptionConfig subscription, String reason)
            throws NetlinkException {
        return add(
                new ObservedNamespace(EventSocket.open(namespace.handle(), netns, subscription), namespace.handle()),
                reason);
    }

    ObservedNamespace add(ObservedNamespace observed, String reason) {
        control.added(observed, reason);
        receiver.add(observed.socket());
        snapshots.added(observed, reason);
        guard.added(observed);
        return observed;
    }

    void remove(ObservedNamespace namespace, boolean gone) {
        if (gone) {
            tracker.gone(namespace.socket());
        }
        guard.removed(namespace.socket());
        snapshots.removed(namespace.socket());
        receiver.remove(namespace.socket());
        control.removed(namespace.socket());
    }

    private void consume() {
        while (consuming || !spool.done()) {
            spool.run(20);
        }
    }

    private static GenericRecord read(Schema schema, byte[] bytes, int offset, int lengthBytes) {
        try {
            return new GenericDatumReader<GenericRecord>(schema)
                    .read(null, DecoderFactory.get().binaryDecoder(bytes, offset, lengthBytes, null));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Number of events in all batches of the namespace. */
    long count(String netns) {
        AtomicLong count = queues.counts.get(netns);
        return count == null ? 0 : count.get();
    }

    List<Event> events(Predicate<Event> which) {
        return queues.events.stream().filter(which).toList();
    }

    List<Event> events(String type, String origin) {
        return events(e -> e.type.equals(type) && e.origin.equals(origin));
    }

    /** The kinds of all control records, and {@link #EVENTS} for each batch, in order. */
    List<String> order() {
        return new ArrayList<>(queues.order);
    }

    /** Decodes no events any more; {@link #count} goes on. */
    void countOnly() {
        queues.reading = false;
    }

    /** All control records, in order. */
    List<GenericRecord> control() {
        return new ArrayList<>(queues.control);
    }

    List<GenericRecord> control(String kind) {
        return queues.control.stream()
                .filter(record -> record.get("kind").toString().equals(kind))
                .toList();
    }

    List<GenericRecord> control(String kind, String netns) {
        return control(kind).stream()
                .filter(record -> record.get("netns").toString().equals(netns))
                .toList();
    }

    /** Kinds of the namespace's records in order, without heartbeats. */
    List<String> kinds(String netns) {
        List<String> kinds = new ArrayList<>();
        for (GenericRecord record : queues.control) {
            String kind = record.get("kind").toString();
            if (record.get("netns").toString().equals(netns) && !kind.equals("HEARTBEAT")) {
                kinds.add(kind);
            }
        }
        return kinds;
    }

    double metric(String name) {
        return metrics.prometheusText()
                .lines()
                .filter(line -> line.startsWith(name + " ") || line.startsWith(name + "{"))
                .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
                .sum();
    }

    void await(String what, BooleanSupplier condition) {
        Awaitility.await(what).atMost(PATIENCE).until(() -> {
            Throwable thrown = failure.get();
            if (thrown != null) {
                throw new AssertionError("a thread failed", thrown);
            }
            return condition.getAsBoolean();
        });
    }

    /** Waits until {@code events} events of the kernel, in total, have been received or dropped. */
    void awaitReceived(ObservedNamespace namespace, long events) {
        EventSocket socket = namespace.socket();
        long start = System.nanoTime();
        while (tracker.namespace(socket).counts().received() + socket.dropsTotal() < events) {
            if (System.nanoTime() - start > PATIENCE.toNanos()) {
                throw new AssertionError("events were not received");
            }
            LockSupport.parkNanos(20_000);
        }
    }

    /** Waits until {@code more} further dumps are complete and swept. */
    void awaitDumps(int more) {
        double from = dumps();
        await(more + " dumps", () -> dumps() >= from + more && metric("ctstream_track_sweeps") == 0);
    }

    /** Those that were made, and those that were left out because they could find nothing. */
    private double dumps() {
        return metric("ctstream_control_dumps_total") + metric("ctstream_control_omitted_dumps_total");
    }

    /** Stops in the collector's order, after everything was read. */
    void stop() throws InterruptedException {
        if (stopped) {
            return;
        }
        stopped = true;
        hanging = false;
        guard.close();
        snapshots.close();
        control.close();
        if (!receiver.stop(PATIENCE.toMillis())) {
            throw new AssertionError("the receiver did not stop");
        }
        await("hand-over", () -> tracker.finish() && batcher.closeAll());
        if (!control.stopped("stop", PATIENCE.toMillis())) {
            throw new AssertionError("the outbox was not emptied");
        }
        consuming = false;
        consumer.join(PATIENCE.toMillis());
        Throwable thrown = failure.get();
        if (thrown != null) {
            throw new AssertionError("a thread failed", thrown);
        }
    }

    /** The sequences of each stream, in order of arrival. */
    Map<String, List<Long>> sequences() {
        Map<String, List<Long>> sequences = new LinkedHashMap<>();
        queues.events.forEach(event -> sequences
                .computeIfAbsent(event.netns + "/" + event.zone, key -> new ArrayList<>())
                .add((Long) event.record.get("sequence")));
        return sequences;
    }

    @Override
    public void close() {
        try {
            stop();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        receiver.close();
        metrics.close();
    }
}
