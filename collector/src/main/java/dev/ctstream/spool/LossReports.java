package dev.ctstream.spool;

import dev.ctstream.segment.Loss;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;

/**
 * Reports losses, and tracks whether the reports have had time to come back as control records and be appended. Until
 * then, a restart must assume that they are not declared.
 *
 * <p>Threads: {@link #report} and {@link #reportNumbered} from any; the rest is confined to the spool thread.
 */
final class LossReports {
    private static final long SECOND_NANOS = 1_000_000_000L;
    /** Minimum wait for the GAP. The receive thread is woken for a control record and numbers it at once. */
    private static final long LEAST_NANOS = SECOND_NANOS;
    /** Gives up waiting for the GAP after this long. */
    private static final long MOST_NANOS = 5 * SECOND_NANOS;

    private final Consumer<Loss> listener;
    private final Awaited all = new Awaited();
    private final Awaited numbered = new Awaited();

    LossReports(Consumer<Loss> listener) {
        this.listener = listener;
    }

    /** Reports a loss of batches that were never numbered in the spool. */
    void report(Loss loss) {
        all.reported.incrementAndGet();
        listener.accept(loss);
    }

    /** Reports a loss of numbered batches. Once their numbers are acknowledged, only the declaration shows the loss. */
    void reportNumbered(Loss loss) {
        numbered.reported.incrementAndGet(); // first, so that the count is visible before any effect of the loss
        report(loss);
    }

    /**
     * Whether all losses reported so far are declared in the spool.
     *
     * @param appendedControl number of control records appended so far
     */
    boolean declared(long nowNanos, long appendedControl) {
        return all.over(nowNanos, appendedControl);
    }

    /** The same, for losses of numbered batches. */
    boolean declaredNumbered(long nowNanos, long appendedControl) {
        return numbered.over(nowNanos, appendedControl);
    }

    private static final class Awaited {
        private final AtomicLong reported = new AtomicLong();
        private long seen;
        private boolean waiting;
        private long sinceNanos;
        private long controlBefore;

        boolean over(long nowNanos, long appendedControl) {
            long now = reported.get();
            if (now != seen) {
                seen = now;
                waiting = true;
                sinceNanos = nowNanos;
                controlBefore = appendedControl;
            }
            if (waiting) {
                long since = nowNanos - sinceNanos;
                waiting = since < LEAST_NANOS || (appendedControl == controlBefore && since < MOST_NANOS);
            }
            return !waiting;
        }
    }
}
