package dev.ctstream;

import dev.ctstream.batch.BatchConfig;
import dev.ctstream.batch.BatchMetrics;
import dev.ctstream.batch.BatchRing;
import dev.ctstream.batch.Batcher;
import dev.ctstream.batch.ControlEncoder;
import dev.ctstream.batch.ControlOutbox;
import dev.ctstream.batch.ControlRecord;
import dev.ctstream.batch.EncodedBatch;
import dev.ctstream.conntrack.DatagramFeed;
import dev.ctstream.conntrack.ReceiveMetrics;
import dev.ctstream.metrics.Metrics;
import dev.ctstream.netlink.Clock;
import dev.ctstream.record.RunIdentity;
import dev.ctstream.record.StreamId;
import dev.ctstream.track.FlowTracker;
import dev.ctstream.track.TrackConfig;
import dev.ctstream.track.TrackMetrics;
import java.util.concurrent.CompletableFuture;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Plays recorded datagrams through the receive side before the subscription, so that the JIT compiler has seen it when
 * the first events come: a burst would find interpreted code, and the kernel's buffer holds less than a second of one.
 * What the rehearsal makes is thrown away. ADR 24 has the figures.
 *
 * <p>It may begin before the configuration is read: it plays with the defaults, and once more if events are
 * to have other fields or fewer.
 */
public final class Rehearsal {
    /** Seven events each. C1 compiles what has run some 200 times, C2 what has run some 5000 times. */
    private static final int FLOWS = 6_000;

    private static final int FLOWS_AT_ONCE = 32;
    private static final int RING_SLOTS = 64;
    private static final long RING_BYTES = 4 << 20;

    private static final Logger LOG = LoggerFactory.getLogger(Rehearsal.class);

    private final CompletableFuture<Void> defaults;

    private Rehearsal(CompletableFuture<Void> defaults) {
        this.defaults = defaults;
    }

    /** Plays on a thread of its own, for some tenths of a second. */
    public static Rehearsal begin() {
        return new Rehearsal(CompletableFuture.runAsync(() -> play(BatchConfig.DEFAULT), rehearsal -> {
            Thread thread = new Thread(rehearsal, "ctstream-rehearsal");
            thread.setDaemon(true);
            thread.start();
        }));
    }

    /** Waits for its end. A rehearsal that fails costs speed alone. */
    void await(BatchConfig config) {
        try {
            defaults.join();
            if (!config.derived().equals(BatchConfig.DEFAULT.derived())
                    || !config.privacy().isNothing()) {
                play(config);
            }
        } catch (RuntimeException e) {
            LOG.warn("the receive side could not be rehearsed; the first events find code that is not compiled", e);
        }
    }

    private static void play(BatchConfig config) {
        try (Metrics metrics = new Metrics()) {
            BatchRing ring = new BatchRing(RING_SLOTS, RING_BYTES);
            RunIdentity run = new RunIdentity("rehearsal", "", Clock.realtimeNanos());
            Batcher batcher = new Batcher(config, run, "", ring, new ControlOutbox(ring), new BatchMetrics(metrics));
            FlowTracker tracker = new FlowTracker(batcher, TrackConfig.DEFAULT, new TrackMetrics(metrics));
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
            encodeControlRecord(run);
        }
    }

    /** Reads the schemas, too, which the spool needs to open. */
    private static void encodeControlRecord(RunIdentity run) {
        new ControlEncoder(run, "")
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
