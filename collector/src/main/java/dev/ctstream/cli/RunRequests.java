package dev.ctstream.cli;

import dev.ctstream.netlink.HostCheck;
import dev.ctstream.netlink.ProcessControl;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What signals ask of {@code run}. A request that comes before the collector stands waits until it does. Equal requests
 * that wait are one.
 *
 * <p>SIGTERM and SIGINT stop. SIGUSR1 asks for a snapshot. SIGHUP asks to read the configuration again; on a terminal it
 * stops, because the terminal is closed.
 *
 * <p>Threads: any thread adds; one takes.
 */
final class RunRequests {
    private static final int SIGHUP = 1;
    private static final Set<String> WITHOUT_A_RUN = Set.of("--check", "--dump-config", "--help", "-h");

    private final Set<Request> waiting = EnumSet.noneOf(Request.class);

    /** The most urgent first. */
    enum Request {
        /** The collector has ended. */
        END,
        STOP,
        RELOAD,
        SNAPSHOT
    }

    /**
     * Requests by signals from now on, if the command line runs a collector; no requests otherwise. At the end of a run
     * the signals stay handled: one that comes late must not change the exit code.
     */
    static RunRequests ofSignals(Console console, String... arguments) {
        RunRequests requests = new RunRequests();
        if (!runsCollector(arguments)) {
            return requests;
        }
        requests.on(Request.STOP, "TERM", "INT");
        requests.on(Request.SNAPSHOT, "USR1");
        boolean reload = hangupReloads(
                console.environment(), ProcessHandle.current().pid(), Console.terminal(0) || console.errIsTerminal());
        if (reload && HostCheck.problem() == null) {
            ProcessControl.stopIgnoring(SIGHUP); // the JVM takes no signal that the launcher ignores
        }
        requests.on(reload ? Request.RELOAD : Request.STOP, "HUP");
        return requests;
    }

    /** Whether a command line runs a collector, as far as can be told before it is parsed. */
    static boolean runsCollector(String... arguments) {
        List<String> words = List.of(arguments);
        return words.stream()
                        .filter(word -> !word.startsWith("-"))
                        .findFirst()
                        .filter("run"::equals)
                        .isPresent()
                && words.stream().noneMatch(WITHOUT_A_RUN::contains);
    }

    private void on(Request request, String... signals) {
        Signals.on(() -> add(request), signals);
    }

    /**
     * Whether SIGHUP asks to read the configuration again: under a service manager, or without a terminal.
     *
     * @param pid of this process; systemd names its own child, whose descendants inherit the variables
     * @param terminal whether stdin or stderr is one
     */
    static boolean hangupReloads(Map<String, String> environment, long pid, boolean terminal) {
        boolean child =
                environment.getOrDefault("SYSTEMD_EXEC_PID", Long.toString(pid)).equals(Long.toString(pid));
        boolean service = environment.containsKey("NOTIFY_SOCKET") || environment.containsKey("INVOCATION_ID");
        return !terminal || (service && child);
    }

    synchronized void add(Request request) {
        waiting.add(request);
        notifyAll();
    }

    /** Waits for a request; returns the most urgent one. */
    synchronized Request take() throws InterruptedException {
        while (waiting.isEmpty()) {
            wait();
        }
        Request first = waiting.iterator().next();
        waiting.remove(first);
        return first;
    }
}
