package dev.ctstream.spool;

import dev.ctstream.batch.EncodedBatch;
import dev.ctstream.batch.RunIdentity;
import dev.ctstream.batch.StreamId;
import dev.ctstream.metrics.Health;
import dev.ctstream.netlink.Clock;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Counts and declares what the spool could not keep. A run of dropped batches of one stream is one loss: it is declared
 * when the stream's next batch is appended, or when the disk has worked again for a second.
 *
 * <p>Bounds: one open loss for each stream.
 *
 * <p>Threads: confined to the spool thread.
 */
final class SpoolLosses {
    private static final Logger LOG = LoggerFactory.getLogger(SpoolLosses.class);
    private static final long SECOND_NANOS = 1_000_000_000L;
    private static final long LOG_INTERVAL_NANOS = 60 * SECOND_NANOS;
    private static final String COMPONENT = "spool";

    private final Consumer<Loss> listener;
    private final SpoolMetrics metrics;
    private final Health health;
    private final Map<StreamId, StreamRanges.Range> open = new HashMap<>();
    private @Nullable RunIdentity openIdentity;
    private long openedNanos;
    private long loggedNanos;
    private boolean healthy = true;
    private boolean lost;

    SpoolLosses(Consumer<Loss> listener, SpoolMetrics metrics, Health health) {
        this.listener = listener;
        this.metrics = metrics;
        this.health = health;
        health.report(COMPONENT, true, "writing");
    }

    /** The wall clock, ns since the epoch. */
    long realtimeNanos() {
        return Clock.realtimeNanos();
    }

    /** A batch could not be appended. */
    void dropped(BatchEnvelope batch, RunIdentity identity) {
        lost = true;
        metrics.lost(batch.kind() == EncodedBatch.EVENTS ? batch.count() : 0, 1);
        if (open.isEmpty()) {
            openedNanos = System.nanoTime();
        }
        openIdentity = identity;
        StreamRanges one = new StreamRanges();
        one.add(batch);
        StreamRanges.Range range = one.list().get(0);
        open.merge(batch.stream(), range, (known, added) -> known.plus(batch));
    }

    /** A batch of this stream comes next: an open loss of the stream ends before it. */
    void beforeAppend(StreamId stream) {
        if (!open.isEmpty()) {
            StreamRanges.Range range = open.remove(stream);
            if (range != null) {
                declare(range);
            }
        }
    }

    /** What was gathered is appended. */
    void worked() {
        if (!healthy) {
            healthy = true;
            health.report(COMPONENT, true, "writing again");
            LOG.info("spool is written again");
        }
        long now = System.nanoTime();
        if (lost && now - openedNanos > SECOND_NANOS) {
            lost = false;
            open.values().forEach(this::declare);
            open.clear();
        }
    }

    private void declare(StreamRanges.Range range) {
        if (openIdentity != null) {
            listener.accept(range.lost(Loss.Cause.SPOOL, openIdentity));
        }
    }

    /** There is no room below {@code spool.max-bytes}. */
    void full() {
        unhealthy(
                "spool.max-bytes is reached; what is received is dropped and declared as lost until Kafka takes data");
    }

    /** The disk did not take what was to be written. */
    void failed(Path directory, IOException e) {
        metrics.failed();
        unhealthy("spool directory " + directory + " cannot be written: " + e.getMessage()
                + "; what is received is dropped and declared as lost until it can be written again");
    }

    private void unhealthy(String reason) {
        health.report(COMPONENT, false, reason);
        long now = System.nanoTime();
        if (healthy || now - loggedNanos > LOG_INTERVAL_NANOS) {
            LOG.error("{}", reason);
            loggedNanos = now;
        }
        healthy = false;
    }

    /** Declares all batches of a segment as lost, before it is deleted. */
    SegmentInspection.Result droppedSegment(Segment segment) throws IOException {
        StreamRanges present = new StreamRanges();
        SegmentInspection.Result all = SegmentInspection.inspect(segment.file(), 0, present);
        for (StreamRanges.Range range : present.list()) {
            metrics.lost(range.kind() == EncodedBatch.EVENTS ? range.count() : 0, range.batches());
            listener.accept(range.lost(Loss.Cause.SPOOL, segment.identity()));
        }
        all.losses().forEach(listener);
        health.report(COMPONENT, false, "spool.max-bytes is reached; the oldest data is dropped and declared as lost");
        healthy = false;
        return all;
    }
}
