package dev.ctstream.cli.entries;

import dev.ctstream.admin.Entries;
import dev.ctstream.admin.Failure;
import dev.ctstream.admin.FieldException;
import dev.ctstream.cli.CommandFailure;
import dev.ctstream.cli.Console;
import dev.ctstream.cli.ExitCode;
import dev.ctstream.cli.LogLevels;
import dev.ctstream.netlink.Capabilities;
import dev.ctstream.netlink.Errno;
import dev.ctstream.netlink.HostCheck;
import dev.ctstream.netlink.NetlinkException;
import dev.ctstream.netlink.NetworkNamespace;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Base of the commands on the table of a namespace: opens the namespace, and maps errors to exit codes. */
abstract class TableCommand implements Callable<Integer> {
    private static final String REMEDY = "run it as root, or give it CAP_NET_ADMIN";

    @Option(
            names = "--netns",
            paramLabel = "NAME|PATH",
            description = "Network namespace: a name as in /var/run/netns, or a file such as /proc/PID/ns/net. Default:"
                    + " this process's.")
    private @Nullable String netns;

    @Spec
    private CommandSpec spec;

    private final Console console;
    private String label = "host";

    TableCommand(Console console) {
        this.console = console;
    }

    final Console console() {
        return console;
    }

    final CommandSpec spec() {
        return spec;
    }

    /** Name of the namespace. */
    final String netns() {
        return label;
    }

    /** An error in the options. */
    final ParameterException usage(String text) {
        return new ParameterException(spec.commandLine(), text);
    }

    /** Reads the options, before anything is started. */
    abstract void prepare() throws FieldException, CommandFailure, IOException;

    /** Does the work; returns the exit code. */
    abstract int run(Entries entries) throws CommandFailure, IOException;

    @Override
    public final Integer call() throws CommandFailure, IOException {
        LogLevels.forPeople();
        try {
            prepare();
        } catch (FieldException e) {
            throw new CommandFailure(ExitCode.USAGE, e.problems(), e);
        }
        String problem = HostCheck.problem();
        if (problem != null) {
            throw new CommandFailure(ExitCode.FAILURE, problem);
        }
        if (!Capabilities.has(Capabilities.CAP_NET_ADMIN)) {
            throw new CommandFailure(
                    ExitCode.PRIVILEGE,
                    spec.qualifiedName() + ": EPERM (1) " + Errno.text(Errno.EPERM) + ": CAP_NET_ADMIN is missing; "
                            + REMEDY);
        }
        try (Entries entries = open()) {
            int code = run(entries);
            console.out().flush();
            return code;
        } catch (NetlinkException e) {
            throw failure(Entries.failure(e), e);
        }
    }

    private static CommandFailure failure(Failure failure, NetlinkException cause) {
        boolean privilege = switch (failure.errno()) {
            case Errno.EPERM, Errno.EACCES, Errno.EPROTONOSUPPORT, Errno.EAFNOSUPPORT -> true;
            default -> false;
        };
        return new CommandFailure(privilege ? ExitCode.PRIVILEGE : ExitCode.FAILURE, failure.text(), cause);
    }

    private Entries open() throws CommandFailure, NetlinkException {
        String given = netns;
        if (given == null) {
            return checked(Entries.open(null));
        }
        try (NetworkNamespace namespace =
                given.contains("/") ? NetworkNamespace.path(Path.of(given)) : NetworkNamespace.named(given)) {
            label = namespace.label();
            return checked(Entries.open(namespace));
        } catch (NetlinkException e) {
            boolean privilege = e.errno() == Errno.EPERM || e.errno() == Errno.EACCES;
            throw new CommandFailure(
                    privilege ? ExitCode.PRIVILEGE : ExitCode.FAILURE,
                    "--netns " + given + ": " + e.getMessage()
                            + (privilege
                                    ? "; entering a namespace needs CAP_SYS_ADMIN: run it as root"
                                    : "; names are those in /var/run/netns, as shown by ip netns list; otherwise"
                                            + " give a path such as /proc/PID/ns/net"),
                    e);
        }
    }

    /** Sends a harmless request first: without ctnetlink or the privilege, the command fails before it starts. */
    private static Entries checked(Entries entries) throws CommandFailure {
        try {
            entries.table().stats();
            return entries;
        } catch (NetlinkException e) {
            entries.close();
            Failure failure = Entries.failure(e);
            boolean missing = e.errno() == Errno.EINVAL || e.errno() == Errno.EPERM;
            throw missing ? new CommandFailure(ExitCode.PRIVILEGE, failure.text(), e) : failure(failure, e);
        }
    }
}
