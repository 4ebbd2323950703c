package dev.ctstream.spool;

import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Ends the publisher's wait when there may be something to send.
 *
 * <p>Threads: one waits, any thread signals. A signal before the wait ends that wait at once.
 */
final class PublisherSignal {
    private volatile boolean signalled;
    private volatile @Nullable Thread waiting;

    void signal() {
        signalled = true;
        Thread thread = waiting;
        if (thread != null) {
            LockSupport.unpark(thread);
        }
    }

    /** Waits for a signal; an interrupt ends the wait and stays set. */
    void await(long waitNanos) {
        long deadline = System.nanoTime() + waitNanos;
        Thread current = Thread.currentThread();
        waiting = current;
        try {
            while (!signalled && !current.isInterrupted()) {
                long left = deadline - System.nanoTime();
                if (left <= 0) {
                    return;
                }
                LockSupport.parkNanos(this, left);
            }
        } finally {
            waiting = null;
            signalled = false; // whoever signalled has changed the state that the caller looks at next
        }
    }
}
