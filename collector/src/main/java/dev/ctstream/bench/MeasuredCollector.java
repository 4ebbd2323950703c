package dev.ctstream.bench;

import dev.ctstream.Collector;
import dev.ctstream.batch.BatchMetrics;
import dev.ctstream.batch.BatchRing;
import dev.ctstream.batch.BatchSink;
import dev.ctstream.batch.Batcher;
import dev.ctstream.batch.ControlOutbox;
import dev.ctstream.config.CollectorConfig;
import dev.ctstream.config.Configuration;
import dev.ctstream.conntrack.EventReceiver;
import dev.ctstream.conntrack.EventSocket;
import dev.ctstream.conntrack.FlowEventHandler;
import dev.ctstream.conntrack.ReceiveMetrics;
import dev.ctstream.metrics.Health;
import dev.ctstream.metrics.Metrics;
import dev.ctstream.metrics.OwnedThread;
import dev.ctstream.netlink.Clock;
import dev.ctstream.record.RunIdentity;
import dev.ctstream.record.StreamId;
import dev.ctstream.spool.BatchQueue;
import dev.ctstream.spool.QueuedBatch;
import dev.ctstream.spool.Spool;
import dev.ctstream.spool.SpoolMetrics;
import dev.ctstream.track.FlowTracker;
import dev.ctstream.track.TrackMetrics;
import dev.ctstream.track.UntrackedFlows;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A collector that stops after a stage, with the threads of the stages up to there. It ends with its process.
 *
 * @param metrics the metrics of its stages
 * @param pending batches that the spool still holds; open batches and batches on their way to the spool show in the
 *     metrics only
 * @param end ends it in an orderly way
 */
record MeasuredCollector(Metrics metrics, LongSupplier pending, Runnable end) {
    private static final Logger LOG = LoggerFactory.getLogger(MeasuredCollector.class);
    private static final long QUEUE_WAIT_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

    /** Starts a collector; it has subscribed on return. */
    static MeasuredCollector start(Stage stage, Configuration configuration, String version) throws IOException {
        if (stage == Stage.KAFKA) {
            Collector collector =
                    Collector.start(configuration.collector(), new Collector.Program(version, configuration.digest()));
            return new MeasuredCollector(collector.metrics(), collector::unacknowledgedBatches, collector::stop);
        }
        CollectorConfig config = configuration.collector();
        Metrics metrics = new Metrics();
        if (stage == Stage.SPOOL) {
            return untilSpool(config, metrics);
        }
        FlowEventHandler handler = stage == Stage.RECEIVE
                ? new NoHandler()
                : handler(stage, config, metrics, run(config), new NoSink(), new ControlOutbox(new BatchRing(1, 1)));
        receive(EventSocket.open(null, "host", config.subscription()), metrics, handler);
        return new MeasuredCollector(metrics, () -> 0, () -> {});
    }

    private static MeasuredCollector untilSpool(CollectorConfig config, Metrics metrics) throws IOException {
        BatchRing ring = new BatchRing();
        ControlOutbox outbox = new ControlOutbox(ring);
        EventSocket socket = EventSocket.open(null, "host", config.subscription());
        Spool spool = Spool.open(new Spool.Parts(
                config.spool(),
                new Spool.Host(
                        config.host().id(),
                        config.host().bootId(),
                        config.host().name()),
                ring,
                outbox,
                StreamId.control(socket.netns(), socket.netnsId()),
                new SpoolMetrics(metrics),
                new Health()));
        thread("ctstream-spool", spool);
        thread("ctstream-publish", () -> acknowledgeAll(spool));
        receive(socket, metrics, handler(Stage.SPOOL, config, metrics, spool.identity(), ring, outbox));
        return new MeasuredCollector(metrics, spool::unacknowledged, () -> {});
    }

    private static RunIdentity run(CollectorConfig config) {
        return new RunIdentity(config.host().id(), config.host().bootId(), Clock.realtimeNanos());
    }

    private static FlowEventHandler handler(
            Stage stage,
            CollectorConfig config,
            Metrics metrics,
            RunIdentity run,
            BatchSink sink,
            ControlOutbox outbox) {
        BatchMetrics batchMetrics = new BatchMetrics(metrics);
        if (sink instanceof BatchRing ring) {
            batchMetrics.watch(ring);
        }
        Batcher batcher = new Batcher(config.batch(), run, config.host().name(), sink, outbox, batchMetrics);
        return stage == Stage.ENCODE
                ? new UntrackedFlows(batcher)
                : new FlowTracker(batcher, config.track(), new TrackMetrics(metrics));
    }

    private static void receive(EventSocket socket, Metrics metrics, FlowEventHandler handler) throws IOException {
        EventReceiver receiver = EventReceiver.open(handler, new ReceiveMetrics(metrics));
        receiver.add(socket);
        thread("ctstream-receive", receiver);
    }

    /** Takes the role of Kafka: takes every batch and acknowledges it at once. */
    private static void acknowledgeAll(Spool spool) {
        try {
            while (true) {
                spool.await(QUEUE_WAIT_NANOS);
                acknowledgeAll(spool.control());
                acknowledgeAll(spool.events());
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void acknowledgeAll(BatchQueue queue) throws IOException {
        for (QueuedBatch batch = queue.next(); batch != null; batch = queue.next()) {
            queue.acknowledge(batch.envelope().number());
        }
    }

    /** Lives until the process ends, or ends it. */
    private static void thread(String name, Runnable work) {
        OwnedThread.looping(name, work, 0).start((dead, failure) -> {
            LOG.error("thread has failed thread={}", dead, failure);
            Runtime.getRuntime().halt(1);
        });
    }
}
