package dev.ctstream.bench;

import dev.ctstream.conntrack.Fixtures;
import dev.ctstream.conntrack.FlowDecoder;
import dev.ctstream.conntrack.FlowEvent;
import dev.ctstream.conntrack.FlowEventDigest;
import java.nio.ByteBuffer;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** Cost of decoding one captured message: recording the offsets of all attributes, and also reading every value. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class DecodeBenchmark {
    @Param({
        "01-new-tcp4-zone5",
        "05-destroy-tcp4-zone5",
        "25-destroy-udp4-expired",
        "24-update-tcp4-seqadj-synproxy-user"
    })
    String message = "";

    private final FlowDecoder decoder = new FlowDecoder();
    private final FlowEvent event = new FlowEvent();
    private final FlowEventDigest digest = new FlowEventDigest();
    private ByteBuffer buffer = ByteBuffer.allocate(0);

    /** Loads the message. */
    @Setup
    public void load() {
        buffer = Fixtures.buffer(Fixtures.bytes(message));
    }

    /** Records the offset of each attribute. */
    @Benchmark
    public long wrap() {
        decoder.decode(event, buffer, 0, buffer.limit());
        return event.presence();
    }

    /** The same, and reads all values. */
    @Benchmark
    public long wrapAndReadAll() {
        decoder.decode(event, buffer, 0, buffer.limit());
        return digest.of(event);
    }
}
