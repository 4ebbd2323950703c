package dev.ctstream.spool;

import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;

/**
 * Tells of losses, and knows whether what was told has had time to come back as control records and be appended. Until
 * then a restart must not take for granted that it was declared.
 *
 * <p>Threads: {@link #tell} from any; the rest is confined to the spool thread.
 */
final class LossReports {
    private static final long SECOND_NANOS = 1_000_000_000L;
    /** The receive thread is woken for a control record and numbers it at once. */
    private static final long LEAST_NANOS = SECOND_NANOS;
    /** Nobody makes control records of losses, it seems. */
    private static final long MOST_NANOS = 5 * SECOND_NANOS;

    private final Consumer<Loss> listener;
    private final AtomicLong told = new AtomicLong();
    private long seen;
    private boolean awaited;
    private long awaitedNanos;
    private long controlBefore;

    LossReports(Consumer<Loss> listener) {
        this.listener = listener;
    }

    void tell(Loss loss) {
        told.incrementAndGet(); // first, so that nothing that follows from the loss is seen without it
        listener.accept(loss);
    }

    /**
     * Whether all that was told before is declared in the spool.
     *
     * @param appendedControl control records that were appended so far
     */
    boolean declared(long nowNanos, long appendedControl) {
        long now = told.get();
        if (now != seen) {
            seen = now;
            awaited = true;
            awaitedNanos = nowNanos;
            controlBefore = appendedControl;
        }
        if (awaited) {
            long since = nowNanos - awaitedNanos;
            awaited = since < LEAST_NANOS || (appendedControl == controlBefore && since < MOST_NANOS);
        }
        return !awaited;
    }
}
