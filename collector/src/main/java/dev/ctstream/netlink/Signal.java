package dev.ctstream.netlink;

import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Ends a thread's wait when the state that it waits for may have changed.
 *
 * <p>Threads: one waits, any thread signals. A signal before the wait ends that wait at once.
 */
public final class Signal {
    private final StageClock clock;
    private volatile boolean signalled;
    private volatile @Nullable Thread waiting;

    /** A signal whose waits use this clock. */
    public Signal(StageClock clock) {
        this.clock = clock;
    }

    /** Ends the wait, or the one that is about to begin. */
    public void signal() {
        signalled = true;
        Thread thread = waiting;
        if (thread != null) {
            LockSupport.unpark(thread);
        }
    }

    /** Waits for a signal; an interrupt ends the wait and stays set. */
    public void await(long waitNanos) {
        long deadline = clock.nanoTime() + waitNanos;
        Thread current = Thread.currentThread();
        waiting = current;
        try {
            while (!signalled && !current.isInterrupted()) {
                long left = deadline - clock.nanoTime();
                if (left <= 0) {
                    return;
                }
                clock.park(this, left);
            }
        } finally {
            waiting = null;
            signalled = false; // whoever signalled has changed the state that the caller looks at next
        }
    }
}
