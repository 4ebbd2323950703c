package dev.ctstream.cli;

import dev.ctstream.LocalChecks;
import dev.ctstream.metrics.Check;
import dev.ctstream.netlink.Errno;
import dev.ctstream.netlink.NetlinkException;
import java.util.List;

/** Checks that this process may use the kernel's connection tracking, and says what to do if it may not. */
final class KernelAccess {
    private static final String REMEDY =
            "run it as root, or give it CAP_NET_ADMIN (systemd: AmbientCapabilities=CAP_NET_ADMIN;"
                    + " a container: cap_add NET_ADMIN); ctstream demo needs no privilege";

    private KernelAccess() {}

    /** Fails before anything is started if the command cannot work. */
    static void require() throws CommandFailure {
        require(LocalChecks.library());
        require(LocalChecks.netAdmin());
    }

    private static void require(Check check) throws CommandFailure {
        if (check.failed()) {
            throw new CommandFailure(ExitCode.of(List.of(check)), check.sentence());
        }
    }

    /** The command failure for a failed call. */
    static CommandFailure failure(NetlinkException error) {
        return switch (error.errno()) {
            case Errno.EPERM, Errno.EACCES ->
                new CommandFailure(ExitCode.PRIVILEGE, error.getMessage() + "; " + REMEDY, error);
            case Errno.EPROTONOSUPPORT, Errno.EAFNOSUPPORT, Errno.EOPNOTSUPP ->
                new CommandFailure(
                        ExitCode.PRIVILEGE,
                        error.getMessage() + "; the kernel has no ctnetlink: modprobe nf_conntrack_netlink, or a kernel"
                                + " with CONFIG_NF_CT_NETLINK",
                        error);
            default -> new CommandFailure(ExitCode.FAILURE, String.valueOf(error.getMessage()), error);
        };
    }
}
