package dev.ctstream.track;

import static dev.ctstream.conntrack.Cta.*;
import static dev.ctstream.conntrack.MessageBytes.*;

import dev.ctstream.conntrack.FlowDecoder;
import dev.ctstream.conntrack.FlowEvent;
import dev.ctstream.conntrack.NfGenMsg;
import dev.ctstream.netlink.NlMsgHdr;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Messages of synthetic flows, identified by a number; every third is IPv6, every fifth is in a zone. */
final class MadeFlows {
    private static final int TCP = 6;

    private final FlowDecoder decoder = new FlowDecoder();
    private final FlowEvent event = new FlowEvent();
    private final ByteBuffer buffer = ByteBuffer.allocateDirect(1024).order(ByteOrder.nativeOrder());

    static int zone(int flow) {
        return flow % 5 == 0 ? flow % 50 : 0;
    }

    static boolean v6(int flow) {
        return flow % 3 == 0;
    }

    FlowEvent begin(int flow, int id, byte[]... more) {
        int flags = NlMsgHdr.NLM_F_CREATE | NlMsgHdr.NLM_F_EXCL;
        return wrap(message(NfGenMsg.IPCTNL_MSG_CT_NEW, flags, flow, id, more));
    }

    FlowEvent update(int flow, int id, byte[]... more) {
        return wrap(message(NfGenMsg.IPCTNL_MSG_CT_NEW, 0, flow, id, more));
    }

    FlowEvent end(int flow, int id, byte[]... more) {
        return wrap(message(NfGenMsg.IPCTNL_MSG_CT_DELETE, 0, flow, id, more));
    }

    /** A dump entry. */
    FlowEvent entry(int flow, int id, byte[]... more) {
        return wrap(message(NfGenMsg.IPCTNL_MSG_CT_NEW, NlMsgHdr.NLM_F_MULTI, flow, id, more));
    }

    FlowEvent endStarted(int flow, int id, long startNanos) {
        return wrap(message(NfGenMsg.IPCTNL_MSG_CT_DELETE, 0, flow, id, start(startNanos)));
    }

    /** A dump entry with counters. */
    FlowEvent entry(int flow, int id, long startNanos, long packets) {
        return wrap(message(
                NfGenMsg.IPCTNL_MSG_CT_NEW, NlMsgHdr.NLM_F_MULTI, flow, id, start(startNanos), counters(packets)));
    }

    FlowEvent dying(int flow, int id) {
        return wrap(message(
                NfGenMsg.IPCTNL_MSG_CT_NEW, NlMsgHdr.NLM_F_MULTI, flow, id, attribute(CTA_STATUS, be32(0x20e))));
    }

    /** NEW or DESTROY with the kernel's event time. */
    FlowEvent timed(boolean begins, int flow, int id, long eventNanos) {
        int type = begins ? NfGenMsg.IPCTNL_MSG_CT_NEW : NfGenMsg.IPCTNL_MSG_CT_DELETE;
        int flags = begins ? NlMsgHdr.NLM_F_CREATE | NlMsgHdr.NLM_F_EXCL : 0;
        return wrap(message(type, flags, flow, id, attribute(CTA_TIMESTAMP_EVENT, be64(eventNanos))));
    }

    private static byte[] start(long nanos) {
        return nest(CTA_TIMESTAMP, attribute(CTA_TIMESTAMP_START, be64(nanos)));
    }

    private static byte[] counters(long packets) {
        return concat(
                nest(
                        CTA_COUNTERS_ORIG,
                        attribute(CTA_COUNTERS_PACKETS, be64(packets)),
                        attribute(CTA_COUNTERS_BYTES, be64(100 * packets))),
                nest(
                        CTA_COUNTERS_REPLY,
                        attribute(CTA_COUNTERS_PACKETS, be64(packets + 1)),
                        attribute(CTA_COUNTERS_BYTES, be64(100 * packets + 1))));
    }

    private static byte[] message(int type, int flags, int flow, int id, byte[]... more) {
        byte[] client = address(flow, 1);
        byte[] server = address(flow, 2);
        return dev.ctstream.conntrack.MessageBytes.message(
                type,
                flags,
                v6(flow) ? NfGenMsg.AF_INET6 : NfGenMsg.AF_INET,
                nest(CTA_TUPLE_ORIG, ip(client, server), ports(TCP, 1024 + flow % 60_000, 443)),
                nest(CTA_TUPLE_REPLY, ip(server, client), ports(TCP, 443, 1024 + flow % 60_000)),
                zone(flow) == 0 ? new byte[0] : attribute(CTA_ZONE, be16(zone(flow))),
                attribute(CTA_ID, be32(id)),
                attribute(CTA_STATUS, be32(0xe)),
                concat(more));
    }

    private static byte[] address(int flow, int end) {
        ByteBuffer bytes = ByteBuffer.allocate(v6(flow) ? 16 : 4);
        if (v6(flow)) {
            bytes.putInt(0xfd000000).putInt(end).putInt(flow / 60_000).putInt(7);
        } else {
            bytes.putInt((10 << 24) | (end << 16) | (flow / 60_000));
        }
        return bytes.array();
    }

    FlowEvent wrap(byte[] message) {
        buffer.clear().put(message);
        if (!decoder.decode(event, buffer, 0, message.length)) {
            throw new IllegalStateException("malformed");
        }
        return event;
    }
}
