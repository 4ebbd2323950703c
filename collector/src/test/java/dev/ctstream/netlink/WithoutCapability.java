package dev.ctstream.netlink;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.Callable;
import java.util.concurrent.FutureTask;

/** Removes a capability from the programs that a test starts: the kernel keeps a bounding set per thread. */
public final class WithoutCapability {
    private static final int PR_CAPBSET_DROP = 24;

    private WithoutCapability() {}

    /**
     * Calls {@code work} on its own thread; a process started there has all our capabilities except this one.
     *
     * @param capability see {@link Capabilities}
     */
    public static <T> T call(int capability, Callable<T> work) throws Exception {
        FutureTask<T> task = new FutureTask<>(() -> {
            assertThat(Libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)).isZero();
            return work.call();
        });
        Thread thread = new Thread(task, "without-capability");
        thread.start();
        return task.get();
    }
}
