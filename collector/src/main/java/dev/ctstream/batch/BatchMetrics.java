package dev.ctstream.batch;

import dev.ctstream.metrics.Counter;
import dev.ctstream.metrics.Metrics;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;

/** What the batch stage counts. Written by the receive thread, a batch or a pass at a time, never per event. */
public final class BatchMetrics {
    final Counter events;
    final Counter bytes;
    final Counter control;
    final Counter lostBatches;
    final Counter lostEvents;
    private final Map<CloseReason, Counter> closed = new EnumMap<>(CloseReason.class);
    private volatile int openBatches;
    private volatile long openBytes;
    private volatile long pooledBytes;
    private volatile long allocatedBatches;

    /** Registers the stage's metrics. */
    public BatchMetrics(Metrics metrics) {
        events = metrics.counter("ctstream_batch_encoded_events_total", "events", "Events in closed batches.");
        bytes = metrics.counter("ctstream_batch_encoded_bytes_total", "bytes", "Avro bytes of closed batches.");
        control = metrics.counter(
                "ctstream_batch_control_records_total", "records", "Control records that were handed over.");
        lostBatches = metrics.counter(
                "ctstream_batch_handover_lost_batches_total",
                "batches",
                "Batches that the ring to the next stage could not take; each is declared in a GAP.");
        lostEvents = metrics.counter(
                "ctstream_batch_handover_lost_events_total",
                "events",
                "Events in batches that the ring to the next stage could not take.");
        for (CloseReason reason : CloseReason.values()) {
            closed.put(
                    reason,
                    metrics.counter(
                            "ctstream_batch_closed_batches_total",
                            "batches",
                            "Batches closed, by what closed them.",
                            "reason",
                            reason.name().toLowerCase(Locale.ROOT)));
        }
        metrics.gauge("ctstream_batch_open_batches", "Batches being filled.", () -> openBatches);
        metrics.gauge("ctstream_batch_open_bytes", "Buffers of the batches being filled.", () -> openBytes);
        metrics.gauge("ctstream_batch_pooled_bytes", "Empty buffers kept for reuse.", () -> pooledBytes);
        metrics.gauge(
                "ctstream_batch_allocated_batches",
                "Buffers made since the start because none was at hand; stands still in steady operation.",
                () -> allocatedBatches);
    }

    /** Adds what is known of the ring to the next stage. */
    public static void registerRing(Metrics metrics, BatchRing ring) {
        metrics.gauge("ctstream_batch_ring_batches", "Batches that wait for the next stage.", ring::size);
        metrics.gauge(
                "ctstream_batch_ring_bytes", "Buffers of the batches that the next stages hold.", ring::inFlightBytes);
    }

    void onClosed(CloseReason reason, EncodedBatch batch) {
        events.add(batch.count());
        bytes.add(batch.lengthBytes());
        Counter counter = closed.get(reason);
        if (counter != null) {
            counter.increment();
        }
    }

    void onLost(EncodedBatch batch) {
        lostBatches.increment();
        lostEvents.add(batch.count());
    }

    /** Publishes the state for the gauges, at the end of a pass. */
    void observe(int openBatchCount, long openBufferBytes, BufferPool pool) {
        openBatches = openBatchCount;
        openBytes = openBufferBytes;
        pooledBytes = pool.pooledBytes();
        allocatedBatches = pool.allocatedBatches();
    }
}
