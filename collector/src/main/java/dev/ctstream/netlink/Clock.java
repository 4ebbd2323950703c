package dev.ctstream.netlink;

import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** The wall clock at the kernel's resolution, comparable with conntrack's timestamps. */
public final class Clock {
    private static final long NANOS_PER_SECOND = 1_000_000_000L;
    private static final ThreadLocal<Timespec> TIMESPEC = ThreadLocal.withInitial(Timespec::new);

    /** {@code struct timex} of 64-bit hosts; the kernel fills all of it when {@code modes}, its first word, is 0. */
    private static final int TIMEX_BYTES = 208;

    private static final int TIME_ERROR = 5;

    private Clock() {}

    /**
     * {@code CLOCK_REALTIME} in nanoseconds since the epoch; may go backwards when the clock is set. Allocates nothing
     * after a thread's first call.
     */
    public static long realtimeNanos() {
        Timespec timespec = TIMESPEC.get();
        Libc.clock_gettime(Libc.CLOCK_REALTIME, timespec.address); // cannot fail: the clock exists everywhere
        return timespec.memory.getLong(0) * NANOS_PER_SECOND + timespec.memory.getLong(Long.BYTES);
    }

    /** Whether a time service such as NTP keeps the wall clock synchronized; null when the kernel does not say. */
    public static @Nullable Boolean disciplined() {
        ByteBuffer timex = Libc.allocate(TIMEX_BYTES);
        try {
            int state = Libc.adjtimex(Libc.address(timex));
            return state < 0 ? null : state != TIME_ERROR;
        } finally {
            Reference.reachabilityFence(timex);
        }
    }

    /** {@code struct timespec} of 64-bit hosts: s64 seconds, s64 nanoseconds. */
    private static final class Timespec {
        private final ByteBuffer memory = Libc.allocate(2 * Long.BYTES);
        private final long address = Libc.address(memory);
    }
}
