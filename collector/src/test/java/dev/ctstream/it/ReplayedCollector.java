package dev.ctstream.it;

import dev.ctstream.batch.BatchConfig;
import dev.ctstream.batch.BatchMetrics;
import dev.ctstream.batch.BatchRing;
import dev.ctstream.batch.Batcher;
import dev.ctstream.batch.ControlOutbox;
import dev.ctstream.batch.ControlRecord;
import dev.ctstream.conntrack.FakeSocket;
import dev.ctstream.conntrack.FakeTable;
import dev.ctstream.conntrack.ReplayedFlows;
import dev.ctstream.conntrack.SteppedReceiver;
import dev.ctstream.control.ControlMetrics;
import dev.ctstream.control.NamespaceReporter;
import dev.ctstream.control.RunDescription;
import dev.ctstream.control.SteppedControl;
import dev.ctstream.metrics.Health;
import dev.ctstream.metrics.Metrics;
import dev.ctstream.metrics.OwnedThread;
import dev.ctstream.netlink.Clock;
import dev.ctstream.publish.HostClass;
import dev.ctstream.publish.PublishConfig;
import dev.ctstream.publish.PublishMetrics;
import dev.ctstream.publish.Publisher;
import dev.ctstream.publish.TestTopics;
import dev.ctstream.record.StreamId;
import dev.ctstream.spool.Spool;
import dev.ctstream.spool.SpoolConfig;
import dev.ctstream.spool.SpoolMetrics;
import dev.ctstream.track.FlowTracker;
import dev.ctstream.track.TrackConfig;
import dev.ctstream.track.TrackMetrics;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * The data path of one host's collector, built as {@code Collector} and {@code Tracking} do and with their threads, but fed
 * with replayed messages in place of sockets of the kernel.
 *
 * <p>Threads: {@link #pass} is the receive thread's; the others are the stages' own.
 */
final class ReplayedCollector implements AutoCloseable {
    private static final int SOCKET_EVENTS = 1 << 16;
    private static final long STOP_MILLIS = 5_000;

    private final HostClass hosts;
    private final SplittableRandom random;
    private final ReplayedFlows flows;
    private final List<FakeSocket> sockets = new ArrayList<>();
    private final List<Integer> zones;
    private final Metrics metrics = new Metrics();
    private final Spool spool;
    private final FlowTracker tracker;
    private final SteppedReceiver receiver;
    private final NamespaceReporter reporter;
    private final Publisher publisher;
    private final OwnedThread spoolThread;
    private final OwnedThread publishThread;
    private double nextNanos = System.nanoTime();

    /** Opens the spool and starts to publish. */
    ReplayedCollector(
            HostClass hosts,
            int index,
            PublishConfig publish,
            BatchConfig batch,
            long heartbeatMillis,
            Path directory,
            OwnedThread.FailureHandler failures)
            throws IOException {
        this.hosts = hosts;
        String hostId = hosts.hostId(index);
        random = new SplittableRandom(hostId.hashCode());
        flows = new ReplayedFlows(hostId.hashCode());
        zones = List.copyOf(hosts.zones().keySet());
        BatchRing ring = new BatchRing();
        ControlOutbox outbox = new ControlOutbox(ring);
        Health health = new Health();
        spool = Spool.open(new Spool.Parts(
                new SpoolConfig(directory, 1L << 30, 64 << 20, 1 << 20, 5_000, SpoolConfig.WhenFull.DROP_OLDEST),
                new Spool.Host(hostId, "boot-1", "node-" + index),
                ring,
                outbox,
                StreamId.control(hosts.namespaces().get(0), "1"),
                new SpoolMetrics(metrics),
                health));
        Batcher batcher =
                new Batcher(batch, spool.identity(), "node-" + index, ring, outbox, new BatchMetrics(metrics));
        TrackConfig track = new TrackConfig(false, 0, 1_000_000, heartbeatMillis, false, TrackConfig.Timing.DEFAULT);
        tracker = new FlowTracker(batcher, track, new TrackMetrics(metrics));
        receiver = new SteppedReceiver(tracker, metrics);
        RunDescription facts = new RunDescription(
                spool.identity(), new ControlRecord.Settings("0", "d", "NEW,DESTROY", "batch", 0), null, null);
        reporter = new NamespaceReporter(tracker, batcher, outbox, track, facts, new ControlMetrics(metrics), health);
        publisher = new Publisher(
                new Publisher.Parts(publish, spool, new PublishMetrics(metrics), health, new TestTopics()));
        spoolThread = OwnedThread.looping("spool-" + index, spool, STOP_MILLIS);
        publishThread = OwnedThread.looping("publish-" + index, publisher, STOP_MILLIS);
        spoolThread.start(failures);
        publishThread.start(failures);
        observe();
        reporter.start(failures);
    }

    private void observe() {
        for (String netns : hosts.namespaces()) {
            int index = sockets.size();
            FakeSocket socket = new FakeSocket(index, netns, Integer.toString(index + 1), SOCKET_EVENTS);
            sockets.add(socket);
            reporter.added(
                    new SteppedControl.Namespace(socket, new FakeTable(), () -> false), ControlRecord.Started.AT_START);
            receiver.add(socket);
        }
    }

    /** One pass of the receive thread, with the events that have come since the one before; they come at random times. */
    void pass() {
        long now = System.nanoTime();
        long realtime = Clock.realtimeNanos();
        while (nextNanos <= now) {
            FakeSocket socket = sockets.get(random.nextInt(sockets.size()));
            flows.next(socket, zones.get(random.nextInt(zones.size())), realtime - (now - (long) nextNanos));
            nextNanos -= Math.log(1 - random.nextDouble()) / hosts.eventsPerSecond() * 1e9;
        }
        receiver.pass(Integer.MAX_VALUE, now, realtime);
    }

    /** Batches that Kafka does not have. */
    long unacknowledged() {
        return spool.unacknowledged();
    }

    /** Ends it without an orderly end; nothing is measured then. */
    @Override
    public void close() throws IOException {
        reporter.close();
        publisher.stop(Duration.ZERO);
        spool.stop();
        var unused = publishThread.join(STOP_MILLIS) && spoolThread.join(STOP_MILLIS);
        spool.close();
        metrics.close();
    }
}
