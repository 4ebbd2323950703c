package dev.ctstream.track;

import static dev.ctstream.conntrack.Cta.*;

import dev.ctstream.conntrack.FlowDecoder;
import dev.ctstream.conntrack.FlowEvent;
import dev.ctstream.conntrack.NfGenMsg;
import dev.ctstream.netlink.MessageWriter;
import java.nio.ByteBuffer;

/**
 * Writes a ledger entry as the DESTROY that the kernel would have sent, with the last known values, so that an inferred
 * event is encoded the same way as a received one. It has no stop time, because that is unknown.
 *
 * <p>Ownership: owns message and event; both are valid until the next call. Allocates nothing. Threads: confined to one.
 */
final class InferredDestroy {
    private static final int V4_ADDRESS_BYTES = 4;
    private static final int V6_ADDRESS_BYTES = 16;

    private final MessageWriter to = new MessageWriter();
    private final FlowDecoder decoder = new FlowDecoder();
    private final FlowEvent event = new FlowEvent();

    /** The DESTROY of the record's flow. */
    FlowEvent destroy(LedgerEntry record) {
        to.clear().startNetfilter(NfGenMsg.IPCTNL_MSG_CT_DELETE, 0, 0, family(record), NfGenMsg.NFNETLINK_V0, 0);
        tuple(record, CTA_TUPLE_ORIG, false);
        tuple(record, CTA_TUPLE_REPLY, true);
        if (record.has(LedgerEntry.ZONE_BOTH)) {
            to.be16(CTA_ZONE, record.zone());
        }
        to.be32(CTA_ID, record.id());
        if (record.has(LedgerEntry.STATUS)) {
            to.be32(CTA_STATUS, record.status());
        }
        if (record.has(LedgerEntry.MARK)) {
            to.be32(CTA_MARK, record.mark());
        }
        counters(record);
        if (record.has(LedgerEntry.START)) {
            int nest = to.beginNest(CTA_TIMESTAMP);
            to.be64(CTA_TIMESTAMP_START, record.startNanos()).endNest(nest);
        }
        if (record.has(LedgerEntry.TCP_STATE)) {
            state(CTA_PROTOINFO_TCP, CTA_PROTOINFO_TCP_STATE, record.protocolState());
        } else if (record.has(LedgerEntry.SCTP_STATE)) {
            state(CTA_PROTOINFO_SCTP, CTA_PROTOINFO_SCTP_STATE, record.protocolState());
        }
        ByteBuffer message = to.finish();
        if (!decoder.decode(event, message, 0, message.limit())) {
            throw new IllegalStateException("a ledger entry is not a valid message");
        }
        return event;
    }

    private static int family(LedgerEntry record) {
        return record.v6() ? NfGenMsg.AF_INET6 : NfGenMsg.AF_INET;
    }

    private void tuple(LedgerEntry record, int number, boolean reply) {
        final int nest = to.beginNest(number);
        int bytes = record.v6() ? V6_ADDRESS_BYTES : V4_ADDRESS_BYTES;
        int from = record.addressesAt(reply);
        int ip = to.beginNest(CTA_TUPLE_IP);
        to.words(record.v6() ? CTA_IP_V6_SRC : CTA_IP_V4_SRC, record.buffer(), from, bytes)
                .words(record.v6() ? CTA_IP_V6_DST : CTA_IP_V4_DST, record.buffer(), from + bytes, bytes)
                .endNest(ip);
        int proto = to.beginNest(CTA_TUPLE_PROTO);
        to.u8(CTA_PROTO_NUM, record.protocol());
        layer4(record, record.layer4(reply));
        to.endNest(proto);
        if (record.has(reply ? LedgerEntry.ZONE_REPLY : LedgerEntry.ZONE_ORIGINAL)) {
            to.be16(CTA_TUPLE_ZONE, reply ? record.replyZone() : record.zone());
        }
        to.endNest(nest);
    }

    private void layer4(LedgerEntry record, int value) {
        if (record.kind() == FlowIdentity.PORTS) {
            to.be16(CTA_PROTO_SRC_PORT, value >>> 16).be16(CTA_PROTO_DST_PORT, value);
        } else if (record.kind() == FlowIdentity.ICMP) {
            to.be16(record.v6() ? CTA_PROTO_ICMPV6_ID : CTA_PROTO_ICMP_ID, value >>> 16)
                    .u8(record.v6() ? CTA_PROTO_ICMPV6_TYPE : CTA_PROTO_ICMP_TYPE, value >>> 8)
                    .u8(record.v6() ? CTA_PROTO_ICMPV6_CODE : CTA_PROTO_ICMP_CODE, value);
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
        int nest = to.beginNest(number);
        to.be64(CTA_COUNTERS_PACKETS, packets).be64(CTA_COUNTERS_BYTES, bytes).endNest(nest);
    }

    private void state(int protocolNest, int number, int state) {
        int info = to.beginNest(CTA_PROTOINFO);
        int nest = to.beginNest(protocolNest);
        to.u8(number, state).endNest(nest).endNest(info);
    }
}
