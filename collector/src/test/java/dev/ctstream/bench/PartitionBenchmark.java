package dev.ctstream.bench;

import dev.ctstream.record.Partitioning;
import dev.ctstream.record.ZoneWidths;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** Cost of choosing a batch's partition: for zone 0, which is spread by host and namespace, and for another zone. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class PartitionBenchmark {
    private static final int PARTITIONS = 12;

    @Param({"0", "7"})
    int zone;

    private final Partitioning partitioning = new Partitioning(ZoneWidths.DEFAULT);
    private final String hostId = "2f8e3c0d6a1b4c7e9d5f0a1b2c3d4e5f";
    private final String netns = "host";

    /** Chooses the partition of one batch. */
    @Benchmark
    public int ofEvents() {
        return partitioning.ofEvents(hostId, netns, zone, PARTITIONS);
    }
}
