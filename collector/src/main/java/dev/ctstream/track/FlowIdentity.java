package dev.ctstream.track;

import dev.ctstream.conntrack.FlowEvent;
import dev.ctstream.conntrack.Tuple;
import java.nio.ByteBuffer;

/**
 * The identity of a flow: source (namespace), zone, tuple of the original direction and {@code CTA_ID}. Loaded from an
 * event or from a ledger entry; allocates nothing. The start time is compared separately, because NEW does not carry
 * it.
 *
 * <p>Addresses keep the byte order of the message: IPv4 as {@code destination << 32 | source} of the raw words, IPv6 as
 * four words.
 *
 * <p>Threads: confined to one.
 */
final class FlowIdentity {
    /** What the tuple holds besides addresses: nothing, ports, or ICMP type, code and id. */
    static final int PLAIN = 0;

    static final int PORTS = 1;
    static final int ICMP = 2;

    private static final long U32 = 0xFFFF_FFFFL;
    // Odd constants of splitmix64 and of the golden ratio. Any odd constant with evenly spread bits would do.
    private static final long MIX_1 = 0xBF58476D1CE4E5B9L;
    private static final long MIX_2 = 0x94D049BB133111EBL;
    private static final long MIX_3 = 0x9E3779B97F4A7C15L;

    int source;
    int id;
    int zone;
    int protocol;
    int kind;
    int layer4;
    boolean v6;
    long address0;
    long address1;
    long address2;
    long address3;

    private long hash;

    /** Loads the identity of an event of this source. */
    void load(int sourceIndex, FlowEvent event) {
        source = sourceIndex;
        id = event.has(FlowEvent.ID) ? (int) event.id() : 0;
        zone = event.zone();
        v6 = event.ipVersion() == 6;
        loadTuple(event.original());
        hash = mix();
    }

    /** Loads the addresses, protocol, and ports or ICMP values of a direction. */
    void loadTuple(Tuple tuple) {
        protocol = tuple.protocol();
        kind = kind(tuple);
        layer4 = switch (kind) {
            case PORTS -> (tuple.sourcePort() << 16) | tuple.destinationPort();
            case ICMP -> (tuple.icmpId() << 16) | (tuple.icmpType() << 8) | tuple.icmpCode();
            default -> 0;
        };
        ByteBuffer buffer = tuple.buffer();
        int from = tuple.sourceOffset();
        int to = tuple.destinationOffset();
        if (tuple.addressLengthBytes() == Integer.BYTES) {
            address0 = (buffer.getInt(from) & U32) | ((long) buffer.getInt(to) << Integer.SIZE);
            address1 = 0;
            address2 = 0;
            address3 = 0;
        } else {
            address0 = buffer.getLong(from);
            address1 = buffer.getLong(from + Long.BYTES);
            address2 = buffer.getLong(to);
            address3 = buffer.getLong(to + Long.BYTES);
        }
    }

    private static int kind(Tuple tuple) {
        if (tuple.has(Tuple.SOURCE_PORT) && tuple.has(Tuple.DESTINATION_PORT)) {
            return PORTS;
        }
        return tuple.has(Tuple.ICMP_TYPE) && tuple.has(Tuple.ICMP_CODE) && tuple.has(Tuple.ICMP_ID) ? ICMP : PLAIN;
    }

    /** 64-bit hash as of the last {@link #load} or {@link #loaded}; different identities rarely share one. */
    long hash() {
        return hash;
    }

    /** Call it after setting all fields: computes the hash. */
    void loaded() {
        hash = mix();
    }

    private long mix() {
        long mixed = (address0 ^ Long.rotateLeft(address1, 17)) * MIX_3;
        mixed ^= (address2 ^ Long.rotateLeft(address3, 29)) * MIX_2;
        mixed = (mixed ^ (mixed >>> 31)) + (((long) id << Integer.SIZE) | (layer4 & U32)) * MIX_1;
        mixed = (mixed ^ (mixed >>> 30)) + (((long) source << Integer.SIZE) | ((long) zone << 8) | protocol) * MIX_3;
        mixed = (mixed ^ (mixed >>> 30)) * MIX_1;
        mixed = (mixed ^ (mixed >>> 27)) * MIX_2;
        return mixed ^ (mixed >>> 31);
    }
}
