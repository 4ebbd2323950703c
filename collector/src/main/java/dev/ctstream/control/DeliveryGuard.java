package dev.ctstream.control;

import dev.ctstream.batch.ControlOutbox;
import dev.ctstream.batch.ControlRecord;
import dev.ctstream.conntrack.ConntrackTable;
import dev.ctstream.conntrack.EventSource;
import dev.ctstream.conntrack.TableStats;
import dev.ctstream.metrics.OwnedThread;
import dev.ctstream.netlink.NetlinkException;
import dev.ctstream.netlink.NetlinkSocket;
import dev.ctstream.netlink.StageClock;
import dev.ctstream.track.FlowTracker;
import dev.ctstream.track.TrackedNamespace;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps {@code delivery=reliable} from filling the table. While a reliable socket cannot take a DESTROY, the kernel
 * keeps the entry, which still counts towards the limit. When the table is nearly full and deliveries fail, the guard
 * clears {@code NETLINK_BROADCAST_ERROR} on the live socket. This releases the kept entries at once, even while the
 * receive thread hangs; their DESTROY events are then lost, counted and declared. The option is set again after the
 * socket has been calm for a while.
 *
 * <p>The guard cannot help when the whole process is stopped.
 *
 * <p>Threads: owns {@code ctstream-guard}; the public methods may be called by any thread.
 */
public final class DeliveryGuard implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(DeliveryGuard.class);
    private static final Path MAX = Path.of("/proc/sys/net/netfilter/nf_conntrack_max");
    private static final long JOIN_MILLIS = 5_000;
    private static final int PERCENT = 100;

    private final FlowTracker tracker;
    private final ControlMetrics metrics;
    private final Limits limits;
    private final Map<Integer, Watched> watched = new LinkedHashMap<>();
    private final PendingRecords pending; // also of namespaces that are no longer watched
    private final OwnedThread thread = OwnedThread.stepping("ctstream-guard", this::step, JOIN_MILLIS);

    /**
     * When to switch.
     *
     * @param fallBackPercent percent of nf_conntrack_max: at or above it, switch to counted if deliveries fail or the
     *     queue is half full
     * @param returnPercent at or below it, return to reliable if no delivery fails and the queue is at most a quarter
     *     full
     * @param calmMillis how long these conditions must hold before the return
     * @param pollMillis time between two checks
     */
    public record Limits(int fallBackPercent, int returnPercent, long calmMillis, long pollMillis) {
        /** 50 ms and 20 % of 262 144 entries leave room for a million new flows per second. */
        public static final Limits DEFAULT = new Limits(80, 60, 10_000, 50);
    }

    private static final class Watched {
        final ObservedNamespace namespace;
        final TrackedNamespace track;

        @Nullable
        ConntrackTable table;

        long dropsBefore;
        long calmSinceNanos;
        boolean warned;

        Watched(ObservedNamespace namespace, TrackedNamespace track) {
            this.namespace = namespace;
            this.track = track;
        }
    }

    /** Starts nothing. */
    public DeliveryGuard(FlowTracker tracker, ControlOutbox outbox, ControlMetrics metrics, Limits limits) {
        this.tracker = tracker;
        this.metrics = metrics;
        this.limits = limits;
        pending = new PendingRecords(outbox, StageClock.HOST);
    }

    /** Starts the thread. */
    public void start(OwnedThread.FailureHandler handler) {
        thread.start(handler);
    }

    /** Watches the namespace if its socket is reliable; ignores it otherwise. */
    public synchronized void added(ObservedNamespace namespace) {
        if (namespace.socket().config().reliable()) {
            EventSource source = namespace.socket();
            watched.put(source.index(), new Watched(namespace, tracker.namespace(source)));
            thread.wake();
        }
    }

    /** Stops watching a namespace. Call it before its socket is removed from the receiver. */
    public synchronized void removed(EventSource source) {
        Watched gone = watched.remove(source.index());
        if (gone != null) {
            closeTable(gone);
        }
    }

    private synchronized long step(long nowNanos) {
        watched.values().forEach(this::look);
        metrics.fallbacks(watched.values().stream()
                .filter(of -> !of.track.delivery().reliable())
                .count());
        return pending.offer() && watched.isEmpty() ? Long.MAX_VALUE : TimeUnit.MILLISECONDS.toNanos(limits.pollMillis);
    }

    private void look(Watched of) {
        try {
            ConntrackTable table = of.table == null ? ConntrackTable.open(of.namespace.namespace()) : of.table;
            of.table = table;
            judge(of, table.stats());
            of.warned = false;
        } catch (NetlinkException e) {
            closeTable(of);
            if (!of.warned) {
                LOG.warn("cannot watch the table: netns={}", of.namespace.netns(), e);
            }
            of.warned = true;
        }
    }

    private void judge(Watched of, TableStats stats) throws NetlinkException {
        NetlinkSocket socket = of.namespace.socket().socket();
        long drops = socket.drops();
        boolean failing = drops != of.dropsBefore;
        of.dropsBefore = drops;
        long queuedPercent =
                socket.queuedBytes() * PERCENT / of.namespace.socket().grant().effectiveBytes();
        long max = stats.maxEntries() > 0 ? stats.maxEntries() : maxFromProc();
        long filledPercent = max == 0 ? 0 : stats.entries() * PERCENT / max;
        long now = System.nanoTime();
        if (failing || queuedPercent > PERCENT / 4 || filledPercent > limits.returnPercent) {
            of.calmSinceNanos = now;
        }
        String reason = "entries=" + stats.entries() + " max=" + max + " queuedPercent=" + queuedPercent;
        if (of.track.delivery().reliable()) {
            if (filledPercent >= limits.fallBackPercent && (failing || queuedPercent >= PERCENT / 2)) {
                fallBack(of, "the table fills up with entries that wait for delivery: " + reason);
            }
        } else if (now - of.calmSinceNanos >= TimeUnit.MILLISECONDS.toNanos(limits.calmMillis)) {
            goBack(of, "calm again: " + reason);
        }
    }

    /** Publishes counted before the switch: failures during it count as losses, which can only overstate them. */
    private void fallBack(Watched of, String reason) throws NetlinkException {
        of.track.switchDelivery(false);
        set(of, 0);
        switched(of, "reliable", "counted", reason);
    }

    private void goBack(Watched of, String reason) throws NetlinkException {
        set(of, 1);
        of.track.switchDelivery(true);
        switched(of, "counted", "reliable", reason);
    }

    private static void set(Watched of, int value) throws NetlinkException {
        of.namespace
                .socket()
                .socket()
                .setOption(NetlinkSocket.SOL_NETLINK, NetlinkSocket.NETLINK_BROADCAST_ERROR, value);
    }

    private void switched(Watched of, String from, String to, String reason) {
        of.calmSinceNanos = System.nanoTime();
        metrics.modeSwitches.increment();
        LOG.warn("delivery switched: netns={} from={} to={} {}", of.namespace.netns(), from, to, reason);
        pending.add(of.namespace.control(), new ControlRecord.Mode(from, to, reason));
    }

    /** For kernels before 4.18, which do not report the limit over netlink. */
    private static long maxFromProc() {
        try {
            return Long.parseLong(Files.readString(MAX).trim());
        } catch (IOException | NumberFormatException e) {
            LOG.debug("cannot read {}", MAX, e);
            return 0;
        }
    }

    private static void closeTable(Watched of) {
        ConntrackTable table = of.table;
        of.table = null;
        if (table != null) {
            table.close();
        }
    }

    /** Ends the thread; the sockets stay as they are. */
    @Override
    public void close() {
        thread.close();
        synchronized (this) {
            if (!pending.offer()) {
                LOG.warn("the outbox is full: changes of the delivery mode are not reported");
            }
            watched.values().forEach(DeliveryGuard::closeTable);
            watched.clear();
        }
    }
}
