package dev.ctstream;

import dev.ctstream.batch.BatchMetrics;
import dev.ctstream.batch.BatchSink;
import dev.ctstream.batch.Batcher;
import dev.ctstream.batch.ControlRecord;
import dev.ctstream.config.CollectorConfig;
import dev.ctstream.conntrack.EventReceiver;
import dev.ctstream.conntrack.ReceiveMetrics;
import dev.ctstream.control.ControlMetrics;
import dev.ctstream.control.DeliveryGuard;
import dev.ctstream.control.LossDeclarations;
import dev.ctstream.control.NamespaceReporter;
import dev.ctstream.control.ObservedNamespace;
import dev.ctstream.control.RunDescription;
import dev.ctstream.control.Snapshots;
import dev.ctstream.metrics.Health;
import dev.ctstream.metrics.Metrics;
import dev.ctstream.metrics.OwnedThread;
import dev.ctstream.netlink.NetlinkException;
import dev.ctstream.record.RunIdentity;
import dev.ctstream.record.StreamId;
import dev.ctstream.segment.Loss;
import dev.ctstream.spool.Spool;
import dev.ctstream.track.FlowTracker;
import dev.ctstream.track.TrackMetrics;
import java.util.List;
import java.util.Locale;
import java.util.Queue;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The receive side of a collector: receiver, tracker and batcher, and their helpers, which report, dump and guard.
 *
 * <p>Ownership: owns the threads of {@link NamespaceReporter}, {@link Snapshots} and {@link DeliveryGuard}; the receive thread
 * is the collector's.
 *
 * <p>Threads: any thread may call {@link #declare}; everything else is for the collector's owner.
 */
final class Tracking {
    private static final Logger LOG = LoggerFactory.getLogger(Tracking.class);

    private final Batcher batcher;
    private final FlowTracker tracker;
    private final EventReceiver receiver;
    private final NamespaceReporter reporter;
    private final Snapshots snapshots;
    private final DeliveryGuard guard;
    private final LossDeclarations declarations;
    private final Health health;
    private final Queue<Loss> losses;

    /**
     * Builds the receive side; starts nothing.
     *
     * @param losses any thread may add to them, and then calls {@link #declare}
     */
    Tracking(CollectorConfig config, RunDescription facts, BatchSink sink, Observers observers, SpoolLosses losses)
            throws NetlinkException {
        this.losses = losses.undeclared();
        health = observers.health();
        Metrics metrics = observers.metrics();
        ControlMetrics controlMetrics = new ControlMetrics(metrics);
        batcher = new Batcher(config.batch(), facts.run(), config.host().name(), sink, new BatchMetrics(metrics));
        tracker = new FlowTracker(batcher, config.track(), new TrackMetrics(metrics));
        receiver = EventReceiver.open(tracker, observers.receive());
        reporter = new NamespaceReporter(tracker, batcher, config.track(), facts, controlMetrics, receiver::wake);
        snapshots = new Snapshots(
                tracker,
                batcher,
                config.track(),
                controlMetrics,
                receiver,
                config.batch().lingerMillis());
        guard = new DeliveryGuard(tracker, batcher, controlMetrics, receiver::wake, DeliveryGuard.Limits.DEFAULT);
        declarations = new LossDeclarations(batcher, facts.run(), losses.own(), receiver::wake);
    }

    /**
     * Losses of the spool.
     *
     * @param undeclared oldest first
     * @param own control stream of the collector's own namespace
     */
    record SpoolLosses(Queue<Loss> undeclared, StreamId own) {}

    /** Takers of metrics and health reports. */
    record Observers(Metrics metrics, Health health, ReceiveMetrics receive) {}

    /** Describes this run, and the previous run as the spool recorded it. */
    static RunDescription facts(
            CollectorConfig config, RunIdentity run, Collector.Program program, Spool.@Nullable PreviousRun before) {
        RunDescription.PreviousRun previous = before == null || before.clean()
                ? null
                : new RunDescription.PreviousRun(
                        before.identity().bootId(), before.identity().streamEpoch(), before.aliveNanos());
        ControlRecord.Settings settings = new ControlRecord.Settings(
                program.version(),
                program.configurationDigest(),
                String.join(",", config.subscription().eventTypes()),
                config.publish().records().layout().name().toLowerCase(Locale.ROOT));
        return new RunDescription(run, settings, previous, null);
    }

    EventReceiver receiver() {
        return receiver;
    }

    Batcher batcher() {
        return batcher;
    }

    /** Starts receiving in all namespaces; the receive thread may already run. */
    void start(List<ObservedNamespace> namespaces, OwnedThread.FailureHandler handler) {
        for (ObservedNamespace namespace : namespaces) {
            List<String> missing = reporter.added(namespace, "start"); // first: no event may precede STARTED
            receiver.add(namespace.socket());
            if (!missing.isEmpty()) {
                health.report("sysctls/" + namespace.netns(), true, String.join("; ", missing));
            }
            guard.added(namespace);
            snapshots.added(namespace, "start");
        }
        reporter.start(handler);
        snapshots.start(handler);
        guard.start(handler);
    }

    /** Announces every live flow again. */
    void requestSnapshot() {
        snapshots.request();
    }

    /** Declares the spool's losses until a record is refused; the rest waits for the next call. Any thread. */
    synchronized void declare() {
        for (Loss next = losses.peek(); next != null && declarations.declare(lost(next)); next = losses.peek()) {
            losses.remove();
        }
    }

    private static LossDeclarations.LostBatches lost(Loss loss) {
        return new LossDeclarations.LostBatches(
                loss.cause(),
                loss.identity(),
                loss.stream(),
                loss.firstSequence(),
                loss.nextSequence(),
                loss.count(),
                loss.batches(),
                loss.firstNanos(),
                loss.lastNanos());
    }

    /** Stops the dump, guard and control threads. Call it before the receive thread ends. */
    void stopHelpers() {
        snapshots.close();
        guard.close();
        reporter.close();
    }

    /** Hands over the open batches and the STOPPED records. Call it after the receive thread has ended. */
    void finish(long timeoutMillis) {
        declare();
        tracker.finish();
        if (!reporter.finish("stop", timeoutMillis)) {
            LOG.warn("could not hand over all events in time; the rest is lost and this run counts as unclean");
        }
    }
}
