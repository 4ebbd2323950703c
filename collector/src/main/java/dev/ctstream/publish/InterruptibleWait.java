package dev.ctstream.publish;

import org.jspecify.annotations.Nullable;

/**
 * Lets other threads end a wait of its owner by an interrupt, and no more than a wait: an interrupt in the middle of
 * Kafka's {@code send}, or of a file, would do harm.
 *
 * <p>Threads: one owner enters and leaves; any thread wakes. Who wakes sets the condition first, and the owner looks at it
 * after entering.
 */
final class InterruptibleWait {
    private @Nullable Thread waiting;

    synchronized void enter() {
        waiting = Thread.currentThread();
    }

    /** Ends the section; an interrupt that came in it is gone afterwards. */
    synchronized void leave() {
        waiting = null;
        Thread.interrupted();
    }

    synchronized void wake() {
        if (waiting != null) {
            waiting.interrupt();
        }
    }
}
