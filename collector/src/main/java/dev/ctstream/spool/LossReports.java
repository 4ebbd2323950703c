package dev.ctstream.spool;

import dev.ctstream.segment.Loss;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;

/**
 * Tells of losses, and knows whether what was told has had time to come back as control records and be appended. Until
 * then a restart must not take for granted that it was declared.
 *
 * <p>Threads: {@link #tell} and {@link #tellOfNumbered} from any; the rest is confined to the spool thread.
 */
final class LossReports {
    private static final long SECOND_NANOS = 1_000_000_000L;
    /** The receive thread is woken for a control record and numbers it at once. */
    private static final long LEAST_NANOS = SECOND_NANOS;
    /** Nobody makes control records of losses, it seems. */
    private static final long MOST_NANOS = 5 * SECOND_NANOS;

    private final Consumer<Loss> listener;
    private final Awaited all = new Awaited();
    private final Awaited numbered = new Awaited();

    LossReports(Consumer<Loss> listener) {
        this.listener = listener;
    }

    /** Of batches that never had a number in the spool. */
    void tell(Loss loss) {
        all.told.incrementAndGet();
        listener.accept(loss);
    }

    /** Of batches that had one: once it is acknowledged, nothing but the declaration tells of them. */
    void tellOfNumbered(Loss loss) {
        numbered.told.incrementAndGet(); // first, so that nothing that follows from the loss is seen without it
        tell(loss);
    }

    /**
     * Whether all that was told before is declared in the spool.
     *
     * @param appendedControl control records that were appended so far
     */
    boolean declared(long nowNanos, long appendedControl) {
        return all.over(nowNanos, appendedControl);
    }

    /** The same, of batches that had a number. */
    boolean declaredNumbered(long nowNanos, long appendedControl) {
        return numbered.over(nowNanos, appendedControl);
    }

    private static final class Awaited {
        private final AtomicLong told = new AtomicLong();
        private long seen;
        private boolean waiting;
        private long sinceNanos;
        private long controlBefore;

        boolean over(long nowNanos, long appendedControl) {
            long now = told.get();
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
