package dev.ctstream.bench;

import dev.ctstream.batch.BatchConfig;
import dev.ctstream.batch.BatchMetrics;
import dev.ctstream.batch.BatchRing;
import dev.ctstream.batch.Batcher;
import dev.ctstream.batch.ControlOutbox;
import dev.ctstream.batch.EncodedBatch;
import dev.ctstream.conntrack.DatagramFeed;
import dev.ctstream.conntrack.FlowEventHandler;
import dev.ctstream.conntrack.ReceiveMetrics;
import dev.ctstream.metrics.Metrics;
import dev.ctstream.record.RunIdentity;
import dev.ctstream.track.FlowTracker;
import dev.ctstream.track.TrackConfig;
import dev.ctstream.track.TrackMetrics;
import dev.ctstream.track.UntrackedFlows;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Nanoseconds per event from the received datagram to the encoded batch, NEW and DESTROY 1:1, among many live flows
 * that end in random order; with and without the ledger of flows.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 8, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class PathBenchmark {
    private static final int EVENTS = 512;
    private static final int NEW = 0; // the first and the last recorded datagram of a TCP flow
    private static final int DESTROY = 4;
    private static final long RECEIVED = 1_795_244_919_067_999_999L;

    @Param({"1000", "262144"})
    int live;

    @Param({"true", "false"})
    boolean ledger;

    private final Metrics metrics = new Metrics();
    private final BatchRing ring = new BatchRing();
    private final SplittableRandom random = new SplittableRandom(5);
    private final Batcher batcher = batcher();
    private FlowEventHandler handler = new UntrackedFlows(batcher);
    private DatagramFeed feed = new DatagramFeed(handler, new ReceiveMetrics(new Metrics()), 1);
    private int[] flows = {};
    private int next;

    private Batcher batcher() {
        return new Batcher(
                BatchConfig.DEFAULT,
                new RunIdentity("2f8e3c0d6a1b4c7e9d5f0a1b2c3d4e5f", "5e0c1b9e-8f0e-4e55-9a3d-6a2d9b7c1f10", RECEIVED),
                "node-1",
                ring,
                new ControlOutbox(ring),
                new BatchMetrics(metrics));
    }

    /** Starts the live flows. */
    @Setup(Level.Trial)
    public void fill() {
        if (ledger) {
            handler = new FlowTracker(batcher, TrackConfig.DEFAULT, new TrackMetrics(metrics));
        }
        feed = new DatagramFeed(handler, new ReceiveMetrics(metrics), EVENTS);
        flows = new int[live];
        for (int i = 0; i < live; i++) {
            flows[i] = next;
            feed.put(0, NEW, next++);
            feed.deliver(1, RECEIVED);
            drop();
        }
    }

    /** Half of the events end a live flow, half start one. */
    @Setup(Level.Invocation)
    public void receive() {
        for (int slot = 0; slot < EVENTS; slot += 2) {
            int place = random.nextInt(live);
            feed.put(slot, DESTROY, flows[place]);
            flows[place] = next;
            feed.put(slot + 1, NEW, next++);
        }
    }

    /** Decodes, tracks and encodes, and discards the batches. */
    @Benchmark
    @OperationsPerInvocation(EVENTS)
    public long path() {
        feed.deliver(EVENTS, RECEIVED);
        drop();
        return handler.onPass(System.nanoTime());
    }

    private void drop() {
        for (EncodedBatch batch = ring.poll(); batch != null; batch = ring.poll()) {
            ring.release(batch);
        }
    }

    /** Closes the registry. */
    @TearDown
    public void close() {
        metrics.close();
    }
}
