package dev.ctstream.bench;

import dev.ctstream.batch.BatchConfig;
import dev.ctstream.batch.BatchMetrics;
import dev.ctstream.batch.BatchRing;
import dev.ctstream.batch.Batcher;
import dev.ctstream.batch.ControlOutbox;
import dev.ctstream.conntrack.EventReceiver;
import dev.ctstream.conntrack.EventSocket;
import dev.ctstream.conntrack.FlowFilter;
import dev.ctstream.conntrack.FlowMaker;
import dev.ctstream.conntrack.ReceiveMetrics;
import dev.ctstream.conntrack.SubscriptionConfig;
import dev.ctstream.conntrack.TestNamespace;
import dev.ctstream.metrics.Metrics;
import dev.ctstream.netlink.Clock;
import dev.ctstream.netlink.NetlinkException;
import dev.ctstream.record.RunIdentity;
import dev.ctstream.track.FlowTracker;
import dev.ctstream.track.TrackConfig;
import dev.ctstream.track.TrackMetrics;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * CPU time on the receive thread of a paced load in 100 zones, with and without a filter that admits one of them: received,
 * tracked, encoded and batched. The stages after it see only what was admitted.
 *
 * <p>It makes namespaces of its own, so it needs root, or a user namespace.
 *
 * <pre>mvn -Pbench -DskipTests test -Dbench.main=dev.ctstream.bench.FilterCost -Djmh.args='[EVENTS_PER_SECOND [SECONDS]]'</pre>
 */
public final class FilterCost {
    private static final int ZONES = 100;
    private static final int BURST = 100;
    private static final int ALIVE_BURSTS = 50;
    private static final String ADMITTED = "7";
    private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

    private final int eventsPerSecond;
    private final int seconds;

    private FilterCost(int eventsPerSecond, int seconds) {
        this.eventsPerSecond = eventsPerSecond;
        this.seconds = seconds;
    }

    /** Runs the measurement. */
    public static void main(String[] arguments) throws Exception {
        int rate = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 40_000;
        int seconds = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 10;
        FilterCost cost = new FilterCost(rate, seconds);
        System.out.println(
                "| filter.zones | offered | received | dropped | receive thread, ms CPU | per cent of a CPU |");
        System.out.println("|---|---|---|---|---|---|");
        for (String zones : new String[] {"", ADMITTED, "", ADMITTED, "", ADMITTED}) {
            cost.measure(zones);
        }
    }

    private void measure(String zones) throws Exception {
        FlowFilter filter = FlowFilter.parse(zones.isEmpty() ? List.of() : List.of(zones), List.of(), List.of());
        SubscriptionConfig config = new SubscriptionConfig(
                true, false, true, SubscriptionConfig.DEFAULT_RECEIVE_BUFFER_BYTES, false, filter);
        try (TestNamespace namespace = TestNamespace.create();
                Metrics metrics = new Metrics()) {
            ReceiveMetrics received = new ReceiveMetrics(metrics);
            Batcher batcher = new Batcher(
                    BatchConfig.DEFAULT,
                    new RunIdentity("h", "b", Clock.realtimeNanos()),
                    "node",
                    new NoSink(),
                    new ControlOutbox(new BatchRing(1, 1)),
                    new BatchMetrics(metrics));
            FlowTracker tracker = new FlowTracker(batcher, TrackConfig.DEFAULT, new TrackMetrics(metrics));
            EventSocket socket = EventSocket.open(namespace.handle(), "bench", config);
            try (EventReceiver receiver = EventReceiver.open(tracker, received)) {
                receiver.add(socket);
                Thread thread = new Thread(receiver, "receive");
                thread.start();
                load(namespace, eventsPerSecond * 2L); // warms the code up
                long events = received.eventsTotal();
                long cpuNanos = THREADS.getThreadCpuTime(thread.getId());
                long begin = System.nanoTime();
                long offered = load(namespace, (long) eventsPerSecond * seconds);
                double took = System.nanoTime() - begin;
                double used = THREADS.getThreadCpuTime(thread.getId()) - cpuNanos;
                System.out.printf(
                        Locale.ROOT,
                        "| %s | %d | %d | %d | %.0f | %.2f |%n",
                        zones.isEmpty() ? "all" : zones,
                        offered,
                        received.eventsTotal() - events,
                        socket.dropsTotal(),
                        used / TimeUnit.MILLISECONDS.toNanos(1),
                        100 * used / took);
                if (!receiver.stop(TimeUnit.SECONDS.toMillis(10))) {
                    throw new IllegalStateException("the receiver does not end");
                }
                thread.join();
            }
        }
    }

    /** Creates flows, a burst in each zone in turn, and deletes them later; returns the number of events. */
    private long load(TestNamespace namespace, long events) throws NetlinkException {
        long offered = 0;
        try (FlowMaker maker = FlowMaker.in(namespace.handle())) {
            long due = System.nanoTime();
            long bursts = events / (2 * BURST);
            for (int burst = 0; burst < bursts + ALIVE_BURSTS; burst++) {
                if (burst < bursts) {
                    maker.create(burst * BURST, BURST, burst % ZONES, 600);
                    offered += BURST;
                }
                int oldest = burst - ALIVE_BURSTS;
                if (oldest >= 0) {
                    maker.delete(oldest * BURST, BURST, oldest % ZONES);
                    offered += BURST;
                }
                due += TimeUnit.SECONDS.toNanos(2 * BURST) / eventsPerSecond;
                while (due - System.nanoTime() > 0) {
                    LockSupport.parkNanos(due - System.nanoTime());
                }
            }
        }
        return offered;
    }
}
