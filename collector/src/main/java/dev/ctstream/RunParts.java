package dev.ctstream;

import dev.ctstream.batch.BatchMetrics;
import dev.ctstream.batch.BatchRing;
import dev.ctstream.batch.ControlOutbox;
import dev.ctstream.config.CollectorConfig;
import dev.ctstream.conntrack.ReceiveMetrics;
import dev.ctstream.control.ControlMetrics;
import dev.ctstream.metrics.Health;
import dev.ctstream.metrics.Metrics;
import dev.ctstream.metrics.OwnedThread;
import dev.ctstream.publish.PublishMetrics;
import dev.ctstream.record.StreamId;
import dev.ctstream.spool.SpoolMetrics;
import dev.ctstream.track.TrackMetrics;

/**
 * What every run of a collector's process works with.
 *
 * @param own control stream of the collector's own namespace
 * @param failed told when a thread ends with an exception
 * @param topicsChanged told that this run must end and another must begin, and why; must not wait
 */
record RunParts(
        CollectorConfig config,
        Collector.Program program,
        Namespaces namespaces,
        StreamId own,
        Health health,
        Stages stages,
        OwnedThread.FailureHandler failed,
        TopicsChanged topicsChanged) {
    /** The longest wait for the end of the receive thread, and of the spool thread; Kafka gets the rest of a stop. */
    static final long LOCAL_STOP_MILLIS = 2_500;

    /** See {@link RunParts}. */
    interface TopicsChanged {
        /** A run must end; {@code by} is its sending side, {@code what} the reason. */
        void changed(Sending by, String what);
    }

    /** The metrics of the stages, which count on from run to run. */
    record Stages(
            ReceiveMetrics receive,
            BatchMetrics batch,
            TrackMetrics track,
            ControlMetrics control,
            SpoolMetrics spool,
            PublishMetrics publish) {
        static Stages register(Metrics metrics) {
            return new Stages(
                    new ReceiveMetrics(metrics),
                    new BatchMetrics(metrics),
                    new TrackMetrics(metrics),
                    new ControlMetrics(metrics),
                    new SpoolMetrics(metrics),
                    new PublishMetrics(metrics));
        }
    }

    /** The ways from the receive side to the spool. */
    record Queues(BatchRing ring, ControlOutbox outbox) {
        static Queues create() {
            BatchRing ring = new BatchRing();
            return new Queues(ring, new ControlOutbox(ring));
        }
    }
}
