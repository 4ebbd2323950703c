package dev.ctstream.conntrack;

import dev.ctstream.record.AddressPrefix;

/**
 * One direction of a flow, read in place from a netlink message. Ports are GRE keys for GRE; ICMP and ICMPv6 share the
 * {@code icmp} accessors; other protocols may have neither.
 *
 * <p>Ownership: part of a {@link FlowEvent} and valid as long as that event.
 *
 * <p>Threads: confined to the event's thread.
 *
 * <p>Errors: none; a value may be read only when {@link #has} is true. Addresses and the protocol are always present.
 *
 * <p>Source: {@code enum ctattr_tuple}, {@code ctattr_ip}, {@code ctattr_l4proto}.
 */
public final class Tuple extends PresentFields {
    /** {@code CTA_TUPLE_ZONE}: the zone of this direction only. */
    public static final int ZONE = 0;

    public static final int SOURCE = 1;
    public static final int DESTINATION = 2;
    public static final int PROTOCOL = 3;
    public static final int SOURCE_PORT = 4;
    public static final int DESTINATION_PORT = 5;
    public static final int ICMP_TYPE = 6;
    public static final int ICMP_CODE = 7;
    public static final int ICMP_ID = 8;

    private static final int FIELDS = 9;
    private static final long COMPLETE = 1L << SOURCE | 1L << DESTINATION | 1L << PROTOCOL;

    Tuple() {
        super(FIELDS);
    }

    boolean complete(int expectedAddressBytes) {
        return (presence() & COMPLETE) == COMPLETE
                && length(SOURCE) == expectedAddressBytes
                && length(DESTINATION) == expectedAddressBytes;
    }

    /** IANA protocol number. */
    public int protocol() {
        return u8(PROTOCOL);
    }

    /** 4 or 16. */
    public int addressLengthBytes() {
        return length(SOURCE);
    }

    /** Offset of the source address in the event's buffer; network order. */
    public int sourceOffset() {
        return offset(SOURCE);
    }

    /** Offset of the destination address in the event's buffer; network order. */
    public int destinationOffset() {
        return offset(DESTINATION);
    }

    /** Whether the source address has the prefix. */
    public boolean sourceIn(AddressPrefix prefix) {
        return prefix.contains(buffer(), sourceOffset(), addressLengthBytes());
    }

    /** Whether the destination address has the prefix. */
    public boolean destinationIn(AddressPrefix prefix) {
        return prefix.contains(buffer(), destinationOffset(), addressLengthBytes());
    }

    public int sourcePort() {
        return be16(SOURCE_PORT);
    }

    public int destinationPort() {
        return be16(DESTINATION_PORT);
    }

    public int icmpType() {
        return u8(ICMP_TYPE);
    }

    public int icmpCode() {
        return u8(ICMP_CODE);
    }

    public int icmpId() {
        return be16(ICMP_ID);
    }

    /** The directional zone, 0..65535. */
    public int zone() {
        return be16(ZONE);
    }
}
