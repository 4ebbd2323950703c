package dev.ctstream.track;

import dev.ctstream.conntrack.Fixtures;
import dev.ctstream.conntrack.FlowDecoder;
import dev.ctstream.conntrack.FlowEvent;
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

/** What it costs to write a record of the ledger as a DESTROY and to decode it. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class InferredDestroyBenchmark {
    @Param({"05-destroy-tcp4-zone5", "06-new-icmpv6-zone9"})
    String message = "";

    private final FlowLedger ledger = new FlowLedger(1);
    private final InferredDestroy destroy = new InferredDestroy();
    private LedgerEntry record = new LedgerEntry();

    /** Enters the message's flow. */
    @Setup
    public void enter() {
        byte[] bytes = Fixtures.bytes(message);
        FlowEvent event = new FlowEvent();
        if (!new FlowDecoder().decode(event, Fixtures.buffer(bytes), 0, bytes.length)) {
            throw new IllegalStateException(message);
        }
        FlowIdentity identity = new FlowIdentity();
        identity.load(0, event);
        record = ledger.record(ledger.add(identity, identity.hash(), event, 0));
    }

    /** One inferred DESTROY. */
    @Benchmark
    public long write() {
        return destroy.destroy(record).presence();
    }
}
