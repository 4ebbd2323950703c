package dev.ctstream.cli;

import dev.ctstream.metrics.Check;
import dev.ctstream.netlink.Errno;
import java.util.List;

/** Exit codes of the process, and the only maps to them. */
public final class ExitCode {
    /** The command succeeded. */
    public static final int OK = 0;
    /** The command failed, or its check found a problem. */
    public static final int FAILURE = 1;
    /** Wrong options or configuration; nothing was started. */
    public static final int USAGE = 2;
    /** No CAP_NET_ADMIN, or a kernel without ctnetlink. */
    public static final int PRIVILEGE = 3;

    private ExitCode() {}

    /** The exit code for these checks: wrong configuration counts before a missing privilege, and that before the rest. */
    static int of(List<Check> checks) {
        int code = OK;
        for (Check check : checks) {
            switch (check.result()) {
                case FAIL_CONFIGURATION -> {
                    return USAGE;
                }
                case FAIL_PRIVILEGE -> code = PRIVILEGE;
                case FAIL -> code = code == OK ? FAILURE : code;
                case OK, WARN -> {}
            }
        }
        return code;
    }

    /** The exit code for a call that the kernel refused. */
    public static int of(int errno) {
        return Errno.isMissingFeature(errno) ? PRIVILEGE : FAILURE;
    }

    /** As {@link #of(int)}, for a request that every kernel with ctnetlink takes. */
    public static int ofFirstRequest(int errno) {
        return Errno.isMissingFeatureAtFirst(errno) ? PRIVILEGE : FAILURE;
    }
}
