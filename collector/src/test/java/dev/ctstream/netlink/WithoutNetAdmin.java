package dev.ctstream.netlink;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.Callable;
import java.util.concurrent.FutureTask;

/** Takes CAP_NET_ADMIN from the programs that a test starts: the kernel keeps the bounding set for each thread. */
public final class WithoutNetAdmin {
    private static final int PR_CAPBSET_DROP = 24;

    private WithoutNetAdmin() {}

    /** Calls {@code work} on a thread of its own; a process that it starts has all rights of ours but this one. */
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
