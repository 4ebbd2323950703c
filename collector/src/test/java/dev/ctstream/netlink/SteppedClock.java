package dev.ctstream.netlink;

import org.jspecify.annotations.Nullable;

/** A clock that moves when the test says so. */
public final class SteppedClock implements StageClock {
    private long nanos = Long.MAX_VALUE - 1_000_000_000L; // it overflows soon

    /** Moves on. */
    public void advance(long byNanos) {
        nanos += byNanos;
    }

    @Override
    public long nanoTime() {
        return nanos;
    }

    @Override
    public long realtimeNanos() {
        return nanos;
    }

    @Override
    public @Nullable Boolean disciplined() {
        return true;
    }

    @Override
    public void park(Object blocker, long waitNanos) {
        nanos += waitNanos;
    }
}
