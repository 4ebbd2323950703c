package dev.ctstream.track;

import dev.ctstream.conntrack.Fixtures;
import dev.ctstream.conntrack.FlowDecoder;
import dev.ctstream.conntrack.FlowEvent;
import java.nio.ByteBuffer;
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
import org.openjdk.jmh.annotations.Warmup;

/** Cost of the ledger for an event: one flow begins and the oldest ends, in a ledger of a given size. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class LedgerBenchmark {
    /** Payload of CTA_ID in both captured messages. */
    private static final int ID_OFFSET = 0x88;

    @Param({"1000", "20000", "200000"})
    int live;

    private final FlowEvent begin = new FlowEvent();
    private final FlowEvent end = new FlowEvent();
    private final FlowIdentity identity = new FlowIdentity();
    private FlowLedger ledger = new FlowLedger(0);
    private int next;

    /** Fills the ledger. */
    @Setup(Level.Trial)
    public void fill() {
        wrap(begin, "01-new-tcp4-zone5");
        wrap(end, "05-destroy-tcp4-zone5");
        ledger = new FlowLedger(1_000_000);
        for (int i = 0; i < live; i++) {
            add();
        }
    }

    private static void wrap(FlowEvent event, String fixture) {
        byte[] bytes = Fixtures.bytes(fixture);
        ByteBuffer buffer = Fixtures.buffer(bytes);
        if (!new FlowDecoder().decode(event, buffer, 0, bytes.length)) {
            throw new IllegalStateException(fixture);
        }
    }

    private void add() {
        begin.buffer().putInt(ID_OFFSET, next++);
        identity.load(0, begin);
        long hash = identity.hash();
        if (ledger.find(identity, hash) != FlowLedger.NONE || ledger.add(identity, hash, begin, 0) == FlowLedger.NONE) {
            throw new IllegalStateException("flow " + next);
        }
    }

    private void remove() {
        end.buffer().putInt(ID_OFFSET, next - live - 1);
        identity.load(0, end);
        long hash = identity.hash();
        ledger.remove(ledger.find(identity, hash), hash);
    }

    /** One NEW and one DESTROY. */
    @Benchmark
    @OperationsPerInvocation(2)
    public int beginAndEnd() {
        add();
        remove();
        return ledger.size();
    }
}
