package dev.ctstream.spool;

import dev.ctstream.batch.BatchRing;
import dev.ctstream.segment.Loss;
import dev.ctstream.segment.MissingBatches;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Losses that the publisher's thread has found, on their way to the spool thread, which makes every GAP.
 *
 * <p>Threads: the publisher's thread declares and waits; the spool thread takes.
 */
final class LossRequests {
    private final BatchRing ring;
    private final Deque<Request> waiting = new ArrayDeque<>();
    private boolean ended;

    LossRequests(BatchRing ring) {
        this.ring = ring;
    }

    /**
     * Losses of one chain.
     *
     * @param kind of the chain
     * @param holes their numbers in the chain
     */
    record Request(int kind, List<Loss> losses, List<MissingBatches> holes) {}

    /**
     * Waits until a GAP that declares the losses is durable, even if the disk takes nothing now.
     *
     * @return false when the spool thread has ended without it: the losses are found again at the next start
     */
    synchronized boolean declare(Request request) {
        waiting.addLast(request);
        ring.wake();
        boolean interrupted = false;
        while (!ended && waiting.contains(request)) {
            try {
                wait();
            } catch (InterruptedException e) {
                interrupted = true; // an interrupt has no meaning here, and would close the spool's files
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        return !waiting.contains(request);
    }

    /** The oldest request; null = none. Spool thread. */
    synchronized @Nullable Request peek() {
        return waiting.peekFirst();
    }

    /** The GAP of the oldest request is durable. Spool thread. */
    synchronized void declared() {
        waiting.removeFirst();
        notifyAll();
    }

    /** The spool thread takes no more. */
    synchronized void end() {
        ended = true;
        notifyAll();
    }
}
