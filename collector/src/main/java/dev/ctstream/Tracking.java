package dev.ctstream;

import dev.ctstream.batch.Batcher;
import dev.ctstream.batch.ControlRecord;
import dev.ctstream.config.CollectorConfig;
import dev.ctstream.conntrack.EventReceiver;
import dev.ctstream.conntrack.PrivacyRules;
import dev.ctstream.control.DeliveryGuard;
import dev.ctstream.control.NamespaceReporter;
import dev.ctstream.control.ObservedNamespace;
import dev.ctstream.control.RunDescription;
import dev.ctstream.control.Snapshots;
import dev.ctstream.metrics.Health;
import dev.ctstream.metrics.OwnedThread;
import dev.ctstream.netlink.NetlinkException;
import dev.ctstream.record.RunIdentity;
import dev.ctstream.record.StreamId;
import dev.ctstream.track.FlowTracker;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The receive side of a run: receiver, tracker and batcher, and their helpers, which report, dump and guard.
 *
 * <p>Ownership: owns the receive thread, and the threads of {@link NamespaceReporter}, {@link Snapshots} and {@link
 * DeliveryGuard}.
 *
 * <p>Threads: for the collector's owner; the methods of {@link Namespaces.Observer} by {@code ctstream-namespaces}.
 */
final class Tracking implements Namespaces.Observer {
    /** A receive thread that has not waited for so long stands still; a drain is shorter, whatever comes. */
    private static final long BUSY_MOST_NANOS = TimeUnit.SECONDS.toNanos(30);

    private static final Logger LOG = LoggerFactory.getLogger(Tracking.class);

    private final RunParts parts;
    private final Batcher batcher;
    private final FlowTracker tracker;
    private final EventReceiver receiver;
    private final NamespaceReporter reporter;
    private final Snapshots snapshots;
    private final DeliveryGuard guard;
    private final OwnedThread receiveThread;

    /**
     * Builds the receive side of a run; starts nothing.
     *
     * @param previous the run before this one; null when none is known
     */
    Tracking(RunParts parts, RunParts.Queues queues, RunIdentity run, RunDescription.@Nullable PreviousRun previous)
            throws NetlinkException {
        this.parts = parts;
        CollectorConfig config = parts.config();
        Health health = parts.health();
        RunParts.Stages stages = parts.stages();
        RunDescription facts = new RunDescription(
                run, settings(parts), previous, config.subscription().filter().digest());
        batcher =
                new Batcher(config.batch(), run, config.host().name(), queues.ring(), queues.outbox(), stages.batch());
        tracker = new FlowTracker(batcher, config.track(), stages.track());
        receiver = EventReceiver.open(
                tracker, stages.receive(), config.batch().privacy().isNothing());
        health.watchStage("receive-thread", () -> receiver.busyNanos() > BUSY_MOST_NANOS);
        reporter = new NamespaceReporter(
                tracker, batcher, queues.outbox(), config.track(), facts, stages.control(), health);
        snapshots = new Snapshots(tracker, queues.outbox(), config.track(), stages.control(), receiver.dumpRing());
        guard = new DeliveryGuard(tracker, queues.outbox(), stages.control(), DeliveryGuard.Limits.DEFAULT);
        receiveThread = OwnedThread.looping("ctstream-receive", receiver, RunParts.LOCAL_STOP_MILLIS);
    }

    private static ControlRecord.Settings settings(RunParts parts) {
        CollectorConfig config = parts.config();
        PrivacyRules privacy = config.batch().privacy();
        return new ControlRecord.Settings(
                parts.program().version(),
                parts.program().configurationDigest(),
                String.join(",", config.subscription().eventTypes()),
                config.publish().records().layout().name().toLowerCase(Locale.ROOT),
                TimeUnit.MILLISECONDS.toSeconds(config.track().interim().intervalMillis()),
                privacy.isNothing() ? null : privacy.toString());
    }

    /** Receives in all namespaces. */
    void receive() throws NetlinkException {
        StreamId own = parts.own();
        List<ObservedNamespace> namespaces = parts.namespaces().list();
        if (namespaces.stream().noneMatch(one -> one.control().equals(own))) {
            reporter.addedUnobserved(own);
        }
        for (ObservedNamespace namespace : namespaces) {
            namespace.socket().deliverAsConfigured();
            reporter.added(namespace, "start"); // first: no event may precede STARTED
            receiver.add(namespace.socket());
            guard.added(namespace);
            snapshots.added(namespace, "start");
        }
        reporter.declareGone(own);
        receiveThread.start(parts.failed());
    }

    @Override
    public void add(ObservedNamespace namespace) {
        reporter.addedLater(namespace);
        receiver.add(namespace.socket());
        guard.added(namespace);
        snapshots.added(namespace, ControlRecord.Started.ADDED);
    }

    @Override
    public void harvest(ObservedNamespace namespace) {
        snapshots.harvest(namespace.socket());
    }

    @Override
    public boolean harvested(ObservedNamespace namespace) {
        return snapshots.harvested(namespace.socket());
    }

    @Override
    public void remove(ObservedNamespace namespace) {
        guard.removed(namespace.socket());
        snapshots.removed(namespace.socket());
        tracker.gone(namespace.socket());
        receiver.remove(namespace.socket());
        reporter.removed(namespace.socket());
    }

    /** Starts the helpers. */
    void startHelpers() {
        reporter.start(parts.failed());
        snapshots.start(parts.failed());
        guard.start(parts.failed());
    }

    /** Announces every live flow again. */
    void requestSnapshot() {
        snapshots.request();
    }

    /**
     * Ends the helpers and the receive thread, and hands over the open batches. Then every event of the run is on its
     * way; only {@link #stopped} is to follow.
     *
     * @param keepSockets whether the event sockets stay subscribed and open, for the run after this one
     * @return whether the next stage took all of it in time; otherwise this run counts as unclean
     */
    boolean end(boolean keepSockets) throws InterruptedException {
        snapshots.close();
        guard.close();
        reporter.close();
        boolean ended =
                keepSockets ? receiver.handOver(RunParts.LOCAL_STOP_MILLIS) : receiver.stop(RunParts.LOCAL_STOP_MILLIS);
        return ended && receiveThread.join(RunParts.LOCAL_STOP_MILLIS) && finish();
    }

    private boolean finish() {
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(RunParts.LOCAL_STOP_MILLIS);
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
    void stopped(String reason) {
        if (!reporter.stopped(reason, RunParts.LOCAL_STOP_MILLIS)) {
            LOG.warn("could not report the end of this run in time; it counts as unclean");
        }
    }

    /** Whether nothing is received any more. */
    boolean ended() {
        return !receiveThread.isAlive();
    }

    /** Frees what receiver and reports hold; {@link #ended} before. */
    void close() {
        reporter.release();
        receiver.close();
    }
}
