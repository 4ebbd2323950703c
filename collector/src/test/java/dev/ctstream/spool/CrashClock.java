package dev.ctstream.spool;

import dev.ctstream.netlink.StageClock;
import org.jspecify.annotations.Nullable;

/** Time of a history: it passes only when a step says so, or somebody waits. Who waits lets the spool thread's work run. */
final class CrashClock implements StageClock {
    static final long SECOND_NANOS = 1_000_000_000;
    private static final long BEGIN_NANOS = 1_795_244_000 * SECOND_NANOS;
    private static final long WAIT_NANOS = 10_000_000;
    /** A stage that has waited for so long waits for ever. */
    private static final int WAITS_MOST = 10_000;

    private long nanos = SECOND_NANOS;
    private int waits;
    private @Nullable Runnable others;
    private boolean running;

    void others(Runnable work) {
        others = work;
    }

    void pass(long passed) {
        nanos += passed;
        waits = 0;
    }

    @Override
    public long nanoTime() {
        return nanos;
    }

    @Override
    public long realtimeNanos() {
        return BEGIN_NANOS + nanos;
    }

    @Override
    public @Nullable Boolean disciplined() {
        return null;
    }

    @Override
    public void park(Object blocker, long parkNanos) {
        if (++waits > WAITS_MOST) {
            throw new AssertionError("a stage waits for ever");
        }
        Runnable work = others;
        if (!running && work != null) {
            running = true;
            work.run();
            running = false;
        }
        nanos += Math.min(parkNanos, WAIT_NANOS);
    }
}
