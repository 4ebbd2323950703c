package dev.ctstream.conntrack;

import dev.ctstream.netlink.NetlinkException;
import dev.ctstream.netlink.NetworkNamespace;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * A steady load from its own thread, which creates and deletes entries in five zones; at most 2000 are alive.
 *
 * <p>Never more than 100 events come at once: the smallest receive buffer that a kernel grants by default holds 332.
 */
public final class EventLoad implements AutoCloseable {
    public static final int ZONES = 5;

    private static final int BURST = 50;
    private static final int MOST_BURSTS = 40;
    private static final long MOST_BEHIND_NANOS = TimeUnit.SECONDS.toNanos(5);

    private record Burst(int first, int zone) {}

    private final FlowMaker maker;
    private final long burstNanos;
    private final Deque<Burst> alive = new ArrayDeque<>();
    private final Thread thread = new Thread(this::run, "event-load");
    private final AtomicLong offered = new AtomicLong();
    private int next;
    private volatile boolean ending;
    private volatile @Nullable Exception failure;

    private EventLoad(FlowMaker maker, int eventsPerSecond) {
        this.maker = maker;
        burstNanos = TimeUnit.SECONDS.toNanos(2 * BURST) / eventsPerSecond;
    }

    /** Starts the load. */
    public static EventLoad start(NetworkNamespace namespace, int eventsPerSecond) throws NetlinkException {
        EventLoad load = new EventLoad(FlowMaker.in(namespace), eventsPerSecond);
        load.thread.start();
        return load;
    }

    /** Events that the kernel has raised. */
    public long offered() {
        Exception failed = failure;
        if (failed != null) {
            throw new AssertionError("the load has ended", failed);
        }
        return offered.get();
    }

    private void run() {
        try {
            long due = System.nanoTime();
            while (!ending) {
                burst();
                due = Math.max(due + burstNanos, System.nanoTime() - MOST_BEHIND_NANOS);
                while (due - System.nanoTime() > 0) {
                    LockSupport.parkNanos(due - System.nanoTime());
                }
            }
            while (!alive.isEmpty()) {
                deleteOldest();
            }
        } catch (NetlinkException | RuntimeException e) {
            failure = e;
        }
    }

    private void burst() throws NetlinkException {
        Burst burst = new Burst(next, next / BURST % ZONES);
        next += BURST;
        maker.create(burst.first, BURST, burst.zone, 600);
        alive.addLast(burst);
        offered.addAndGet(BURST);
        if (alive.size() > MOST_BURSTS) {
            deleteOldest();
        }
    }

    private void deleteOldest() throws NetlinkException {
        Burst burst = alive.removeFirst();
        maker.delete(burst.first, BURST, burst.zone);
        offered.addAndGet(BURST);
    }

    /** Ends it; all its entries are deleted. */
    public void stop() {
        ending = true;
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        offered(); // fails if it has failed
    }

    @Override
    public void close() {
        stop();
        maker.close();
    }
}
