package dev.ctstream.cli.entries;

import dev.ctstream.admin.Entries;
import dev.ctstream.admin.FieldException;
import dev.ctstream.cli.CommandFailure;
import dev.ctstream.cli.Console;
import dev.ctstream.cli.ExitCode;
import dev.ctstream.cli.KernelAccess;
import dev.ctstream.cli.log.LogSettings;
import dev.ctstream.netlink.NetlinkException;
import dev.ctstream.netlink.NetworkNamespace;
import java.io.IOException;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Base of the commands on the table of a namespace: opens the namespace, and maps errors to exit codes. */
abstract class TableCommand implements Callable<Integer> {
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
        LogSettings.forPeople();
        try {
            prepare();
        } catch (FieldException e) {
            throw new CommandFailure(ExitCode.USAGE, e.problems(), e);
        }
        KernelAccess.require();
        try (Entries entries = open()) {
            int code = run(entries);
            console.out().flush();
            return code;
        } catch (NetlinkException e) {
            throw new CommandFailure(ExitCode.of(e.errno()), Entries.failure(e).text(), e);
        }
    }

    private Entries open() throws CommandFailure, NetlinkException {
        try (NetworkNamespace namespace = KernelAccess.namespace(netns)) {
            label = namespace == null ? label : namespace.label();
            return checked(Entries.open(namespace));
        }
    }

    /** Sends a harmless request first: without ctnetlink or the privilege, the command fails before it starts. */
    private static Entries checked(Entries entries) throws CommandFailure {
        try {
            entries.table().stats();
            return entries;
        } catch (NetlinkException e) {
            entries.close();
            throw new CommandFailure(
                    ExitCode.ofFirstRequest(e.errno()), Entries.failure(e).text(), e);
        }
    }
}
