package dev.ctstream.batch;

import dev.ctstream.conntrack.EventSource;
import dev.ctstream.conntrack.FlowEvent;
import dev.ctstream.conntrack.FlowEventHandler;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Gives each flow event its sequence and writes it into the open batch of its stream (namespace and zone). A batch is
 * closed by count, bytes or linger and handed to the sink, which never waits.
 *
 * <p>Bounds: buffers of open batches take at most {@link Limits#openBytes}, beyond that the oldest are closed early;
 * empty buffers are kept up to {@link Limits#pooledBytes}; the sink bounds what is in flight. A batch that the sink
 * refuses is lost: counted, and declared in a GAP of cause handover before anything else of its stream.
 *
 * <p>Ownership: borrows events; owns open and empty batches; a batch that the sink has taken is the sink's.
 *
 * <p>Threads: confined to the receive thread, but for {@link #submit}, {@link #namespaces} and the getters of
 * {@link NamespaceStreams}, which any thread may call. Allocates nothing per event: batches come back through the sink.
 */
public final class Batcher implements FlowEventHandler {
    /** When the sink is full, the next attempt to hand over declarations. */
    private static final long RETRY_NANOS = TimeUnit.MILLISECONDS.toNanos(10);

    private final int maxEvents;
    private final int maxBytes;
    private final long lingerNanos;
    private final RunIdentity run;
    private final BatchSink sink;
    private final BatchMetrics metrics;
    private final Limits limits;
    private final BufferPool pool;
    private final ControlChannel control;
    private final HandoverLosses losses;
    private final OpenStreams open = new OpenStreams();
    private final FlowEventEncoder encoder = new FlowEventEncoder();
    private final Map<String, NamespaceStreams> known = new ConcurrentHashMap<>();
    private @Nullable NamespaceStreams[] bySource = new NamespaceStreams[16];
    private long openBytes;

    /**
     * Bytes of buffers.
     *
     * @param openBytes in open batches; at least one batch stays open whatever it takes
     * @param pooledBytes empty, kept for reuse
     */
    record Limits(long openBytes, long pooledBytes) {
        private static final long OPEN_BYTES = 32L << 20;
        private static final long POOLED_BYTES = 4L << 20;

        /** What holds two of the largest batches at least: one is filled while the other is appended. */
        static Limits of(BatchConfig config) {
            long largest = config.maxBytes() + (long) Integer.BYTES * config.maxEvents();
            return new Limits(OPEN_BYTES, Math.max(POOLED_BYTES, 2 * largest));
        }
    }

    /** Hands batches of the run to the sink. */
    public Batcher(BatchConfig config, RunIdentity run, BatchSink sink, BatchMetrics metrics) {
        this(config, run, sink, metrics, Limits.of(config), InstantSource.system());
    }

    Batcher(
            BatchConfig config,
            RunIdentity run,
            BatchSink sink,
            BatchMetrics metrics,
            Limits limits,
            InstantSource clock) {
        maxEvents = config.maxEvents();
        maxBytes = config.maxBytes();
        lingerNanos = TimeUnit.MILLISECONDS.toNanos(config.lingerMillis());
        this.run = run;
        this.sink = sink;
        this.metrics = metrics;
        this.limits = limits;
        pool = new BufferPool(config, limits.pooledBytes());
        control = new ControlChannel(new ControlEncoder(run), sink, metrics);
        losses = new HandoverLosses(control, clock);
    }

    @Override
    public void onEvent(EventSource source, FlowEvent event, long receivedTimeNanos) {
        encoder.from(EventOrigin.KERNEL, receivedTimeNanos, 0);
        append(streams(source), event, receivedTimeNanos);
    }

    /** Adds an entry of a dump as EXISTING. */
    public void onExisting(EventSource source, FlowEvent entry, long receivedTimeNanos, long snapshotId) {
        encoder.from(EventOrigin.DUMP, receivedTimeNanos, snapshotId);
        append(streams(source), entry, receivedTimeNanos);
    }

    /** Adds the DESTROY of a flow that had gone without one; the entry is the last that was known of it. */
    public void onInferred(EventSource source, FlowEvent entry, long inferredTimeNanos) {
        encoder.from(EventOrigin.INFERRED, inferredTimeNanos, 0);
        append(streams(source), entry, inferredTimeNanos);
    }

    private void append(NamespaceStreams namespace, FlowEvent event, long receivedTimeNanos) {
        StreamState stream = namespace.stream(event.zone());
        int required = FlowEventEncoder.maxBytes(event) + AvroWriter.ARRAY_END_BYTES;
        EncodedBatch batch = stream.open;
        if (batch == null || batch.array.length - batch.end < required || batch.count == batch.eventOffsets.length) {
            batch = makeRoom(stream, required);
        }
        long sequence = stream.nextSequence();
        if (batch.count == 0) {
            batch.firstSequence = sequence;
            batch.firstReceivedNanos = receivedTimeNanos;
        }
        batch.lastReceivedNanos = receivedTimeNanos;
        batch.eventOffsets[batch.count++] = batch.end;
        batch.end = encoder.encode(batch.array, batch.end, event, sequence);
        stream.advance(sequence + 1);
        if (batch.count == maxEvents) {
            close(stream, CloseReason.COUNT);
        }
    }

    /** The stream's batch grown, or a new one. */
    private EncodedBatch makeRoom(StreamState stream, int required) {
        EncodedBatch batch = stream.open;
        if (batch != null) {
            if (batch.end + required <= maxBytes && pool.canGrow(batch)) {
                return grow(stream, batch, required);
            }
            close(stream, CloseReason.BYTES);
        }
        int headRoom = stream.namespace.headRoomBytes();
        reclaim();
        EncodedBatch fresh = pool.acquire(stream.sizeClass, headRoom + required);
        fresh.begin(stream.id, run.streamEpoch(), headRoom);
        stream.open = fresh;
        open.add(stream);
        addOpenBytes(fresh.capacityBytes(), stream);
        return fresh;
    }

    private EncodedBatch grow(StreamState stream, EncodedBatch batch, int required) {
        EncodedBatch bigger = pool.acquire(batch.sizeClass + 1, batch.end + required);
        bigger.continueFrom(batch, stream.namespace.headRoomBytes());
        stream.open = bigger;
        openBytes -= batch.capacityBytes();
        pool.release(batch);
        addOpenBytes(bigger.capacityBytes(), stream);
        return bigger;
    }

    private void addOpenBytes(int bytes, StreamState keep) {
        openBytes += bytes;
        for (StreamState oldest = open.oldest();
                openBytes > limits.openBytes() && oldest != null && oldest != keep;
                oldest = open.oldest()) {
            close(oldest, CloseReason.PRESSURE);
        }
    }

    private void reclaim() {
        for (EncodedBatch empty = sink.reclaim(); empty != null; empty = sink.reclaim()) {
            pool.release(empty);
        }
    }

    private void close(StreamState stream, CloseReason reason) {
        EncodedBatch batch = stream.open;
        if (batch == null) {
            return;
        }
        stream.open = null;
        open.remove(stream);
        openBytes -= batch.capacityBytes();
        stream.sizeClass = pool.sizeClassOrLargest(batch.end);
        stream.namespace.finish(batch);
        metrics.onClosed(reason, batch);
        if (!sink.accepting() || !losses.declare(stream) || !sink.offer(batch)) {
            losses.add(stream, batch);
            metrics.onLost(batch);
            pool.release(batch);
        }
    }

    @Override
    public void onDrained(EventSource source, long dropsDelta) {
        if (dropsDelta != 0) {
            streams(source).addLost(dropsDelta);
        }
    }

    @Override
    public long onPass(long nowNanos) {
        open.setDeadlines(nowNanos + lingerNanos);
        StreamState oldest = open.oldest();
        while (oldest != null && oldest.deadlineNanos - nowNanos <= 0) {
            close(oldest, CloseReason.LINGER);
            oldest = open.oldest();
        }
        boolean handedOver = handOverControl();
        metrics.observe(open.size(), openBytes, pool);
        long wait = oldest == null ? Long.MAX_VALUE : oldest.deadlineNanos - nowNanos;
        return handedOver ? wait : Math.min(wait, RETRY_NANOS);
    }

    private boolean handOverControl() {
        if (losses.pending() && sink.accepting()) {
            losses.declareAll();
        }
        return control.drain() && !losses.pending();
    }

    /** Hands over what control records wait: what was submitted before the source was added stands before its events. */
    @Override
    public void onAdded(EventSource source) {
        control.drain();
    }

    @Override
    public void onRemoved(EventSource source) {
        streams(source).forEachOpen(stream -> close(stream, CloseReason.STOP));
        bySource[source.index()] = null;
    }

    /**
     * Closes all batches and hands over what control records wait. On the receive thread, or after it has ended.
     *
     * @return false when the sink was too full for some; call again later
     */
    public boolean closeAll() {
        for (StreamState oldest = open.oldest(); oldest != null; oldest = open.oldest()) {
            close(oldest, CloseReason.STOP);
        }
        return handOverControl();
    }

    /**
     * Hands a control record to the receive thread, which numbers it at its next pass; wake it when it may be idle. Any
     * thread.
     *
     * @param timeMillis when the record was made, ms since 1970-01-01 UTC
     * @return false when too many wait: keep the record and come again
     */
    public boolean submit(NamespaceStreams namespace, ControlRecord record, long timeMillis) {
        return control.submit(namespace, record, timeMillis);
    }

    /** The namespaces seen in this run, also those that are gone. Any thread. */
    public List<NamespaceStreams> namespaces() {
        return List.copyOf(known.values());
    }

    /** The streams of the namespace of this name; makes them when it is new. Any thread. */
    public NamespaceStreams namespace(String netns) {
        NamespaceStreams streams = known.get(netns); // takes no lock, which matters to the receive thread
        return streams == null ? known.computeIfAbsent(netns, name -> new NamespaceStreams(run, name)) : streams;
    }

    /** As {@link #namespace}, of a source, and faster. Receive thread, or before it starts. */
    public NamespaceStreams streams(EventSource source) {
        int index = source.index();
        if (index < bySource.length) {
            NamespaceStreams streams = bySource[index];
            if (streams != null) {
                return streams;
            }
        }
        return register(source);
    }

    private NamespaceStreams register(EventSource source) {
        int index = source.index();
        if (index >= bySource.length) {
            bySource = Arrays.copyOf(bySource, Math.max(index + 1, 2 * bySource.length));
        }
        NamespaceStreams streams = namespace(source.netns());
        bySource[index] = streams;
        return streams;
    }
}
