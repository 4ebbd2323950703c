package dev.ctstream.bench;

import dev.ctstream.netlink.Links;
import dev.ctstream.netlink.NetlinkException;
import dev.ctstream.nftables.ConntrackRuleset;
import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;

/**
 * The private network namespace of the benchmark: loopback, connection tracking with counters and times, and a rule
 * that drops the load's packets once their flow is confirmed. It changes only this namespace, and rejects a namespace
 * that uses another interface than loopback, because it is not private.
 *
 * <p>Threads: set up by a thread inside the namespace.
 */
final class BenchNetwork {
    private static final Path SYSCTLS = Path.of("/proc/sys/net/netfilter");
    private static final InetAddress BROKER = address("127.0.0.1");
    private static final InetAddress PACKETS4 = address("127.0.0.0");
    private static final InetAddress PACKETS6 = address("fd00:c7::");
    private static final int PREFIX4 = 8;
    private static final int PREFIX6 = 64;
    private static final int HOST6 = 128;
    /** Longer than any run: each new flow ends an old one; flows do not end in bursts by timeout. */
    private static final int UDP_TIMEOUT_SECONDS = 86_400;

    private BenchNetwork() {}

    /**
     * Sets the namespace up; it disappears with its last process.
     *
     * @throws IOException before anything is changed, when an interface besides loopback has an address
     */
    static void prepare(boolean zonesByDestination, boolean ipv6) throws IOException {
        Links.bringUp("lo"); // as on every host; while nothing has an address, Java fails to list interfaces
        refuseOthers();
        for (String key : List.of("nf_conntrack_acct", "nf_conntrack_timestamp", "nf_conntrack_events")) {
            sysctl(key, 1);
        }
        sysctl("nf_conntrack_udp_timeout", UDP_TIMEOUT_SECONDS);
        ConntrackRuleset.Builder rules =
                ConntrackRuleset.builder().notrackWithin(BROKER); // not the collector's own traffic
        if (ipv6) {
            addIpv6(rules);
        }
        if (zonesByDestination) {
            rules.zoneOfDestination((Inet4Address) PACKETS4, PREFIX4);
        }
        rules.dropIncoming(PACKETS4, PREFIX4).build().install();
    }

    private static void refuseOthers() throws IOException {
        for (NetworkInterface link : Collections.list(NetworkInterface.getNetworkInterfaces())) {
            if (!link.isLoopback()) {
                throw new IOException("network interface " + link.getName()
                        + " has an address: this is not a private namespace; start it as bin/ctstream bench");
            }
        }
    }

    private static void addIpv6(ConntrackRuleset.Builder rules) throws NetlinkException {
        for (InetAddress destination : PacketLoad.ipv6Destinations()) {
            Links.addAddress("lo", destination, HOST6);
        }
        rules.dropIncoming(PACKETS6, PREFIX6);
    }

    private static void sysctl(String key, int value) throws IOException {
        Files.writeString(SYSCTLS.resolve(key), Integer.toString(value));
    }

    private static InetAddress address(String text) {
        try {
            return InetAddress.getByName(text);
        } catch (UnknownHostException e) {
            throw new IllegalArgumentException(text, e);
        }
    }
}
