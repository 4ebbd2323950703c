package dev.ctstream.netlink;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Network namespaces with names, as {@code ip netns} makes them. Covers /run in the tests' private mount namespace, so
 * that no name reaches the host.
 */
public final class NamedNamespaces implements AutoCloseable {
    private static final Path RUN = Path.of("/run");
    private static final Path SYSCTL = Path.of("/proc/sys/net/netfilter");
    private static final long SIZE_BYTES = 8 << 20;
    private static final int RTM_NEWLINK = 16;
    private static final int IFLA_IFNAME = 3;
    private static final int IFLA_LINKINFO = 18;
    private static final int IFLA_NET_NS_PID = 19;
    private static final int IFLA_INFO_KIND = 1;
    private static final int IFLA_INFO_DATA = 2;
    private static final int VETH_INFO_PEER = 1;

    /** Covers /run; there is no directory of names yet. */
    public NamedNamespaces() throws IOException {
        Mounts.tmpfs(RUN, SIZE_BYTES);
    }

    /** The file of a name. */
    public static Path file(String name) {
        return NamespaceNames.FOLDER.resolve(name);
    }

    /** Makes a namespace in which each flow raises its events with counters and times. */
    public void add(String name) throws NetlinkException {
        NetworkNamespace created = NetworkNamespace.create();
        created.<Boolean>call(() -> {
            FreshNamespace.perform(() -> {
                Links.bringUp("lo");
                for (String sysctl : new String[] {"events", "acct", "timestamp"}) {
                    Files.writeString(SYSCTL.resolve("nf_conntrack_" + sysctl), "1");
                }
                Files.createDirectories(NamespaceNames.FOLDER);
                Mounts.bind(Path.of("/proc/thread-self/ns/net"), file(name));
            });
            return true;
        });
        created.close();
    }

    /** Gives a name to a namespace. */
    public void give(String name, NetworkNamespace namespace) throws NetlinkException {
        namespace.<Boolean>call(() -> {
            FreshNamespace.perform(() -> Mounts.bind(Path.of("/proc/thread-self/ns/net"), file(name)));
            return true;
        });
    }

    /** Gives a namespace another name. */
    public void link(String name, String other) throws IOException {
        Mounts.bind(file(name), file(other));
    }

    /** Takes a name away, as {@code ip netns del} does. */
    public void delete(String name) {
        try {
            Mounts.unmount(file(name));
            Files.delete(file(name));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A handle on a namespace; it keeps the namespace alive. */
    public static NetworkNamespace open(String name) throws NetlinkException {
        return NetworkNamespace.named(name);
    }

    /** Makes a pair of veth interfaces: one in the namespace, and its peer of this name in this process's. */
    public static void veth(String name, String peer) throws NetlinkException {
        try (NetworkNamespace namespace = open(name)) {
            namespace.<Boolean>call(() -> {
                try (RequestChannel channel = RequestChannel.open(NetlinkSocket.NETLINK_ROUTE)) {
                    MessageWriter request = new MessageWriter().start(RTM_NEWLINK, NlMsgHdr.NLM_F_CREATE, 0);
                    ifinfomsg(request).string(IFLA_IFNAME, "inside");
                    int info = request.beginNest(IFLA_LINKINFO);
                    request.string(IFLA_INFO_KIND, "veth");
                    int data = request.beginNest(IFLA_INFO_DATA);
                    int other = request.beginNest(VETH_INFO_PEER);
                    ifinfomsg(request)
                            .string(IFLA_IFNAME, peer)
                            .host32(IFLA_NET_NS_PID, ProcessHandle.current().pid());
                    request.endNest(other);
                    request.endNest(data);
                    request.endNest(info);
                    channel.execute(request);
                }
                return true;
            });
        }
    }

    private static MessageWriter ifinfomsg(MessageWriter to) {
        return to.rawU8(0).rawU8(0).rawHost16(0).rawHost32(0).rawHost32(0).rawHost32(0);
    }

    /** Whether this process's namespace has an interface of this name. */
    public static boolean hasLink(String name) throws IOException {
        return Files.readString(Path.of("/proc/self/net/dev")).contains(name + ":");
    }

    @Override
    public void close() throws IOException {
        Mounts.unmount(RUN);
    }
}
