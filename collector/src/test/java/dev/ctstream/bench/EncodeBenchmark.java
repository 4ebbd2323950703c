package dev.ctstream.bench;

import dev.ctstream.batch.BatchConfig;
import dev.ctstream.batch.BatchMetrics;
import dev.ctstream.batch.BatchRing;
import dev.ctstream.batch.Batcher;
import dev.ctstream.batch.ControlOutbox;
import dev.ctstream.batch.EncodedBatch;
import dev.ctstream.conntrack.EventSource;
import dev.ctstream.conntrack.Fixtures;
import dev.ctstream.conntrack.FlowDecoder;
import dev.ctstream.conntrack.FlowEvent;
import dev.ctstream.metrics.Metrics;
import dev.ctstream.record.RunIdentity;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
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

/** Nanoseconds per event: decoding alone, and decoding, encoding and batching; NEW and DESTROY 1:1. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class EncodeBenchmark {
    private static final int EVENTS = 1000;
    private static final long RECEIVED = 1_795_244_919_067_999_999L;

    private record Source(int index, String netns) implements EventSource {
        @Override
        public String netnsId() {
            return Integer.toString(index);
        }

        @Override
        public long dropsTotal() {
            return 0;
        }
    }

    /** The set of captured messages. */
    @Param({"udp4", "tcp4", "icmp6", "all"})
    public String traffic = "";

    private final EventSource source = new Source(0, "host");
    private final FlowDecoder decoder = new FlowDecoder();
    private final FlowEvent event = new FlowEvent();
    private final BatchRing ring = new BatchRing();
    private final Metrics metrics = new Metrics();
    private final Batcher batcher = new Batcher(
            BatchConfig.DEFAULT,
            new RunIdentity("2f8e3c0d6a1b4c7e9d5f0a1b2c3d4e5f", "5e0c1b9e-8f0e-4e55-9a3d-6a2d9b7c1f10", RECEIVED),
            "node-1",
            ring,
            new ControlOutbox(ring),
            new BatchMetrics(metrics));
    private ByteBuffer[] messages = {};
    private long now;

    /** Loads the captured messages. */
    @Setup
    public void prepare() {
        List<byte[]> chosen = switch (traffic) {
            case "udp4" -> named("16-new-udp4-mark-labels", "17-destroy-udp4-mark");
            case "tcp4" -> named("01-new-tcp4-zone5", "05-destroy-tcp4-zone5");
            case "icmp6" -> named("06-new-icmpv6-zone9", "08-destroy-icmpv6-zone9");
            default -> Fixtures.flowMessages();
        };
        messages = chosen.stream().map(Fixtures::buffer).toArray(ByteBuffer[]::new);
    }

    private static List<byte[]> named(String first, String second) {
        return List.of(Fixtures.bytes(first), Fixtures.bytes(second));
    }

    /** Closes the registry. */
    @TearDown
    public void close() {
        metrics.close();
    }

    /** Decoding only. */
    @Benchmark
    @OperationsPerInvocation(EVENTS)
    public int decode() {
        int whole = 0;
        for (int i = 0; i < EVENTS; i++) {
            ByteBuffer message = messages[i % messages.length];
            whole += decoder.decode(event, message, 0, message.limit()) ? 1 : 0;
        }
        return whole;
    }

    /** All work of the receive thread after it has received an event. */
    @Benchmark
    @OperationsPerInvocation(EVENTS)
    public int decodeAndEncode() {
        for (int i = 0; i < EVENTS; i++) {
            ByteBuffer message = messages[i % messages.length];
            if (decoder.decode(event, message, 0, message.limit())) {
                batcher.event(source, event, RECEIVED + now, now);
            }
        }
        now += TimeUnit.MILLISECONDS.toNanos(4);
        batcher.pass(now);
        int events = 0;
        for (EncodedBatch batch = ring.poll(); batch != null; batch = ring.poll()) {
            events += batch.count();
            ring.release(batch);
        }
        return events;
    }
}
