package dev.ctstream.track;

import dev.ctstream.conntrack.FlowEvent;
import dev.ctstream.conntrack.Tuple;
import java.nio.ByteBuffer;

/**
 * One live flow in the ledger, read and written in place. Offsets are in bytes, values in the host's byte order,
 * addresses in the message's.
 *
 * <pre>
 *   0  u32 id              4  u32 source index     8  u16 zone          10  u16 reply zone
 *  12  u8 protocol        13  u8 protocol state   14  u16 flags         16  u32 status
 *  20  u32 mark           24  u16 generation      26  u16 unused        28  u32 absent since, ticks; 0 = present
 *  32  s64 begin sequence, {@link FlowSink#UNKNOWN} = -1
 *  40  original tuple: addresses, u32 ports or ICMP values; then the reply tuple
 *  IPv4: tuples of 12, 64 in all.  IPv6: tuples of 36, 112 in all.
 * </pre>
 *
 * <p>The rear is stored separately, so that NEW and DESTROY of an IPv4 flow need only one cache line. Only dump entries
 * have a start.
 *
 * <pre>
 *   0  u64 packets original    8  u64 bytes original   16  u64 packets reply   24  u64 bytes reply   32  u64 start, ns
 * </pre>
 *
 * <p>Threads: confined to one thread.
 */
final class LedgerEntry {
    static final int V4_BYTES = 64;
    static final int V6_BYTES = 112;
    static final int REAR_BYTES = 40;
    static final int NEXT_FREE_OFFSET = 0;

    static final int LIVE = 1;
    private static final int KIND_SHIFT = 1;
    private static final int KIND_MASK = 3;
    static final int ZONE_BOTH = 1 << 3;
    static final int ZONE_ORIGINAL = 1 << 4;
    static final int ZONE_REPLY = 1 << 5;
    static final int MARK = 1 << 6;
    static final int COUNTERS_ORIGINAL = 1 << 7;
    static final int COUNTERS_REPLY = 1 << 8;
    static final int START = 1 << 9;
    static final int TCP_STATE = 1 << 10;
    static final int SCTP_STATE = 1 << 11;
    static final int STATUS = 1 << 12;
    /** The flow was announced by a dump, not by NEW. */
    static final int FROM_DUMP = 1 << 13;
    /** A dump showed counters that no event has reported. */
    static final int MOVED = 1 << 14;

    private static final int ID = 0;
    private static final int SOURCE = 4;
    private static final int ZONE = 8;
    private static final int REPLY_ZONE = 10;
    private static final int PROTOCOL = 12;
    private static final int STATE = 13;
    private static final int FLAGS = 14;
    private static final int STATUS_BITS = 16;
    private static final int MARK_VALUE = 20;
    private static final int GENERATION = 24;
    private static final int ABSENT_SINCE = 28;
    private static final int BEGIN_SEQUENCE = 32;
    private static final int TUPLES = 40;

    private static final int START_NANOS = 32; // in the rear

    private final FlowIdentity scratch = new FlowIdentity();
    private ByteBuffer buffer = ByteBuffer.allocate(0);
    private int at;
    private int rearAt;
    private boolean v6;

    /** Moves this flyweight to a record. */
    LedgerEntry wrap(ByteBuffer chunk, int offset, int rearOffset, boolean ipv6) {
        buffer = chunk;
        at = offset;
        rearAt = rearOffset;
        v6 = ipv6;
        return this;
    }

    private int addressBytes() {
        return v6 ? 32 : 8;
    }

    private int tupleBytes() {
        return addressBytes() + Integer.BYTES;
    }

    /** Offset in {@link #buffer} of a direction's addresses: source, then destination. */
    int addressesAt(boolean reply) {
        return at + TUPLES + (reply ? tupleBytes() : 0);
    }

    /** Ports or ICMP values of a direction, as in {@link FlowIdentity}. */
    int layer4(boolean reply) {
        return buffer.getInt(addressesAt(reply) + addressBytes());
    }

    /** Fills a new record with the values of the event that opened the flow. */
    void begin(FlowIdentity identity, FlowEvent event) {
        buffer.putInt(at + ID, identity.id)
                .putInt(at + SOURCE, identity.source)
                .putShort(at + ZONE, (short) identity.zone)
                .putShort(at + REPLY_ZONE, (short) 0)
                .put(at + PROTOCOL, (byte) identity.protocol)
                .put(at + STATE, (byte) 0)
                .putShort(at + FLAGS, (short) (LIVE | (identity.kind << KIND_SHIFT) | zones(event)))
                .putInt(at + ABSENT_SINCE, 0)
                .putLong(at + BEGIN_SEQUENCE, FlowSink.UNKNOWN);
        putTuple(addressesAt(false), identity);
        scratch.loadTuple(event.reply());
        putTuple(addressesAt(true), scratch);
        update(event);
    }

    private int zones(FlowEvent event) {
        if (event.original().has(Tuple.ZONE)) {
            return ZONE_ORIGINAL;
        }
        if (event.reply().has(Tuple.ZONE)) {
            buffer.putShort(at + REPLY_ZONE, (short) event.replyZone());
            return ZONE_REPLY;
        }
        return event.has(FlowEvent.ZONE) ? ZONE_BOTH : 0;
    }

    private void putTuple(int to, FlowIdentity tuple) {
        buffer.putLong(to, tuple.address0);
        if (v6) {
            buffer.putLong(to + 8, tuple.address1)
                    .putLong(to + 16, tuple.address2)
                    .putLong(to + 24, tuple.address3);
        }
        buffer.putInt(to + addressBytes(), tuple.layer4);
    }

    /** Takes over the values that the event has; keeps the others. */
    void update(FlowEvent event) {
        int flags = flags();
        if (event.has(FlowEvent.STATUS)) {
            buffer.putInt(at + STATUS_BITS, event.status());
            flags |= STATUS;
        }
        if (event.has(FlowEvent.MARK)) {
            buffer.putInt(at + MARK_VALUE, (int) event.mark());
            flags |= MARK;
        }
        if (event.has(FlowEvent.START_TIME)) {
            buffer.putLong(rearAt + START_NANOS, event.startTimeNanos());
            flags |= START;
        }
        if (event.has(FlowEvent.TCP_STATE)) {
            buffer.put(at + STATE, (byte) event.tcpState());
            flags |= TCP_STATE;
        } else if (event.has(FlowEvent.SCTP_STATE)) {
            buffer.put(at + STATE, (byte) event.sctpState());
            flags |= SCTP_STATE;
        }
        if (event.has(FlowEvent.PACKETS_ORIGINAL) && event.has(FlowEvent.BYTES_ORIGINAL)) {
            flags = counters(flags, COUNTERS_ORIGINAL, rearAt, event.packetsOriginal(), event.bytesOriginal());
        }
        if (event.has(FlowEvent.PACKETS_REPLY) && event.has(FlowEvent.BYTES_REPLY)) {
            flags = counters(flags, COUNTERS_REPLY, rearAt + 16, event.packetsReply(), event.bytesReply());
        }
        buffer.putShort(at + FLAGS, (short) flags);
    }

    /** Takes over the counters of a direction; returns the flags. */
    private int counters(int flags, int present, int to, long packets, long bytes) {
        boolean moved = (flags & present) == 0 || buffer.getLong(to) != packets || buffer.getLong(to + 8) != bytes;
        buffer.putLong(to, packets).putLong(to + 8, bytes);
        return flags | present | (moved ? MOVED : 0);
    }

    /** The flow's counters are in an event now. */
    void reported() {
        buffer.putShort(at + FLAGS, (short) (flags() & ~MOVED));
    }

    /** Whether this record has that identity. */
    boolean matches(FlowIdentity identity) {
        int tuple = addressesAt(false);
        return buffer.getInt(at + ID) == identity.id
                && buffer.getInt(at + SOURCE) == identity.source
                && zone() == identity.zone
                && protocol() == identity.protocol
                && buffer.getLong(tuple) == identity.address0
                && layer4(false) == identity.layer4
                && (!v6 || restMatches(identity, tuple));
    }

    private boolean restMatches(FlowIdentity identity, int tuple) {
        return buffer.getLong(tuple + 8) == identity.address1
                && buffer.getLong(tuple + 16) == identity.address2
                && buffer.getLong(tuple + 24) == identity.address3;
    }

    /** Negative if the event's flow began before this one, positive if after it; 0 = the same flow, or unknown. */
    long startOrder(FlowEvent event) {
        return has(START) && event.has(FlowEvent.START_TIME) ? event.startTimeNanos() - startNanos() : 0;
    }

    /** Copies the identity into {@code into}. */
    void identity(FlowIdentity into) {
        int tuple = addressesAt(false);
        into.id = buffer.getInt(at + ID);
        into.source = buffer.getInt(at + SOURCE);
        into.zone = zone();
        into.protocol = protocol();
        into.kind = kind();
        into.layer4 = layer4(false);
        into.v6 = v6;
        into.address0 = buffer.getLong(tuple);
        into.address1 = v6 ? buffer.getLong(tuple + 8) : 0;
        into.address2 = v6 ? buffer.getLong(tuple + 16) : 0;
        into.address3 = v6 ? buffer.getLong(tuple + 24) : 0;
        into.loaded();
    }

    void end() {
        buffer.putShort(at + FLAGS, (short) 0);
    }

    /** Notes that the flow was present in this generation of dumps. */
    void seen(int generation) {
        buffer.putShort(at + GENERATION, (short) generation).putInt(at + ABSENT_SINCE, 0);
    }

    void addFlags(int bits) {
        buffer.putShort(at + FLAGS, (short) (flags() | bits));
    }

    /** Sequence of the event that opened the flow; {@link FlowSink#UNKNOWN} until it is assigned. */
    long beginSequence() {
        return buffer.getLong(at + BEGIN_SEQUENCE);
    }

    void beginSequence(long sequence) {
        buffer.putLong(at + BEGIN_SEQUENCE, sequence);
    }

    void absentSince(int tick) {
        buffer.putInt(at + ABSENT_SINCE, tick);
    }

    /** Ticks, see {@link Sweep}; 0 = the flow was present in the last complete dump, or began later. */
    int absentSince() {
        return buffer.getInt(at + ABSENT_SINCE);
    }

    /** Whether the flow was last seen before this generation's dump began. */
    boolean seenBefore(int generation) {
        return (short) (buffer.getShort(at + GENERATION) - generation) < 0;
    }

    ByteBuffer buffer() {
        return buffer;
    }

    boolean v6() {
        return v6;
    }

    int flags() {
        return buffer.getShort(at + FLAGS) & 0xFFFF;
    }

    boolean has(int flag) {
        return (flags() & flag) != 0;
    }

    int kind() {
        return (flags() >>> KIND_SHIFT) & KIND_MASK;
    }

    int source() {
        return buffer.getInt(at + SOURCE);
    }

    int id() {
        return buffer.getInt(at + ID);
    }

    int zone() {
        return buffer.getShort(at + ZONE) & 0xFFFF;
    }

    int replyZone() {
        return buffer.getShort(at + REPLY_ZONE) & 0xFFFF;
    }

    int protocol() {
        return buffer.get(at + PROTOCOL) & 0xFF;
    }

    int protocolState() {
        return buffer.get(at + STATE) & 0xFF;
    }

    int status() {
        return buffer.getInt(at + STATUS_BITS);
    }

    int mark() {
        return buffer.getInt(at + MARK_VALUE);
    }

    long startNanos() {
        return buffer.getLong(rearAt + START_NANOS);
    }

    /** {@code which}: 0 packets original, 1 bytes original, 2 packets reply, 3 bytes reply. */
    long counter(int which) {
        return buffer.getLong(rearAt + which * Long.BYTES);
    }
}
