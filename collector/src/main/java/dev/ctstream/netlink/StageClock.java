package dev.ctstream.netlink;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Time as a stage sees it, and how it waits. The collector uses {@link #HOST}. A test with a clock of its own decides
 * when time passes and what else runs during a wait, so that one thread can drive all stages.
 *
 * <p>Threads: any.
 */
public interface StageClock {
    /** The host's clocks and the thread's own waiting. */
    StageClock HOST = new StageClock() {
        private final ThreadMXBean threads = ManagementFactory.getThreadMXBean();

        @Override
        public long nanoTime() {
            return System.nanoTime();
        }

        @Override
        public long realtimeNanos() {
            return Clock.realtimeNanos();
        }

        @Override
        public @Nullable Boolean disciplined() {
            return Clock.disciplined();
        }

        @Override
        public void park(Object blocker, long nanos) {
            LockSupport.parkNanos(blocker, nanos);
        }

        @Override
        public long threadCpuNanos() {
            return threads.isCurrentThreadCpuTimeSupported() ? threads.getCurrentThreadCpuTime() : 0;
        }
    };

    /** As {@link System#nanoTime}. */
    long nanoTime();

    /** As {@link Clock#realtimeNanos}. */
    long realtimeNanos();

    /** As {@link Clock#disciplined}. */
    @Nullable
    Boolean disciplined();

    /** CPU time that the calling thread has used, in the kernel too; 0 where work costs none. */
    default long threadCpuNanos() {
        return 0;
    }

    /** As {@link LockSupport#parkNanos(Object, long)}: it may end early, so the caller checks its condition again. */
    void park(Object blocker, long nanos);
}
