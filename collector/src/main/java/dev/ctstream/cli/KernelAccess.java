package dev.ctstream.cli;

import dev.ctstream.LocalChecks;
import dev.ctstream.metrics.Check;
import dev.ctstream.netlink.Errno;
import dev.ctstream.netlink.NetlinkException;
import dev.ctstream.netlink.NetworkNamespace;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Checks that this process may use the kernel's connection tracking, and says what to do if it may not. */
public final class KernelAccess {
    private KernelAccess() {}

    /** Fails before anything is started if the command cannot work. */
    public static void require() throws CommandFailure {
        require(LocalChecks.library());
        require(LocalChecks.netAdmin());
    }

    private static void require(Check check) throws CommandFailure {
        if (check.failed()) {
            throw new CommandFailure(ExitCode.of(List.of(check)), check.sentence());
        }
    }

    /**
     * Opens the namespace that {@code --netns} names; the caller closes it.
     *
     * @param netns a name, a path, or {@code self}, as in the key {@code netns}
     * @return null for this process's own
     */
    public static @Nullable NetworkNamespace namespace(@Nullable String netns) throws CommandFailure {
        if (netns == null || netns.equals("self")) {
            return null;
        }
        try {
            return netns.contains("/") ? NetworkNamespace.path(Path.of(netns)) : NetworkNamespace.named(netns);
        } catch (NetlinkException e) {
            boolean privilege = ExitCode.of(e.errno()) == ExitCode.PRIVILEGE;
            throw new CommandFailure(
                    ExitCode.of(e.errno()),
                    "--netns " + netns + ": " + e.getMessage()
                            + (privilege
                                    ? "; entering a namespace needs CAP_SYS_ADMIN: run it as root"
                                    : "; " + LocalChecks.NETNS_REMEDY),
                    e);
        }
    }

    /** The command failure for a failed call. */
    static CommandFailure failure(NetlinkException error) {
        String remedy = switch (error.errno()) {
            case Errno.EPERM, Errno.EACCES -> "; " + LocalChecks.NET_ADMIN_REMEDY;
            case Errno.EPROTONOSUPPORT, Errno.EAFNOSUPPORT ->
                "; the kernel has no ctnetlink: modprobe nf_conntrack_netlink, or a kernel with CONFIG_NF_CT_NETLINK";
            default -> "";
        };
        return new CommandFailure(ExitCode.of(error.errno()), error.getMessage() + remedy, error);
    }
}
