package dev.ctstream;

import dev.ctstream.batch.ControlRecord;
import dev.ctstream.config.CollectorConfig;
import dev.ctstream.conntrack.ConntrackTable;
import dev.ctstream.conntrack.EventSocket;
import dev.ctstream.conntrack.EventSource;
import dev.ctstream.conntrack.FilterCheck;
import dev.ctstream.conntrack.FlowFilter;
import dev.ctstream.control.Sysctls;
import dev.ctstream.metrics.Check;
import dev.ctstream.metrics.Check.Result;
import dev.ctstream.metrics.Descriptors;
import dev.ctstream.metrics.HttpEndpoint;
import dev.ctstream.metrics.HttpTls;
import dev.ctstream.metrics.HttpToken;
import dev.ctstream.netlink.Capabilities;
import dev.ctstream.netlink.Clock;
import dev.ctstream.netlink.Errno;
import dev.ctstream.netlink.ErrorText;
import dev.ctstream.netlink.HostCheck;
import dev.ctstream.netlink.NamespaceFile;
import dev.ctstream.netlink.NamespaceProcesses;
import dev.ctstream.netlink.NetlinkException;
import dev.ctstream.netlink.NetlinkSocket;
import dev.ctstream.netlink.NetworkNamespace;
import dev.ctstream.netlink.SocketFilter;
import dev.ctstream.publish.CompressionCheck;
import dev.ctstream.spool.ProofConfig;
import dev.ctstream.spool.ProofKeyFile;
import dev.ctstream.spool.SpoolCheck;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * Everything on this host that would keep a collector from working, or would make its records less than they could be.
 * Cheap, and without side effects: {@code run} looks before it subscribes, {@code run --check} and {@code doctor} do
 * nothing else. The others are in {@link
 * dev.ctstream.publish.RemoteChecks}.
 *
 * <p>Threads: runs on the calling thread, and on a helper thread for each other namespace.
 */
public final class LocalChecks {
    /** What to do when CAP_NET_ADMIN is missing. */
    public static final String NET_ADMIN_REMEDY =
            "run it as root, or give it CAP_NET_ADMIN (systemd: AmbientCapabilities=CAP_NET_ADMIN;"
                    + " a container: cap_add NET_ADMIN); ctstream demo needs no privilege";

    /** What to do when there is no namespace of a name. */
    public static final String NETNS_REMEDY = "names are those in /var/run/netns, as shown by ip netns list; otherwise"
            + " give a path such as /proc/PID/ns/net";

    private static final String NAMESPACE_WANTED = "a network namespace";

    private final CollectorConfig config;
    private final List<Check> checks = new ArrayList<>();
    private int namespaces; // that will be observed

    private LocalChecks(CollectorConfig config) {
        this.config = config;
        namespaces = config.netns().size();
    }

    /**
     * Checks all; in the order in which the first failure is the most telling.
     *
     * @param besideRunning whether a collector of this configuration may run: then the spool and the port that it uses are
     *     as they should be
     */
    public static List<Check> look(CollectorConfig config, boolean besideRunning) {
        return new LocalChecks(config).all(besideRunning);
    }

    private List<Check> all(boolean besideRunning) {
        Check library = library();
        checks.add(library);
        checks.add(CompressionCheck.look(config.publish(), HostCheck.NOEXEC_REMEDY));
        if (library.failed()) {
            sysctls(EventSource.HOST, null); // files, which need no library
        } else {
            kernel();
        }
        FlowFilter filter = config.subscription().filter();
        SocketFilter program = filter.program();
        if (program != null && !library.failed()) {
            checks.add(FilterCheck.look(filter, program));
        }
        OptionalLong running = besideRunning ? SpoolCheck.holder(config.spool()) : OptionalLong.empty();
        checks.addAll(SpoolCheck.look(config.spool(), besideRunning));
        ProofConfig proof = config.spool().proof();
        if (proof != null) {
            checks.add(ProofKeyFile.check(proof, config.host().id()));
        }
        config.httpListen().ifPresent(listen -> checks.add(listen(listen, running)));
        config.httpTokenFile().ifPresent(file -> checks.add(HttpToken.check(file)));
        config.httpTls().ifPresent(files -> checks.add(HttpTls.check(files, Instant.now())));
        checks.add(Descriptors.check(namespaces));
        return checks;
    }

    /** Loads JNA's native library, which stays loaded, and makes a system call. */
    public static Check library() {
        String problem = HostCheck.problem();
        String wanted = "calls of the C library through JNA";
        return problem == null
                ? Check.ok("native-library", "jna", "loaded and used", wanted)
                : Check.said(Result.FAIL, "native-library", "jna", problem, wanted);
    }

    private static Check listen(String listen, OptionalLong running) {
        Check check = HttpEndpoint.check(listen);
        return check.failed() && running.isPresent() && HttpEndpoint.answers(listen)
                ? Check.ok(check.name(), listen, SpoolCheck.inUseBy(running.getAsLong()), check.wanted())
                : check;
    }

    private void kernel() {
        Check admin = netAdmin();
        checks.add(admin);
        if (config.netns().stream().anyMatch(name -> !name.equals(Namespaces.SELF))) {
            checks.add(capability(
                    Capabilities.CAP_SYS_ADMIN,
                    "CAP_SYS_ADMIN",
                    "to enter other network namespaces",
                    "run it as root, or give it CAP_SYS_ADMIN; or set netns=self"));
        }
        if (!admin.failed() && config.netns().contains(Namespaces.ALL)) {
            inside(EventSource.HOST, null);
            everyNamespace();
        } else if (!admin.failed()) {
            config.netns().forEach(this::namespace);
        }
        clock();
    }

    private void everyNamespace() {
        String wanted = "the namespaces that have a name or a process";
        try (NamespaceFinder finder =
                NamespaceFinder.open(config.netns(), new NamespaceProcesses(NamespaceProcesses.PROC))) {
            finder.look(System.nanoTime());
            namespaces = finder.found().size();
            checks.add(Check.ok("namespace", "netns all", namespaces + " there now, the own one included", wanted));
            if (finder.unreadable() > 0) {
                checks.add(unreadable(finder.unreadable()));
            }
        } catch (IOException e) {
            checks.add(Check.fail("namespace", "netns all", ErrorText.of(e), wanted, "mount /proc"));
        }
    }

    /** Namespaces of processes that this process may not look at. */
    static Check unreadable(int processes) {
        return Check.warn(
                "privilege",
                "CAP_SYS_PTRACE",
                "missing: the network namespaces of " + processes + " processes of other users cannot be seen",
                "to find, with netns=all, namespaces that have no name in /var/run/netns",
                "run it as root, or give it CAP_SYS_PTRACE too");
    }

    /** Whether this process may use connection tracking. */
    public static Check netAdmin() {
        return capability(
                Capabilities.CAP_NET_ADMIN,
                "CAP_NET_ADMIN",
                "to subscribe to connection tracking, and to read and change its table",
                NET_ADMIN_REMEDY);
    }

    private static Check capability(int capability, String name, String wanted, String remedy) {
        return Capabilities.has(capability)
                ? Check.ok("privilege", name, "there", wanted)
                : Check.unprivileged("privilege", name, "missing: " + Errno.described(Errno.EPERM), wanted, remedy);
    }

    private void namespace(String name) {
        if (name.equals(Namespaces.SELF)) {
            inside(EventSource.HOST, null);
            return;
        }
        try {
            if (NamespaceFile.of(Namespaces.path(name)) == null) {
                waitsFor(name, Namespaces.path(name) + " is no network namespace");
                return;
            }
        } catch (IOException e) {
            waitsFor(name, ErrorText.ofFile(Namespaces.path(name), e));
            return;
        }
        try (NetworkNamespace namespace = Namespaces.handle(name)) {
            inside(namespace.label(), namespace);
        } catch (NetlinkException e) {
            checks.add(Check.fail(
                    "namespace", "netns " + name, String.valueOf(e.getMessage()), NAMESPACE_WANTED, NETNS_REMEDY));
        }
    }

    private void waitsFor(String name, String why) {
        checks.add(
                Check.warn("namespace", "netns " + name, why + "; run waits for it", NAMESPACE_WANTED, NETNS_REMEDY));
    }

    private void inside(String netns, @Nullable NetworkNamespace namespace) {
        String scope = "netns " + netns;
        try (ConntrackTable table = ConntrackTable.open(namespace)) {
            checks.add(Check.ok(
                    "ctnetlink",
                    scope,
                    "answers, entries in the table: " + table.stats().entries(),
                    "an answer"));
            checks.add(tracking(netns, namespace));
            checks.add(buffer(netns, namespace));
        } catch (NetlinkException e) {
            checks.add(new Check(
                    "ctnetlink",
                    scope,
                    Errno.isMissingFeatureAtFirst(e.errno()) ? Result.FAIL_PRIVILEGE : Result.FAIL,
                    String.valueOf(e.getMessage()),
                    "an answer",
                    "modprobe nf_conntrack_netlink, or a kernel with CONFIG_NF_CT_NETLINK; and CAP_NET_ADMIN over the"
                            + " namespace"));
        }
        sysctls(netns, namespace);
    }

    /** Rules that change while they are read leave it unknown; the collector looks again while it runs. */
    private static Check tracking(String netns, @Nullable NetworkNamespace namespace) {
        try {
            return TrackingCheck.check(netns, namespace);
        } catch (NetlinkException e) {
            return TrackingCheck.unknown(netns, e);
        }
    }

    private void sysctls(String netns, @Nullable NetworkNamespace namespace) {
        ControlRecord.Sysctls values = Sysctls.read(namespace);
        boolean managed = config.track().manageSysctls();
        checks.addAll(Sysctls.checks(netns, values, managed));
        Integer acct = values.acct();
        if (config.track().interim().intervalMillis() > 0 && !managed && acct != null && acct == 0) {
            checks.add(new Check(
                    "interim.interval-seconds",
                    "netns " + netns,
                    Result.FAIL_CONFIGURATION,
                    "set, but nf_conntrack_acct is 0",
                    "packet and byte counters, which INTERIM events report",
                    "sysctl -w net.netfilter.nf_conntrack_acct=1, or set sysctl.manage=true, or leave the key out"));
        }
    }

    private Check buffer(String netns, @Nullable NetworkNamespace namespace) throws NetlinkException {
        try (NetlinkSocket socket = namespace == null
                ? NetlinkSocket.open(NetlinkSocket.NETLINK_NETFILTER)
                : NetlinkSocket.open(namespace, NetlinkSocket.NETLINK_NETFILTER)) {
            return EventSocket.bufferCheck(
                    netns, socket.requestReceiveBuffer(config.subscription().receiveBufferBytes()));
        }
    }

    private void clock() {
        Boolean disciplined = Clock.disciplined();
        String wanted = "a clock that a time service keeps synchronized";
        if (disciplined == null) { // no reason to warn at each start of a service that is well protected
            checks.add(Check.ok(
                    "clock",
                    "host",
                    "not known: a filter of system calls (ProtectClock=, a container's) forbids to ask; doctor can outside"
                            + " of it",
                    wanted));
        } else {
            checks.add(
                    disciplined
                            ? Check.ok("clock", "host", "synchronized", wanted)
                            : Check.warn(
                                    "clock",
                                    "host",
                                    "not synchronized",
                                    wanted + ": the times in the records are its times",
                                    "run chrony or systemd-timesyncd on the host"));
        }
    }
}
