package dev.ctstream.conntrack;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;

/** Entries of every protocol, family and kind of zone, for tests. */
public final class Flows {
    public static final List<ZoneScope> ZONES = List.of(
            ZoneScope.NONE,
            ZoneScope.both(1),
            ZoneScope.both(7),
            ZoneScope.both(65_535),
            ZoneScope.original(42),
            ZoneScope.reply(43));

    private Flows() {}

    /** All of them, each one different. */
    public static List<FlowSpec> all() {
        List<FlowSpec> flows = new ArrayList<>();
        List<TupleSpec.Layer4> both = List.of(
                new TupleSpec.Ports(6, 40_000, 80),
                new TupleSpec.Ports(17, 65_535, 53),
                new TupleSpec.Ports(132, 7000, 7001),
                new TupleSpec.Ports(136, 7000, 7001),
                new TupleSpec.Ports(47, 0, 0x1122),
                new TupleSpec.AddressesOnly(50),
                new TupleSpec.AddressesOnly(99));
        for (ZoneScope zone : ZONES) {
            // One direction of a directional zone is in zone 0, so each kind of zone has addresses of its own.
            String v4 = "10.9." + ZONES.indexOf(zone) + ".";
            String v6 = "fd09:" + ZONES.indexOf(zone) + "::";
            for (TupleSpec.Layer4 layer4 : both) {
                flows.add(flow(tuple(v4 + 1, v4 + 2, layer4), zone));
                flows.add(flow(tuple(v6 + 1, v6 + 2, layer4), zone));
            }
            flows.add(flow(tuple(v4 + 1, v4 + 2, new TupleSpec.Icmp(1, 8, 0, 0x1234)), zone));
            flows.add(flow(tuple(v6 + 1, v6 + 2, new TupleSpec.Icmp(58, 128, 0, 0xFEDC)), zone));
        }
        return flows;
    }

    /** An entry with the minimum that creation needs. */
    public static FlowSpec flow(TupleSpec original, ZoneScope zone) {
        FlowSpec.Builder flow =
                FlowSpec.of(original).zone(zone).timeoutSeconds(1000).status(IpsStatus.IPS_CONFIRMED);
        if (original.protocol() == 6 || original.protocol() == 132) {
            flow.protocolState(original.protocol() == 6 ? 3 : 4); // ESTABLISHED of both
        }
        return flow.build();
    }

    /** UDP from 10.x.y.z, numbered: any two numbers below 2^24 differ. */
    public static TupleSpec udp(int number) {
        String source = "10." + (number >> 16 & 0xFF) + "." + (number >> 8 & 0xFF) + "." + (number & 0xFF);
        return tuple(source, "192.0.2.9", new TupleSpec.Ports(17, 1000, 2000));
    }

    /** A tuple from addresses as text. */
    public static TupleSpec tuple(String source, String destination, TupleSpec.Layer4 layer4) {
        return new TupleSpec(address(source), address(destination), layer4);
    }

    /** An address from its text. */
    public static InetAddress address(String text) {
        try {
            return InetAddress.getByName(text);
        } catch (UnknownHostException e) {
            throw new AssertionError(e);
        }
    }
}
