package dev.ctstream.spool;

import dev.ctstream.batch.BatchRing;
import dev.ctstream.netlink.Signal;
import dev.ctstream.netlink.StageClock;
import dev.ctstream.segment.Loss;
import dev.ctstream.segment.MissingBatches;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Losses that the publisher's thread has found, on their way to the spool thread, which makes every GAP.
 *
 * <p>Threads: the publisher's thread declares and waits; the spool thread takes.
 */
final class LossRequests {
    /** Longest wait until the next look at the request. */
    private static final long MOST_WAIT_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final BatchRing ring;
    private final Signal changed;
    private final Deque<Request> waiting = new ArrayDeque<>();
    private boolean ended;

    LossRequests(BatchRing ring, StageClock clock) {
        this.ring = ring;
        changed = new Signal(clock);
    }

    /**
     * Losses of one chain.
     *
     * @param kind of the chain
     * @param holes their numbers in the chain
     * @param logIndex {@code log_index} of the one batch that is lost; {@link #UNKNOWN} when it is another loss
     */
    record Request(int kind, List<Loss> losses, List<MissingBatches> holes, long logIndex) {
        /** That nobody knows which appends are lost. */
        static final long UNKNOWN = -1;

        /** Losses whose appends are not known. */
        Request(int kind, List<Loss> losses, List<MissingBatches> holes) {
            this(kind, losses, holes, UNKNOWN);
        }
    }

    /**
     * Waits until a GAP that declares the losses is durable, even if the disk takes nothing now.
     *
     * @return false when the spool thread has ended without it: the losses are found again at the next start
     */
    boolean declare(Request request) {
        add(request);
        ring.wake();
        boolean interrupted = false;
        while (isPending(request)) {
            changed.await(MOST_WAIT_NANOS);
            interrupted |= Thread.interrupted(); // it has no meaning here, and would close the spool's files
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        return !waits(request);
    }

    private synchronized void add(Request request) {
        waiting.addLast(request);
    }

    private synchronized boolean isPending(Request request) {
        return !ended && waiting.contains(request);
    }

    private synchronized boolean waits(Request request) {
        return waiting.contains(request);
    }

    /** The oldest request; null = none. Spool thread. */
    synchronized @Nullable Request peek() {
        return waiting.peekFirst();
    }

    /** The GAP of the oldest request is durable. Spool thread. */
    synchronized void declared() {
        waiting.removeFirst();
        changed.signal();
    }

    /** The spool thread takes no more. */
    synchronized void end() {
        ended = true;
        changed.signal();
    }
}
