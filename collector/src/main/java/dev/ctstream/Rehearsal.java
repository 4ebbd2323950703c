package dev.ctstream;

import dev.ctstream.batch.BatchMetrics;
import dev.ctstream.batch.BatchRing;
import dev.ctstream.batch.Batcher;
import dev.ctstream.batch.ControlEncoder;
import dev.ctstream.batch.ControlOutbox;
import dev.ctstream.batch.ControlRecord;
import dev.ctstream.batch.EncodedBatch;
import dev.ctstream.config.CollectorConfig;
import dev.ctstream.conntrack.DatagramFeed;
import dev.ctstream.conntrack.ReceiveMetrics;
import dev.ctstream.metrics.Metrics;
import dev.ctstream.netlink.Clock;
import dev.ctstream.record.RunIdentity;
import dev.ctstream.record.StreamId;
import dev.ctstream.track.FlowTracker;
import dev.ctstream.track.TrackMetrics;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Plays recorded datagrams through the receive side before the subscription, so that the JIT compiler has seen it when
 * the first events come: a burst would find interpreted code, and the kernel's buffer holds less than a second of one.
 * What the rehearsal makes is thrown away. ADR 24 has the figures.
 */
final class Rehearsal {
    /** Seven events each. C1 compiles what has run some 200 times, C2 what has run some 5000 times. */
    private static final int FLOWS = 6_000;

    private static final int FLOWS_AT_ONCE = 32;
    private static final int RING_SLOTS = 64;
    private static final long RING_BYTES = 4 << 20;

    private static final Logger LOG = LoggerFactory.getLogger(Rehearsal.class);

    private Rehearsal() {}

    /** Plays on a thread of its own, for some tenths of a second. */
    static CompletableFuture<Void> begin(CollectorConfig config) {
        return CompletableFuture.runAsync(() -> play(config), rehearsal -> {
            Thread thread = new Thread(rehearsal, "ctstream-rehearsal");
            thread.setDaemon(true);
            thread.start();
        });
    }

    /** Waits for its end. A rehearsal that fails costs speed alone. */
    static void await(CompletableFuture<Void> rehearsal) {
        try {
            rehearsal.join();
        } catch (CompletionException e) {
            LOG.warn("the receive side could not be rehearsed; the first events find code that is not compiled", e);
        }
    }

    private static void play(CollectorConfig config) {
        try (Metrics metrics = new Metrics()) {
            BatchRing ring = new BatchRing(RING_SLOTS, RING_BYTES);
            RunIdentity run = new RunIdentity(config.host().id(), config.host().bootId(), Clock.realtimeNanos());
            Batcher batcher = new Batcher(
                    config.batch(),
                    run,
                    config.host().name(),
                    ring,
                    new ControlOutbox(ring),
                    new BatchMetrics(metrics));
            FlowTracker tracker = new FlowTracker(batcher, config.track(), new TrackMetrics(metrics));
            DatagramFeed feed = new DatagramFeed(tracker, new ReceiveMetrics(metrics), FLOWS_AT_ONCE);
            for (int first = 0; first < FLOWS; first += FLOWS_AT_ONCE) {
                for (int datagram = 0; datagram < feed.size(); datagram++) {
                    for (int i = 0; i < FLOWS_AT_ONCE; i++) {
                        feed.put(i, datagram, first + i);
                    }
                    feed.deliver(FLOWS_AT_ONCE, Clock.realtimeNanos());
                }
                tracker.onPass(System.nanoTime());
                discard(ring);
            }
            encodeControlRecord(run, config.host().name());
        }
    }

    /** Reads the schemas, too, which the spool needs to open. */
    private static void encodeControlRecord(RunIdentity run, String hostName) {
        new ControlEncoder(run, hostName)
                .encode(
                        StreamId.control("", ""),
                        0,
                        new ControlRecord.SnapshotBegin(0, ""),
                        new ControlRecord.Numbers(0, null, null),
                        null);
    }

    private static void discard(BatchRing ring) {
        for (EncodedBatch batch = ring.poll(); batch != null; batch = ring.poll()) {
            ring.release(batch);
        }
    }
}
