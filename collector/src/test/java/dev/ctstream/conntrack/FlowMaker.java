package dev.ctstream.conntrack;

import static dev.ctstream.conntrack.Cta.*;

import dev.ctstream.netlink.MessageWriter;
import dev.ctstream.netlink.NetlinkException;
import dev.ctstream.netlink.NetlinkSocket;
import dev.ctstream.netlink.NetworkNamespace;
import dev.ctstream.netlink.NlMsgHdr;
import dev.ctstream.netlink.Refusal;
import dev.ctstream.netlink.RequestChannel;

/** Creates and deletes many UDP entries at once, hundreds with each system call. Flow n is 10.x.y.z:n to 10.0.0.1. */
public final class FlowMaker implements AutoCloseable {
    private static final int PER_CALL = 250;
    private static final int UDP = 17;

    private final RequestChannel channel;
    private final MessageWriter writer = new MessageWriter();

    private FlowMaker(RequestChannel channel) {
        this.channel = channel;
    }

    public static FlowMaker in(NetworkNamespace namespace) throws NetlinkException {
        return new FlowMaker(RequestChannel.open(namespace, NetlinkSocket.NETLINK_NETFILTER));
    }

    public static int sourcePort(int flow) {
        return 1 + flow % 60_000;
    }

    /** Creates the flows {@code [from, from + count)}. */
    public void create(int from, int count, int zone, int timeoutSeconds) throws NetlinkException {
        for (int flow = from; flow < from + count; ) {
            writer.clear();
            int until = Math.min(from + count, flow + PER_CALL);
            while (flow < until) {
                int flags = NlMsgHdr.NLM_F_CREATE | NlMsgHdr.NLM_F_EXCL;
                start(NfGenMsg.IPCTNL_MSG_CT_NEW, flow + 1 == until ? flags | NlMsgHdr.NLM_F_ACK : flags);
                tuple(CTA_TUPLE_ORIG, flow, false);
                tuple(CTA_TUPLE_REPLY, flow, true);
                zone(zone);
                writer.be32(CTA_TIMEOUT, timeoutSeconds).be32(CTA_STATUS, 0x8);
                flow++;
            }
            send();
        }
    }

    /** Deletes the flows {@code [from, from + count)} by tuple. */
    public void delete(int from, int count, int zone) throws NetlinkException {
        for (int flow = from; flow < from + count; ) {
            writer.clear();
            int until = Math.min(from + count, flow + PER_CALL);
            while (flow < until) {
                start(NfGenMsg.IPCTNL_MSG_CT_DELETE, flow + 1 == until ? NlMsgHdr.NLM_F_ACK : 0);
                tuple(CTA_TUPLE_ORIG, flow, false);
                zone(zone);
                flow++;
            }
            send();
        }
    }

    private void start(int type, int flags) {
        writer.startNetfilter(type, flags, 0, NfGenMsg.AF_INET, NfGenMsg.NFNETLINK_V0, 0);
    }

    private void zone(int zone) {
        if (zone != 0) {
            writer.be16(CTA_ZONE, zone);
        }
    }

    private void tuple(int number, int flow, boolean reply) {
        byte[] client = {10, (byte) (1 + (flow >>> 16)), (byte) (flow >>> 8), (byte) flow};
        byte[] server = {10, 0, 0, 1};
        int port = sourcePort(flow);
        final int nest = writer.beginNest(number);
        int ip = writer.beginNest(CTA_TUPLE_IP);
        writer.bytes(CTA_IP_V4_SRC, reply ? server : client).bytes(CTA_IP_V4_DST, reply ? client : server);
        writer.endNest(ip);
        int proto = writer.beginNest(CTA_TUPLE_PROTO);
        writer.u8(CTA_PROTO_NUM, UDP);
        writer.be16(CTA_PROTO_SRC_PORT, reply ? 53 : port).be16(CTA_PROTO_DST_PORT, reply ? port : 53);
        writer.endNest(proto);
        writer.endNest(nest);
    }

    private void send() throws NetlinkException {
        Refusal refusal = channel.transact(writer);
        if (refusal != null) {
            throw refusal.during("make flows");
        }
    }

    @Override
    public void close() {
        channel.close();
    }
}
