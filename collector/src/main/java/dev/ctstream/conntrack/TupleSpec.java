package dev.ctstream.conntrack;

import dev.ctstream.record.AddressText;
import dev.ctstream.record.ProtocolNames;
import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.UnknownHostException;

/**
 * One direction of a flow as a value: a copy of a {@link Tuple}, or the tuple in a request. Excludes the zone, see
 * {@link ZoneScope}.
 *
 * @param source of the same family as {@code destination}
 */
public record TupleSpec(InetAddress source, InetAddress destination, Layer4 layer4) {
    private static final int IPV6_BYTES = 16;
    private static final int IPPROTO_ICMP = 1;
    private static final int IPPROTO_ICMPV6 = 58;

    /** What a protocol adds to the addresses. */
    public sealed interface Layer4 {
        /** IANA protocol number. */
        int protocol();
    }

    /** TCP, UDP, UDP-Lite, SCTP, DCCP; GRE with its keys as ports. Ports 0..65535. */
    public record Ports(int protocol, int source, int destination) implements Layer4 {}

    /** ICMP (protocol 1) or ICMPv6 (58). */
    public record Icmp(int protocol, int type, int code, int id) implements Layer4 {}

    /** A protocol that is tracked by addresses only. */
    public record AddressesOnly(int protocol) implements Layer4 {}

    /** Refuses addresses of different families. */
    public TupleSpec {
        if (source instanceof Inet4Address != destination instanceof Inet4Address) {
            throw new IllegalArgumentException(
                    AddressText.of(source) + " and " + AddressText.of(destination) + " are of different families");
        }
    }

    /** Copies a direction of an event. */
    public static TupleSpec of(Tuple tuple) {
        return new TupleSpec(
                address(tuple, tuple.sourceOffset()), address(tuple, tuple.destinationOffset()), layer4(tuple));
    }

    private static Layer4 layer4(Tuple tuple) {
        if (tuple.has(Tuple.SOURCE_PORT) && tuple.has(Tuple.DESTINATION_PORT)) {
            return new Ports(tuple.protocol(), tuple.sourcePort(), tuple.destinationPort());
        }
        if (tuple.has(Tuple.ICMP_TYPE) && tuple.has(Tuple.ICMP_CODE) && tuple.has(Tuple.ICMP_ID)) {
            return new Icmp(tuple.protocol(), tuple.icmpType(), tuple.icmpCode(), tuple.icmpId());
        }
        return new AddressesOnly(tuple.protocol());
    }

    private static InetAddress address(Tuple tuple, int offset) {
        byte[] bytes = new byte[tuple.addressLengthBytes()];
        tuple.buffer().get(offset, bytes);
        return address(bytes);
    }

    /**
     * The address of 4 or 16 bytes; the length determines the family. {@link InetAddress#getByAddress} would turn
     * {@code ::ffff:1.2.3.4} into an IPv4 address, and so into another flow.
     */
    public static InetAddress address(byte[] bytes) {
        try {
            return bytes.length == IPV6_BYTES
                    ? Inet6Address.getByAddress(null, bytes, -1)
                    : InetAddress.getByAddress(bytes);
        } catch (UnknownHostException e) {
            throw new IllegalArgumentException(bytes.length + " bytes", e);
        }
    }

    /** {@code AF_INET} or {@code AF_INET6}. */
    public int family() {
        return source instanceof Inet4Address ? NfGenMsg.AF_INET : NfGenMsg.AF_INET6;
    }

    public int protocol() {
        return layer4.protocol();
    }

    /**
     * The reply direction when nothing is translated.
     *
     * @throws IllegalArgumentException for an ICMP type that has no reply type
     */
    public TupleSpec inverse() {
        Layer4 inverse;
        if (layer4 instanceof Ports ports) {
            inverse = new Ports(ports.protocol, ports.destination, ports.source);
        } else if (layer4 instanceof Icmp icmp) {
            inverse = new Icmp(icmp.protocol, inverseType(icmp), icmp.code, icmp.id);
        } else {
            inverse = layer4;
        }
        return new TupleSpec(destination, source, inverse);
    }

    /** The pairs of {@code invmap} in {@code nf_conntrack_proto_icmp.c} and {@code nf_conntrack_proto_icmpv6.c}. */
    private static int inverseType(Icmp icmp) {
        return switch (icmp.protocol << 8 | icmp.type) {
            case IPPROTO_ICMP << 8 | 8 -> 0; // echo
            case IPPROTO_ICMP << 8 -> 8;
            case IPPROTO_ICMP << 8 | 13 -> 14; // timestamp
            case IPPROTO_ICMP << 8 | 14 -> 13;
            case IPPROTO_ICMP << 8 | 15 -> 16; // information
            case IPPROTO_ICMP << 8 | 16 -> 15;
            case IPPROTO_ICMP << 8 | 17 -> 18; // address mask
            case IPPROTO_ICMP << 8 | 18 -> 17;
            case IPPROTO_ICMPV6 << 8 | 128 -> 129; // echo
            case IPPROTO_ICMPV6 << 8 | 129 -> 128;
            case IPPROTO_ICMPV6 << 8 | 139 -> 140; // node information
            case IPPROTO_ICMPV6 << 8 | 140 -> 139;
            default ->
                throw new IllegalArgumentException(
                        "type " + icmp.type + " of " + ProtocolNames.of(icmp.protocol) + " has no answer");
        };
    }

    /** Such as {@code tcp 10.1.0.1:33333 > 10.1.0.2:80}. */
    @Override
    public String toString() {
        String protocol = ProtocolNames.of(protocol()) + " ";
        if (layer4 instanceof Ports ports) {
            return protocol + AddressText.of(source, ports.source) + " > "
                    + AddressText.of(destination, ports.destination);
        }
        String text = protocol + AddressText.of(source) + " > " + AddressText.of(destination);
        return layer4 instanceof Icmp icmp
                ? text + " type " + icmp.type + " code " + icmp.code + " id " + icmp.id
                : text;
    }
}
