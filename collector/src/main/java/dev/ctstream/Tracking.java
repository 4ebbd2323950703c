package dev.ctstream;

import dev.ctstream.batch.BatchMetrics;
import dev.ctstream.batch.BatchSink;
import dev.ctstream.batch.Batcher;
import dev.ctstream.batch.ControlOutbox;
import dev.ctstream.batch.ControlRecord;
import dev.ctstream.config.CollectorConfig;
import dev.ctstream.conntrack.EventReceiver;
import dev.ctstream.conntrack.ReceiveMetrics;
import dev.ctstream.control.ControlMetrics;
import dev.ctstream.control.DeliveryGuard;
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
import dev.ctstream.spool.Spool;
import dev.ctstream.track.FlowTracker;
import dev.ctstream.track.TrackMetrics;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The receive side of a collector: receiver, tracker and batcher, and their helpers, which report, dump and guard.
 *
 * <p>Ownership: owns the threads of {@link NamespaceReporter}, {@link Snapshots} and {@link DeliveryGuard}; the receive thread
 * is the collector's.
 *
 * <p>Threads: for the collector's owner.
 */
final class Tracking {
    private static final Logger LOG = LoggerFactory.getLogger(Tracking.class);

    private final Batcher batcher;
    private final FlowTracker tracker;
    private final EventReceiver receiver;
    private final NamespaceReporter reporter;
    private final Snapshots snapshots;
    private final DeliveryGuard guard;
    private final Health health;

    /** Builds the receive side; starts nothing. */
    Tracking(CollectorConfig config, RunDescription facts, BatchSink sink, ControlOutbox outbox, Observers observers)
            throws NetlinkException {
        health = observers.health();
        Metrics metrics = observers.metrics();
        ControlMetrics controlMetrics = new ControlMetrics(metrics);
        batcher =
                new Batcher(config.batch(), facts.run(), config.host().name(), sink, outbox, new BatchMetrics(metrics));
        tracker = new FlowTracker(batcher, config.track(), new TrackMetrics(metrics));
        receiver = EventReceiver.open(tracker, observers.receive());
        reporter = new NamespaceReporter(tracker, batcher, outbox, config.track(), facts, controlMetrics, health);
        snapshots = new Snapshots(tracker, outbox, config.track(), controlMetrics, receiver.dumpRing());
        guard = new DeliveryGuard(tracker, outbox, controlMetrics, DeliveryGuard.Limits.DEFAULT);
    }

    /** Takers of metrics and health reports. */
    record Observers(Metrics metrics, Health health, ReceiveMetrics receive) {}

    /** Describes this run, and the previous run as the spool recorded it. */
    static RunDescription facts(
            CollectorConfig config, RunIdentity run, Collector.Program program, Spool.@Nullable PreviousRun before) {
        RunDescription.PreviousRun previous = before == null
                ? null
                : new RunDescription.PreviousRun(before.identity(), before.aliveNanos(), before.clean(), before.open());
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

    /**
     * Adds all namespaces to the receiver.
     *
     * @param own control stream of the collector's own namespace
     */
    void add(List<ObservedNamespace> namespaces, StreamId own) {
        if (namespaces.stream().noneMatch(one -> one.control().equals(own))) {
            reporter.addedUnobserved(own);
        }
        for (ObservedNamespace namespace : namespaces) {
            reporter.added(namespace, "start"); // first: no event may precede STARTED
            receiver.add(namespace.socket());
            guard.added(namespace);
            snapshots.added(namespace, "start");
        }
        reporter.declareGone(own);
    }

    /** Starts the helpers. */
    void start(OwnedThread.FailureHandler handler) {
        reporter.start(handler);
        snapshots.start(handler);
        guard.start(handler);
    }

    /** Announces every live flow again. */
    void requestSnapshot() {
        snapshots.request();
    }

    /** Stops the dump, guard and control threads. Call it before the receive thread ends. */
    void stopHelpers() {
        snapshots.close();
        guard.close();
        reporter.close();
    }

    /**
     * Hands over the open batches. Call it after the receive thread has ended.
     *
     * @return whether the next stage took all of it in time; otherwise this run counts as unclean
     */
    boolean finish(long timeoutMillis) {
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(timeoutMillis);
        while (!(tracker.finish() && batcher.closeAll())) {
            if (System.nanoTime() - deadline >= 0) {
                LOG.warn("could not hand over all events in time; the rest is lost and this run counts as unclean");
                return false;
            }
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1));
        }
        return true;
    }

    /** Reports the end of every namespace; everything of it was handed over before. */
    void stopped(long timeoutMillis) {
        if (!reporter.stopped("stop", timeoutMillis)) {
            LOG.warn("could not report the end of this run in time; it counts as unclean");
        }
    }
}
