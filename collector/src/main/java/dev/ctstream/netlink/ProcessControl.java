package dev.ctstream.netlink;

import com.sun.jna.Native;

/** What a process may ask the kernel about itself. */
public final class ProcessControl {
    private static final int SIGTERM = 15;

    private ProcessControl() {}

    /** Effective user id, as seen in this user namespace. */
    public static int uid() {
        return Libc.geteuid();
    }

    /**
     * Asks the kernel to end this process (SIGTERM) when its parent does, however that one ends.
     *
     * <p>The kernel looks at the parent's <em>thread</em>: the parent must start this process from a thread that lives
     * as long as itself.
     *
     * @param parentPid the parent as this process's starter knows it
     * @return false when the parent had ended before the call: nothing will come, so leave now
     */
    public static boolean dieWithParent(long parentPid) throws NetlinkException {
        int result = Libc.prctl(Libc.PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0);
        int errno = result < 0 ? Native.getLastError() : 0;
        if (errno != 0) {
            throw new NetlinkException("ask to end with the parent", errno);
        }
        return Libc.getppid() == parentPid;
    }

    /** As {@link #dieWithParent(long)}, for the parent of this moment. */
    public static void dieWithParent() throws NetlinkException {
        dieWithParent(Libc.getppid());
    }
}
