package dev.ctstream.batch;

import dev.ctstream.metrics.Metrics;
import dev.ctstream.netlink.StageClock;
import dev.ctstream.record.RunIdentity;

/** A {@link Batcher} whose time is given. */
public final class SteppedBatcher {
    private SteppedBatcher() {}

    /** Makes one. */
    public static Batcher of(
            BatchConfig config,
            RunIdentity run,
            BatchSink sink,
            ControlOutbox outbox,
            Metrics metrics,
            StageClock clock) {
        return new Batcher(
                config,
                run,
                "node-1",
                sink,
                outbox,
                new BatchMetrics(metrics),
                Batcher.Limits.of(config),
                clock::realtimeNanos);
    }
}
