package dev.ctstream.netlink;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.Callable;
import java.util.concurrent.FutureTask;

/** Removes CAP_NET_ADMIN from the programs that a test starts: the kernel keeps a bounding set per thread. */
public final class WithoutNetAdmin {
    private static final int PR_CAPBSET_DROP = 24;

    private WithoutNetAdmin() {}

    /** Calls {@code work} on its own thread; a process started there has all our capabilities except this one. */
    public static <T> T call(Callable<T> work) throws Exception {
        FutureTask<T> task = new FutureTask<>(() -> {
            assertThat(Libc.prctl(PR_CAPBSET_DROP, Capabilities.CAP_NET_ADMIN, 0, 0, 0))
                    .isZero();
            return work.call();
        });
        Thread thread = new Thread(task, "without-net-admin");
        thread.start();
        return task.get();
    }
}
