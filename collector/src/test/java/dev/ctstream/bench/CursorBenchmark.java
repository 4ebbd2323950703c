package dev.ctstream.bench;

import dev.ctstream.conntrack.Fixtures;
import dev.ctstream.conntrack.NfGenMsg;
import dev.ctstream.netlink.AttributeCursor;
import dev.ctstream.netlink.MessageCursor;
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

/** Cost of walking one captured message: its top-level attributes, and all attributes that are not nests. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class CursorBenchmark {
    private static final int DEEPEST = 4;

    @Param({"01-new-tcp4-zone5", "05-destroy-tcp4-zone5", "25-destroy-udp4-expired"})
    String message = "";

    private final MessageCursor messages = new MessageCursor();
    private final AttributeCursor[] levels = new AttributeCursor[DEEPEST];
    private ByteBuffer buffer = ByteBuffer.allocate(0);

    /** Loads the message. */
    @Setup
    public void load() {
        buffer = Fixtures.buffer(Fixtures.bytes(message));
        for (int level = 0; level < levels.length; level++) {
            levels[level] = new AttributeCursor();
        }
    }

    private AttributeCursor attributes() {
        messages.wrap(buffer, 0, buffer.limit());
        if (!messages.next()) {
            throw new IllegalStateException(message);
        }
        return levels[0].wrap(messages, NfGenMsg.ATTRIBUTES_OFFSET);
    }

    /** The message and its top-level attributes. */
    @Benchmark
    public int topLevel() {
        AttributeCursor attributes = attributes();
        int sum = 0;
        while (attributes.next()) {
            sum += attributes.number();
        }
        return sum;
    }

    /** The same, including all attributes within nests. */
    @Benchmark
    public int allLevels() {
        return walk(attributes(), 0);
    }

    private int walk(AttributeCursor attributes, int level) {
        int sum = 0;
        while (attributes.next()) {
            sum += attributes.number();
            if (attributes.nestedFlag()) {
                sum += walk(levels[level + 1].wrapNest(attributes), level + 1);
            }
        }
        return sum;
    }
}
