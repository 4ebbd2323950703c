package dev.ctstream.bench;

import dev.ctstream.netlink.DatagramSender;
import dev.ctstream.netlink.NetlinkException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/**
 * Sends one UDP datagram per flow. In a zone, an address and port repeat only after some 15 million flows:
 * 127.N.zone.zone in IPv4, the zone in this host's byte order, and fd00:c7::1:N in IPv6.
 */
final class PacketLoad implements Load {
    /** Each flow causes a NEW, and evicts an older flow from the full table. */
    private static final int EVENTS_PER_FLOW = 2;

    static final int FIRST_PORT = 1024;
    static final int PORTS = 60_000;
    private static final int FIRST_NETWORK = 1;
    private static final int NETWORKS = 254;
    private static final int LOOPBACK = 127 << 24;
    private static final long IPV6_UPPER = 0xFD00_00C7_0000_0000L;
    private static final long IPV6_FIRST_HOST = 0x1_0000;

    private final LoadSpec spec;
    private final DatagramSender v4;
    private final DatagramSender v6;
    private long next;
    private long begun;
    private long failed;

    private PacketLoad(LoadSpec spec, long firstFlow, DatagramSender v4, DatagramSender v6) {
        this.spec = spec;
        this.next = firstFlow;
        this.v4 = v4;
        this.v6 = v6;
    }

    static PacketLoad open(LoadSpec spec, long firstFlow, int mostPerStep) throws NetlinkException {
        DatagramSender v4 = DatagramSender.open(false, mostPerStep);
        try {
            return new PacketLoad(spec, firstFlow, v4, DatagramSender.open(true, mostPerStep));
        } catch (NetlinkException e) {
            v4.close();
            throw e;
        }
    }

    @Override
    public int step(int most) throws NetlinkException {
        int count = (int) Math.min(most, spec.flows() == 0 ? most : spec.flows() - begun - failed);
        int fours = 0;
        int sixes = 0;
        for (int i = 0; i < count; i++) {
            long flow = next++;
            long nth = flow / spec.zones();
            int port = FIRST_PORT + (int) (nth % PORTS);
            if (spec.in(spec.ipv6Percent(), flow)) {
                v6.to(sixes++, IPV6_UPPER, ipv6Host((int) (nth / PORTS % NETWORKS)), port);
            } else {
                v4.to(fours++, address(nth / PORTS, (int) (flow % spec.zones())), port);
            }
        }
        if (fours > 0) {
            send(v4, fours);
        }
        if (sixes > 0) {
            send(v6, sixes);
        }
        return count * EVENTS_PER_FLOW;
    }

    @Override
    public boolean settled() {
        return true;
    }

    private void send(DatagramSender sender, int count) throws NetlinkException {
        int sent = sender.send(count);
        begun += sent;
        failed += count - sent;
    }

    /** Lower half of IPv6 address number {@code index}. */
    private static long ipv6Host(int index) {
        return IPV6_FIRST_HOST + index;
    }

    /**
     * The IPv6 destinations. They must be addresses of this host, because the kernel routes no others over loopback.
     */
    static List<InetAddress> ipv6Destinations() {
        List<InetAddress> destinations = new ArrayList<>();
        for (int i = 0; i < NETWORKS; i++) {
            byte[] address = ByteBuffer.allocate(2 * Long.BYTES)
                    .putLong(IPV6_UPPER)
                    .putLong(ipv6Host(i))
                    .array();
            try {
                destinations.add(InetAddress.getByAddress(address));
            } catch (UnknownHostException e) {
                throw new IllegalStateException(e); // impossible: 16 bytes are an address
            }
        }
        return destinations;
    }

    private static int address(long network, int zone) {
        int second = FIRST_NETWORK + (int) (network % NETWORKS);
        return LOOPBACK | second << 16 | inMemory(zone);
    }

    /** The two bytes of the zone in memory order, read as a number in network order. */
    private static int inMemory(int zone) {
        boolean little = ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN;
        return little ? Short.toUnsignedInt(Short.reverseBytes((short) zone)) : zone;
    }

    @Override
    public long next() {
        return next;
    }

    @Override
    public long begun() {
        return begun;
    }

    @Override
    public long ended() {
        return 0;
    }

    @Override
    public long failed() {
        return failed;
    }

    @Override
    public void close() {
        v4.close();
        v6.close();
    }
}
