package dev.ctstream.metrics;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * A named thread with one owner, which creates it, starts it, wakes it and ends it within a stated time. Exceptions that
 * its work does not handle go to a failure handler, which is mandatory.
 *
 * <p>Threads: {@link #start} and {@link #close} by the owner; {@link #wake} by any.
 */
public final class OwnedThread implements AutoCloseable {
    private static final long MOST_WAIT_NANOS = TimeUnit.HOURS.toNanos(1);

    /** A step returns this when there is nothing left to do: the thread ends. */
    public static final long DONE = -1;

    private final Thread thread;
    private final long closeMillis;
    private volatile boolean stopping;

    /** Work in steps, so that a test can drive it without a thread and with a clock of its own. */
    @FunctionalInterface
    public interface Step {
        /**
         * Does what is due.
         *
         * @param nowNanos {@link System#nanoTime}
         * @return ns until the next call is due, which {@link #wake} brings forward; {@link #DONE} to end the thread
         */
        long step(long nowNanos);
    }

    /** Is told why a thread has died, on that thread; the process must end then. */
    @FunctionalInterface
    public interface FailureHandler {
        /** Must not throw. */
        void failed(String thread, Throwable failure);
    }

    private OwnedThread(String name, Runnable loop, long closeMillis) {
        this.closeMillis = closeMillis;
        thread = new Thread(loop, name);
        thread.setDaemon(true);
    }

    /**
     * A thread for a loop that does its own waiting. The owner ends the loop by the loop's own means before {@link #close}.
     *
     * @param closeMillis the longest that {@link #close} waits
     */
    public static OwnedThread looping(String name, Runnable loop, long closeMillis) {
        return new OwnedThread(name, loop, closeMillis);
    }

    /**
     * A thread that calls the step repeatedly until {@link #close}.
     *
     * @param closeMillis the longest that {@link #close} waits
     */
    public static OwnedThread stepping(String name, Step step, long closeMillis) {
        OwnedThread[] self = new OwnedThread[1];
        self[0] = new OwnedThread(name, () -> self[0].repeat(step), closeMillis);
        return self[0];
    }

    private void repeat(Step step) {
        while (!stopping) {
            long waitNanos = step.step(System.nanoTime());
            if (waitNanos == DONE) {
                return;
            }
            if (waitNanos > 0 && !stopping) {
                LockSupport.parkNanos(this, Math.min(waitNanos, MOST_WAIT_NANOS));
            }
        }
    }

    /** Starts the thread. The handler is told of an exception that the work does not handle. */
    public void start(FailureHandler handler) {
        thread.setUncaughtExceptionHandler((dead, failure) -> handler.failed(dead.getName(), failure));
        thread.start();
    }

    /** Ends the present wait between two steps, or the coming one. */
    public void wake() {
        LockSupport.unpark(thread);
    }

    /** Whether it runs. */
    public boolean isAlive() {
        return thread.isAlive();
    }

    /** Waits until the thread has ended; false when it has not in time, or this thread was interrupted. */
    public boolean join(long millis) {
        try {
            thread.join(Math.max(1, millis));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return !thread.isAlive();
    }

    /** Takes no further step, and waits until the thread has ended or the time is over. Closing again does nothing. */
    @Override
    public void close() {
        stopping = true;
        wake();
        join(closeMillis);
    }
}
