package dev.ctstream.publish;

import org.jspecify.annotations.Nullable;

/**
 * Lets other threads end a wait of its owner by an interrupt. It interrupts nothing but that wait, because an interrupt
 * during Kafka's {@code send} or during file I/O would do harm.
 *
 * <p>Threads: one owner enters and leaves; any thread wakes. The waking thread sets its condition first, and the owner
 * checks the condition after entering.
 */
final class InterruptibleWait {
    private @Nullable Thread waiting;

    synchronized void enter() {
        waiting = Thread.currentThread();
    }

    /** Ends the section and clears an interrupt that arrived in it. */
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
