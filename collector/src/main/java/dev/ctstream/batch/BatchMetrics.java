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
        events = metrics.counter(BatchMetric.EVENTS);
        bytes = metrics.counter(BatchMetric.BYTES);
        lostBatches = metrics.counter(BatchMetric.LOST);
        lostEvents = metrics.counter(BatchMetric.LOST_EVENTS);
        for (CloseReason reason : CloseReason.values()) {
            closed.put(reason, metrics.counter(BatchMetric.CLOSED, reason.name().toLowerCase(Locale.ROOT)));
        }
        metrics.gauge(BatchMetric.OPEN, () -> openBatches);
        metrics.gauge(BatchMetric.OPEN_BYTES, () -> openBytes);
        metrics.gauge(BatchMetric.POOLED_BYTES, () -> pooledBytes);
        metrics.counterFrom(BatchMetric.ALLOCATED, () -> allocatedBatches);
        metrics.gauge(BatchMetric.RING, () -> {
            BatchRing watched = ring;
            return watched == null ? 0 : watched.size();
        });
        metrics.gauge(BatchMetric.RING_BYTES, () -> {
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
