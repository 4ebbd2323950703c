package dev.ctstream.track;

import static dev.ctstream.conntrack.Cta.*;

import dev.ctstream.conntrack.FlowDecoder;
import dev.ctstream.conntrack.FlowEvent;
import dev.ctstream.conntrack.NfGenMsg;
import dev.ctstream.netlink.NlAttr;
import dev.ctstream.netlink.NlMsgHdr;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Writes a ledger entry as the DESTROY that the kernel would have sent, with the last known values, so that an inferred
 * event is encoded the same way as a received one. It has no stop time, because that is unknown.
 *
 * <p>Ownership: owns buffer and event; both are valid until the next call. Threads: confined to one thread.
 */
final class InferredDestroy {
    /** All attributes at their longest (IPv6) take 356. */
    private static final int MAX_BYTES = 512;

    private static final int V4_ADDRESS = 4;
    private static final int V6_ADDRESS = 16;

    private final ByteBuffer to = ByteBuffer.allocateDirect(MAX_BYTES).order(ByteOrder.nativeOrder());
    private final FlowDecoder decoder = new FlowDecoder();
    private final FlowEvent event = new FlowEvent();

    /** The DESTROY of the record's flow. */
    FlowEvent destroy(LedgerEntry record) {
        header(record);
        tuple(record, CTA_TUPLE_ORIG, false);
        tuple(record, CTA_TUPLE_REPLY, true);
        if (record.has(LedgerEntry.ZONE_BOTH)) {
            be16(CTA_ZONE, record.zone());
        }
        be32(CTA_ID, record.id());
        if (record.has(LedgerEntry.STATUS)) {
            be32(CTA_STATUS, record.status());
        }
        if (record.has(LedgerEntry.MARK)) {
            be32(CTA_MARK, record.mark());
        }
        counters(record);
        if (record.has(LedgerEntry.START)) {
            int nest = beginNest(CTA_TIMESTAMP);
            be64(CTA_TIMESTAMP_START, record.startNanos());
            endNest(nest);
        }
        if (record.has(LedgerEntry.TCP_STATE)) {
            state(CTA_PROTOINFO_TCP, CTA_PROTOINFO_TCP_STATE, record.protocolState());
        } else if (record.has(LedgerEntry.SCTP_STATE)) {
            state(CTA_PROTOINFO_SCTP, CTA_PROTOINFO_SCTP_STATE, record.protocolState());
        }
        int lengthBytes = to.position();
        to.putInt(NlMsgHdr.LENGTH_OFFSET, lengthBytes);
        if (!decoder.decode(event, to, 0, lengthBytes)) {
            throw new IllegalStateException("a ledger entry cannot be decoded as a message");
        }
        return event;
    }

    private void header(LedgerEntry record) {
        to.clear().putInt(0).putShort((short) NfGenMsg.IPCTNL_MSG_CT_DELETE).putShort((short) 0);
        to.putInt(0).putInt(0);
        to.put((byte) (record.v6() ? NfGenMsg.AF_INET6 : NfGenMsg.AF_INET)).put((byte) NfGenMsg.NFNETLINK_V0);
        to.putShort((short) 0);
    }

    private void tuple(LedgerEntry record, int number, boolean reply) {
        final int nest = beginNest(number);
        int lengthBytes = record.v6() ? V6_ADDRESS : V4_ADDRESS;
        int from = record.addressesAt(reply);
        int ip = beginNest(CTA_TUPLE_IP);
        address(record.v6() ? CTA_IP_V6_SRC : CTA_IP_V4_SRC, record.buffer(), from, lengthBytes);
        address(record.v6() ? CTA_IP_V6_DST : CTA_IP_V4_DST, record.buffer(), from + lengthBytes, lengthBytes);
        endNest(ip);
        int proto = beginNest(CTA_TUPLE_PROTO);
        u8(CTA_PROTO_NUM, record.protocol());
        layer4(record, record.layer4(reply));
        endNest(proto);
        if (record.has(reply ? LedgerEntry.ZONE_REPLY : LedgerEntry.ZONE_ORIGINAL)) {
            be16(CTA_TUPLE_ZONE, reply ? record.replyZone() : record.zone());
        }
        endNest(nest);
    }

    private void layer4(LedgerEntry record, int value) {
        if (record.kind() == FlowIdentity.PORTS) {
            be16(CTA_PROTO_SRC_PORT, value >>> 16);
            be16(CTA_PROTO_DST_PORT, value);
        } else if (record.kind() == FlowIdentity.ICMP) {
            be16(record.v6() ? CTA_PROTO_ICMPV6_ID : CTA_PROTO_ICMP_ID, value >>> 16);
            u8(record.v6() ? CTA_PROTO_ICMPV6_TYPE : CTA_PROTO_ICMP_TYPE, value >>> 8);
            u8(record.v6() ? CTA_PROTO_ICMPV6_CODE : CTA_PROTO_ICMP_CODE, value);
        }
    }

    private void counters(LedgerEntry record) {
        if (record.has(LedgerEntry.COUNTERS_ORIGINAL)) {
            counters(CTA_COUNTERS_ORIG, record.counter(0), record.counter(1));
        }
        if (record.has(LedgerEntry.COUNTERS_REPLY)) {
            counters(CTA_COUNTERS_REPLY, record.counter(2), record.counter(3));
        }
    }

    private void counters(int number, long packets, long bytes) {
        int nest = beginNest(number);
        be64(CTA_COUNTERS_PACKETS, packets);
        be64(CTA_COUNTERS_BYTES, bytes);
        endNest(nest);
    }

    private void state(int protocolNest, int number, int state) {
        int info = beginNest(CTA_PROTOINFO);
        int nest = beginNest(protocolNest);
        u8(number, state);
        endNest(nest);
        endNest(info);
    }

    private int beginNest(int number) {
        int at = to.position();
        to.putShort((short) 0).putShort((short) (number | NlAttr.NLA_F_NESTED));
        return at;
    }

    private void endNest(int at) {
        to.putShort(at, (short) (to.position() - at));
    }

    private void attribute(int number, int payloadBytes) {
        to.putShort((short) (NlAttr.HEADER_BYTES + payloadBytes)).putShort((short) number);
    }

    private void u8(int number, int value) {
        attribute(number, 1);
        to.put((byte) value).put((byte) 0).putShort((short) 0); // padded to 4
    }

    private void be16(int number, int value) {
        attribute(number, Short.BYTES);
        to.put((byte) (value >>> 8)).put((byte) value).putShort((short) 0);
    }

    private void be32(int number, int value) {
        attribute(number, Integer.BYTES);
        to.putInt(bigEndian() ? value : Integer.reverseBytes(value));
    }

    private void be64(int number, long value) {
        attribute(number, Long.BYTES);
        to.putLong(bigEndian() ? value : Long.reverseBytes(value));
    }

    private static boolean bigEndian() {
        return ByteOrder.nativeOrder() == ByteOrder.BIG_ENDIAN;
    }

    private void address(int number, ByteBuffer from, int offset, int lengthBytes) {
        attribute(number, lengthBytes);
        for (int i = 0; i < lengthBytes; i += Integer.BYTES) {
            to.putInt(from.getInt(offset + i));
        }
    }
}
