package dev.ctstream.batch;

import dev.ctstream.conntrack.BySource;
import dev.ctstream.conntrack.EventSource;
import dev.ctstream.conntrack.FlowEvent;
import dev.ctstream.netlink.Clock;
import dev.ctstream.record.EventOrigin;
import dev.ctstream.record.GapCause;
import dev.ctstream.record.RunIdentity;
import dev.ctstream.record.StreamId;
import dev.ctstream.track.FlowSink;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * Assigns each flow event its sequence and writes it into the open batch of its stream (namespace and zone). A batch is
 * closed when it has enough events or bytes; the rest are closed together at a tick, and handed over to the sink, which
 * never blocks.
 *
 * <p>One tick for all streams, because they share requests to Kafka: however many zones a quiet host has, it makes few
 * requests. A tick is due when the oldest open batch has the age of the linger, or earlier when the open batches hold
 * {@value BatchConfig#TICK_EVENTS} events (or a full batch, if that is more) and {@value BatchConfig#TICK_EVENTS_PER_BATCH} each on average. It closes as many as the sink has
 * room for, oldest first, and never drops one.
 *
 * <p>Bounds: buffers of open batches take at most {@link Limits#openBytes}; beyond that the oldest are closed early.
 * Empty buffers are kept up to {@link Limits#pooledBytes}. The sink bounds the batches in flight. A batch that the sink
 * refuses is lost: it is counted, and the spool thread learns of it, see {@link HandoverLosses}.
 *
 * <p>Ownership: borrows events; owns open and empty batches. A batch that the sink has accepted belongs to the sink.
 *
 * <p>Threads: confined to the receive thread, except {@link #namespace} and the getters of {@link NamespaceStreams},
 * which any thread may call. Allocates nothing per event: batches return through the sink.
 */
public final class Batcher implements FlowSink {
    /** Delay of the next attempt to offer marks when the outbox is full. */
    private static final long RETRY_NANOS = TimeUnit.MILLISECONDS.toNanos(10);

    private final BatchConfig config;
    private final int maxEvents;
    private final int maxBytes;
    private final long lingerNanos;
    private final RunIdentity run;
    private final String hostName;
    private final BatchSink sink;
    private final BatchMetrics metrics;
    private final Limits limits;
    private final BufferPool pool;
    private final ControlOutbox outbox;
    private final HandoverLosses losses;
    private final LongSupplier realtimeNanos;
    private final OpenStreams open = new OpenStreams();
    private final FlowEventEncoder encoder;
    private final Map<StreamId, NamespaceStreams> known = new ConcurrentHashMap<>();
    private final BySource<NamespaceStreams> bySource = new BySource<>();
    private long openBytes;
    private long openEvents;
    private boolean ticking; // a batch is open and tickNanos is set
    private long tickNanos;

    /**
     * Limits of buffer memory, bytes.
     *
     * @param openBytes of open batches; one batch may stay open even if it is larger
     * @param pooledBytes of empty buffers that are kept for reuse
     */
    record Limits(long openBytes, long pooledBytes) {
        private static final long OPEN_BYTES = 32L << 20;
        private static final long POOLED_BYTES = 4L << 20;

        /** The pool holds at least two of the largest batches: one is filled while the other is appended. */
        static Limits of(BatchConfig config) {
            long largest = config.maxBytes() + (long) Integer.BYTES * config.maxEvents();
            return new Limits(OPEN_BYTES, Math.max(POOLED_BYTES, 2 * largest));
        }
    }

    /**
     * A batcher that hands over the run's batches to the sink.
     *
     * @param hostName the kernel's node name, for people
     */
    public Batcher(
            BatchConfig config,
            RunIdentity run,
            String hostName,
            BatchSink sink,
            ControlOutbox outbox,
            BatchMetrics metrics) {
        this(config, run, hostName, sink, outbox, metrics, Limits.of(config), Clock::realtimeNanos);
    }

    Batcher(
            BatchConfig config,
            RunIdentity run,
            String hostName,
            BatchSink sink,
            ControlOutbox outbox,
            BatchMetrics metrics,
            Limits limits,
            LongSupplier realtimeNanos) {
        this.config = config;
        maxEvents = config.maxEvents();
        maxBytes = config.maxBytes();
        lingerNanos = TimeUnit.MILLISECONDS.toNanos(config.lingerMillis());
        this.run = run;
        this.hostName = hostName;
        this.sink = sink;
        this.metrics = metrics;
        this.limits = limits;
        pool = new BufferPool(config, limits.pooledBytes());
        encoder = new FlowEventEncoder(config.derived(), config.privacy());
        this.outbox = outbox;
        losses = new HandoverLosses(outbox);
        this.realtimeNanos = realtimeNanos;
    }

    @Override
    public long event(EventSource source, FlowEvent event, long receivedNanos, long beginSequence) {
        encoder.from(EventOrigin.KERNEL, receivedNanos, 0);
        return append(streams(source), event, receivedNanos, beginSequence);
    }

    @Override
    public long existing(EventSource source, FlowEvent entry, long snapshotId, long beginSequence) {
        long nowNanos = realtimeNanos.getAsLong();
        encoder.from(EventOrigin.DUMP, nowNanos, snapshotId);
        return append(streams(source), entry, nowNanos, beginSequence);
    }

    @Override
    public long interim(EventSource source, FlowEvent entry, long beginSequence) {
        long nowNanos = realtimeNanos.getAsLong();
        encoder.fromInterim(nowNanos);
        return append(streams(source), entry, nowNanos, beginSequence);
    }

    @Override
    public long inferred(EventSource source, FlowEvent entry, long beginSequence) {
        long nowNanos = realtimeNanos.getAsLong();
        encoder.from(EventOrigin.INFERRED, nowNanos, 0);
        return append(streams(source), entry, nowNanos, beginSequence);
    }

    private long append(NamespaceStreams namespace, FlowEvent event, long receivedNanos, long beginSequence) {
        StreamState stream = namespace.stream(event.zone());
        if (stream == null) {
            stream = namespace.make(event.zone(), known.size() > 1);
            if (stream == null) {
                return REFUSED;
            }
        }
        int required = encoder.maxBytes(event) + AvroWriter.ARRAY_END_BYTES;
        EncodedBatch batch = stream.open;
        if (batch == null || batch.array.length - batch.end < required || batch.count == batch.eventOffsets.length) {
            batch = makeRoom(stream, required);
        }
        long sequence = stream.nextSequence();
        batch.beginEvent(sequence, receivedNanos);
        int end = encoder.encode(batch.array, batch.end, event, sequence, beginSequence);
        batch.endEvent(end, encoder.eventMillis());
        stream.advance(sequence + 1);
        openEvents++;
        if (batch.count == maxEvents) {
            close(stream, CloseReason.COUNT);
        }
        return sequence;
    }

    /** Returns a batch with space for the event: the stream's batch, moved to a larger buffer, or a new one. */
    private EncodedBatch makeRoom(StreamState stream, int required) {
        EncodedBatch batch = stream.open;
        if (batch != null) {
            if (batch.end + required <= maxBytes && pool.canGrow(batch)) {
                return grow(stream, batch, required);
            }
            close(stream, CloseReason.BYTES);
        }
        reclaim();
        int headRoomBytes = stream.namespace.header().maxBytes();
        EncodedBatch fresh = pool.acquire(stream.sizeClass, headRoomBytes + required);
        fresh.begin(stream);
        stream.open = fresh;
        open.add(stream);
        addOpenBytes(fresh.capacityBytes(), stream);
        return fresh;
    }

    private EncodedBatch grow(StreamState stream, EncodedBatch batch, int required) {
        EncodedBatch bigger = pool.acquire(batch.sizeClass + 1, batch.end + required);
        bigger.continueFrom(batch, stream);
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
        stream.closed();
        open.remove(stream);
        openBytes -= batch.capacityBytes();
        openEvents -= batch.count;
        stream.sizeClass = pool.sizeClassOrLargest(batch.end);
        batch.close(stream.namespace.lostTotal());
        metrics.onClosed(reason, batch);
        HandoverLosses.tell(stream, batch);
        if (sink.accepting() && sink.offer(batch)) {
            HandoverLosses.told(stream);
        } else {
            losses.add(stream, batch);
            metrics.onLost(batch);
            pool.release(batch);
        }
    }

    @Override
    public void drained(EventSource source, long lost) {
        if (lost != 0) {
            streams(source).addLost(lost);
        }
    }

    @Override
    public boolean lost(EventSource source, Count count, Window window) {
        return outbox.offerAfterEvents(streams(source).control(), gap(count, window), nowMillis());
    }

    private long nowMillis() {
        return TimeUnit.NANOSECONDS.toMillis(realtimeNanos.getAsLong());
    }

    private static ControlRecord gap(Count lost, Window window) {
        boolean attempts = lost.failedAttempts() > 0;
        ControlRecord.Count count = new ControlRecord.Count(
                attempts && lost.events() == 0 ? null : lost.events(),
                null,
                attempts ? lost.failedAttempts() : null,
                lost.exact() && !attempts);
        return new ControlRecord.Gap(
                GapCause.KERNEL,
                ControlRecord.Lost.kernel(count),
                new ControlRecord.Window(window.startNanos(), window.endNanos()),
                null);
    }

    @Override
    public long pass(long nowNanos) {
        if (open.size() > 0 && !ticking) {
            ticking = true;
            tickNanos = nowNanos + lingerNanos;
        }
        if (ticking && (tickNanos - nowNanos <= 0 || openEvents >= config.tickEvents(open.size()))) {
            tick();
        }
        boolean marked = losses.offerMarks();
        sink.waitingSince(waitingSinceNanos());
        metrics.observe(open.size(), openBytes, pool);
        long left = tickNanos - nowNanos;
        long wait = !ticking ? Long.MAX_VALUE : left > 0 ? left : RETRY_NANOS; // no room for all of them
        return marked ? wait : Math.min(wait, RETRY_NANOS);
    }

    private long waitingSinceNanos() {
        StreamState oldest = open.oldest();
        EncodedBatch batch = oldest == null ? null : oldest.open;
        return Math.min(batch == null ? Long.MAX_VALUE : batch.firstReceivedNanos(), losses.sinceNanos());
    }

    /** Closes the open batches for which the sink has room; the next pass goes on with the others. */
    private void tick() {
        StreamState oldest = open.oldest();
        while (oldest != null && oldest.open != null && sink.fits(oldest.open)) {
            close(oldest, CloseReason.LINGER);
            oldest = open.oldest();
        }
        ticking = oldest != null;
    }

    @Override
    public boolean flush(EventSource source) {
        streams(source).forEachOpen(stream -> close(stream, CloseReason.FLUSH));
        return losses.offerMarks();
    }

    @Override
    public void removed(EventSource source) {
        bySource.put(source, null);
        known.remove(control(source)); // whoever still reports it holds its streams
    }

    /**
     * Closes all batches and hands them over. On the receive thread, or after it has ended.
     *
     * @return false when the outbox was too full to tell of some that the ring refused; call again later
     */
    public boolean closeAll() {
        for (StreamState oldest = open.oldest(); oldest != null; oldest = open.oldest()) {
            close(oldest, CloseReason.STOP);
        }
        return losses.offerMarks();
    }

    /**
     * The streams of a namespace; creates them when it is new. Any thread.
     *
     * @param control the stream of its control records
     */
    public NamespaceStreams namespace(StreamId control) {
        NamespaceStreams streams = known.get(control); // takes no lock, which matters to the receive thread
        return streams == null
                ? known.computeIfAbsent(control, added -> new NamespaceStreams(run, hostName, added))
                : streams;
    }

    /** The streams of the source's namespace; creates them when it is new. Any thread. */
    public NamespaceStreams namespace(EventSource source) {
        return namespace(control(source));
    }

    private static StreamId control(EventSource source) {
        return StreamId.control(source.netns(), source.netnsId());
    }

    /** Namespaces whose streams are kept. Any thread. */
    int namespaces() {
        return known.size();
    }

    /** As {@link #namespace(EventSource)}, but faster. Receive thread, or before it starts. */
    public NamespaceStreams streams(EventSource source) {
        NamespaceStreams streams = bySource.get(source);
        return streams != null ? streams : register(source);
    }

    private NamespaceStreams register(EventSource source) {
        NamespaceStreams streams = namespace(source);
        bySource.put(source, streams);
        return streams;
    }
}
