package dev.ctstream.batch;

import dev.ctstream.metrics.Counter;
import dev.ctstream.metrics.Metrics;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Metrics of the batch stage. The receive thread updates them per batch or per pass, never per event. */
public final class BatchMetrics {
    final Counter events;
    final Counter bytes;
    final Counter lostBatches;
    final Counter lostEvents;
    private final Map<CloseReason, Counter> closed = new EnumMap<>(CloseReason.class);
    private volatile @Nullable BatchRing ring;
    private volatile int openBatches;
    private volatile long openBytes;
    private volatile long pooledBytes;
    private volatile long allocatedBatches;

    /** Registers the stage's metrics. */
    public BatchMetrics(Metrics metrics) {
        events = metrics.counter("ctstream_batch_encoded_events_total", "events", "Events in closed batches.");
        bytes = metrics.counter("ctstream_batch_encoded_bytes_total", "bytes", "Avro bytes of closed batches.");
        lostBatches = metrics.counter(
                "ctstream_batch_handover_lost_batches_total",
                "batches",
                "Batches that the ring to the next stage had no space for; a GAP declares each of them.");
        lostEvents = metrics.counter(
                "ctstream_batch_handover_lost_events_total",
                "events",
                "Events in batches that the ring to the next stage had no space for.");
        for (CloseReason reason : CloseReason.values()) {
            closed.put(
                    reason,
                    metrics.counter(
                            "ctstream_batch_closed_batches_total",
                            "batches",
                            "Batches closed, by reason.",
                            "reason",
                            reason.name().toLowerCase(Locale.ROOT)));
        }
        metrics.gauge("ctstream_batch_open_batches", "Batches being filled.", () -> openBatches);
        metrics.gauge("ctstream_batch_open_bytes", "Buffer bytes of the batches being filled.", () -> openBytes);
        metrics.gauge("ctstream_batch_pooled_bytes", "Bytes of empty buffers kept for reuse.", () -> pooledBytes);
        metrics.gauge(
                "ctstream_batch_allocated_batches",
                "Buffers allocated since the start because the pool had none; constant in steady operation.",
                () -> allocatedBatches);
        registerRing(metrics);
    }

    private void registerRing(Metrics metrics) {
        metrics.gauge("ctstream_batch_ring_batches", "Batches waiting for the next stage.", () -> {
            BatchRing watched = ring;
            return watched == null ? 0 : watched.size();
        });
        metrics.gauge("ctstream_batch_ring_bytes", "Buffer bytes of the batches that the next stages hold.", () -> {
            BatchRing watched = ring;
            return watched == null ? 0 : watched.inFlightBytes();
        });
    }

    /** Sets the ring to the next stage; a later run has another one. */
    public void watch(BatchRing present) {
        ring = present;
    }

    void onClosed(CloseReason reason, EncodedBatch batch) {
        events.add(batch.count());
        bytes.add(batch.encodedBytes());
        Counter counter = closed.get(reason);
        if (counter != null) {
            counter.increment();
        }
    }

    /** Events in batches that the ring to the next stage had no space for. Any thread. */
    public long lostEventsTotal() {
        return lostEvents.value();
    }

    void onLost(EncodedBatch batch) {
        lostBatches.increment();
        lostEvents.add(batch.count());
    }

    /** Updates the values of the gauges, at the end of a pass. */
    void observe(int openBatchCount, long openBufferBytes, BufferPool pool) {
        openBatches = openBatchCount;
        openBytes = openBufferBytes;
        pooledBytes = pool.pooledBytes();
        allocatedBatches = pool.allocatedBatches();
    }
}
