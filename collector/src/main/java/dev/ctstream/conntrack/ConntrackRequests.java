package dev.ctstream.conntrack;

import static dev.ctstream.conntrack.Cta.*;

import dev.ctstream.netlink.MessageWriter;
import dev.ctstream.netlink.NlMsgHdr;
import dev.ctstream.record.AddressPrefix;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/**
 * Writes the requests of {@link ConntrackTable}. Only two methods write a DELETE: {@link #delete}, always with tuple
 * and id, and {@link #flush}, which takes a {@link Flush}. {@link DeleteGuard} checks the bytes again.
 *
 * <p>Ownership: the returned writer is reused by the next request. Threads: confined to one thread.
 *
 * <p>Source: {@code ctnetlink_new_conntrack}, {@code ctnetlink_del_conntrack} in {@code nf_conntrack_netlink.c}.
 */
final class ConntrackRequests {
    private static final int IPPROTO_TCP = 6;
    private static final int IPPROTO_DCCP = 33;
    private static final int IPPROTO_ICMPV6 = 58;
    private static final int IPPROTO_SCTP = 132;

    // Bits of CTA_FILTER_ORIG_FLAGS and CTA_FILTER_REPLY_FLAGS: CTA_FILTER_F_* of nf_conntrack_netlink.c.
    private static final int FILTER_SOURCE = 1;
    private static final int FILTER_DESTINATION = 1 << 1;
    private static final int FILTER_PROTOCOL = 1 << 3;
    private static final int FILTER_SOURCE_PORT = 1 << 4;
    private static final int FILTER_DESTINATION_PORT = 1 << 5;
    private static final int FILTER_ICMP_TYPE = 1 << 6;
    private static final int FILTER_ICMP_CODE = 1 << 7;
    private static final int FILTER_ICMP_ID = 1 << 8;
    /** Shift from the three ICMP bits to the corresponding ICMPv6 bits. */
    private static final int FILTER_ICMPV6_SHIFT = 3;

    private static final long FILTER_UNKNOWN = 1L << 31;

    private final MessageWriter writer = new MessageWriter();

    MessageWriter dump(DumpFilter filter) {
        start(NfGenMsg.IPCTNL_MSG_CT_GET, 0, filter.family());
        if (filter.zone() != null) {
            writer.be16(CTA_ZONE, filter.zone());
        }
        if (filter.mark() != null) {
            writer.be32(CTA_MARK, filter.mark().value())
                    .be32(CTA_MARK_MASK, filter.mark().mask());
        }
        if (filter.status() != null) {
            writer.be32(CTA_STATUS, filter.status().value())
                    .be32(CTA_STATUS_MASK, filter.status().mask());
        }
        int original = match(CTA_TUPLE_ORIG, filter.original());
        int reply = match(CTA_TUPLE_REPLY, filter.reply());
        if ((original | reply) != 0) {
            filterFlags(original, reply);
        }
        return writer;
    }

    /** A dump with a filter that no kernel supports; a kernel that reads CTA_FILTER at all refuses it. */
    MessageWriter impossibleTupleFilter() {
        start(NfGenMsg.IPCTNL_MSG_CT_GET, 0, NfGenMsg.AF_INET);
        filterFlags(FILTER_UNKNOWN, 0);
        return writer;
    }

    private void filterFlags(long original, long reply) {
        int filter = writer.beginNest(CTA_FILTER);
        writer.host32(CTA_FILTER_ORIG_FLAGS, original).host32(CTA_FILTER_REPLY_FLAGS, reply);
        writer.endNest(filter);
    }

    /** Writes the conditions on one direction; returns their flags, 0 when nothing was written. */
    private int match(int number, TupleMatch match) {
        if (match.equals(TupleMatch.ANY)) {
            return 0;
        }
        final int nest = writer.beginNest(number);
        int flags = 0;
        if (match.source() != null || match.destination() != null) {
            int ip = writer.beginNest(CTA_TUPLE_IP);
            flags |= matchAddress(CTA_IP_V4_SRC, match.source(), FILTER_SOURCE);
            flags |= matchAddress(CTA_IP_V4_DST, match.destination(), FILTER_DESTINATION);
            writer.endNest(ip);
        }
        if (match.protocol() != null) {
            int proto = writer.beginNest(CTA_TUPLE_PROTO);
            writer.u8(CTA_PROTO_NUM, match.protocol());
            flags |= FILTER_PROTOCOL;
            flags |= match16(CTA_PROTO_SRC_PORT, match.sourcePort(), FILTER_SOURCE_PORT);
            flags |= match16(CTA_PROTO_DST_PORT, match.destinationPort(), FILTER_DESTINATION_PORT);
            flags |= matchIcmp(match, match.protocol() == IPPROTO_ICMPV6);
            writer.endNest(proto);
        }
        writer.endNest(nest);
        return flags;
    }

    private int matchIcmp(TupleMatch match, boolean v6) {
        int flags = match8(v6 ? CTA_PROTO_ICMPV6_TYPE : CTA_PROTO_ICMP_TYPE, match.icmpType(), FILTER_ICMP_TYPE);
        flags |= match8(v6 ? CTA_PROTO_ICMPV6_CODE : CTA_PROTO_ICMP_CODE, match.icmpCode(), FILTER_ICMP_CODE);
        flags |= match16(v6 ? CTA_PROTO_ICMPV6_ID : CTA_PROTO_ICMP_ID, match.icmpId(), FILTER_ICMP_ID);
        return v6 ? flags << FILTER_ICMPV6_SHIFT : flags;
    }

    private int matchAddress(int number, @Nullable AddressPrefix address, int flag) {
        if (address == null) {
            return 0;
        }
        writer.bytes(number, address.address());
        return flag;
    }

    private int match8(int number, @Nullable Integer value, int flag) {
        if (value == null) {
            return 0;
        }
        writer.u8(number, value);
        return flag;
    }

    private int match16(int number, @Nullable Integer value, int flag) {
        if (value == null) {
            return 0;
        }
        writer.be16(number, value);
        return flag;
    }

    /** A request of this message type without attributes. */
    MessageWriter plain(int type) {
        return start(type, 0, NfGenMsg.AF_UNSPEC);
    }

    MessageWriter get(TupleSpec original, ZoneScope zone) {
        start(NfGenMsg.IPCTNL_MSG_CT_GET, 0, original.family());
        originalTuple(original, zone);
        return writer;
    }

    /** Creates only: the kernel refuses an existing entry with EEXIST. */
    MessageWriter create(FlowSpec flow) {
        int flags = NlMsgHdr.NLM_F_CREATE | NlMsgHdr.NLM_F_EXCL;
        start(NfGenMsg.IPCTNL_MSG_CT_NEW, flags, flow.original().family());
        originalTuple(flow.original(), flow.zone());
        tuple(CTA_TUPLE_REPLY, flow.reply(), flow.zone(), ZoneScope.Direction.REPLY);
        properties(flow);
        nat(CTA_NAT_SRC, flow.sourceNat());
        nat(CTA_NAT_DST, flow.destinationNat());
        if (flow.extras().master() != null) {
            tuple(CTA_TUPLE_MASTER, flow.extras().master(), ZoneScope.NONE, ZoneScope.Direction.ORIGINAL);
        }
        return writer;
    }

    /**
     * Changes only: the kernel refuses a missing entry with ENOENT. Sends neither NAT nor a master, which cannot be
     * changed.
     */
    MessageWriter update(FlowSpec flow) {
        start(NfGenMsg.IPCTNL_MSG_CT_NEW, 0, flow.original().family());
        originalTuple(flow.original(), flow.zone());
        properties(flow);
        return writer;
    }

    MessageWriter delete(EntryKey key) {
        start(NfGenMsg.IPCTNL_MSG_CT_DELETE, 0, key.original().family());
        originalTuple(key.original(), key.zone());
        return writer.be32(CTA_ID, key.id());
    }

    MessageWriter flush(Flush flush) {
        int type = NfGenMsg.IPCTNL_MSG_CT_DELETE;
        if (flush instanceof Flush.Family family) {
            return writer.clear()
                    .startNetfilter(type, 0, 0, family.family(), DeleteGuard.VERSION_THAT_HONOURS_FAMILY, 0);
        }
        start(type, 0, NfGenMsg.AF_UNSPEC);
        return flush instanceof Flush.Zone zone ? writer.be16(CTA_ZONE, zone.zone()) : writer;
    }

    private MessageWriter start(int type, int flags, int family) {
        return writer.clear().startNetfilter(type, flags, 0, family, NfGenMsg.NFNETLINK_V0, 0);
    }

    /** The tuple that identifies an entry, and its zone: for both directions, or inside the tuple for one. */
    private void originalTuple(TupleSpec original, ZoneScope zone) {
        tuple(CTA_TUPLE_ORIG, original, zone, ZoneScope.Direction.ORIGINAL);
        if (zone.direction() == ZoneScope.Direction.BOTH) {
            writer.be16(CTA_ZONE, zone.zone()); // 2 bytes: of 4 the kernel would read the first two
        }
    }

    private void tuple(int number, TupleSpec tuple, ZoneScope zone, ZoneScope.Direction direction) {
        final int nest = writer.beginNest(number);
        boolean v4 = tuple.family() == NfGenMsg.AF_INET;
        int ip = writer.beginNest(CTA_TUPLE_IP);
        writer.bytes(v4 ? CTA_IP_V4_SRC : CTA_IP_V6_SRC, tuple.source().getAddress());
        writer.bytes(v4 ? CTA_IP_V4_DST : CTA_IP_V6_DST, tuple.destination().getAddress());
        writer.endNest(ip);
        int proto = writer.beginNest(CTA_TUPLE_PROTO);
        layer4(tuple.layer4());
        writer.endNest(proto);
        if (zone.direction() == direction) {
            writer.be16(CTA_TUPLE_ZONE, zone.zone());
        }
        writer.endNest(nest);
    }

    private void layer4(TupleSpec.Layer4 layer4) {
        writer.u8(CTA_PROTO_NUM, layer4.protocol());
        if (layer4 instanceof TupleSpec.Ports ports) {
            writer.be16(CTA_PROTO_SRC_PORT, ports.source()).be16(CTA_PROTO_DST_PORT, ports.destination());
        } else if (layer4 instanceof TupleSpec.Icmp icmp) {
            boolean v6 = icmp.protocol() == IPPROTO_ICMPV6;
            writer.u8(v6 ? CTA_PROTO_ICMPV6_TYPE : CTA_PROTO_ICMP_TYPE, icmp.type());
            writer.u8(v6 ? CTA_PROTO_ICMPV6_CODE : CTA_PROTO_ICMP_CODE, icmp.code());
            writer.be16(v6 ? CTA_PROTO_ICMPV6_ID : CTA_PROTO_ICMP_ID, icmp.id());
        }
    }

    private void properties(FlowSpec flow) {
        if (flow.timeoutSeconds() != null) {
            writer.be32(CTA_TIMEOUT, flow.timeoutSeconds());
        }
        if (flow.status() != null) {
            writer.be32(CTA_STATUS, flow.status());
        }
        if (flow.mark() != null) {
            writer.be32(CTA_MARK, flow.mark());
        }
        if (flow.labels() != null) {
            writer.bytes(CTA_LABELS, bytes(flow.labels()));
        }
        if (flow.helper() != null) {
            int help = writer.beginNest(CTA_HELP);
            writer.string(CTA_HELP_NAME, flow.helper()).endNest(help);
        }
        FlowExtras extras = flow.extras();
        if (flow.protocolState() != null) {
            protocolState(flow.original().protocol(), flow.protocolState(), extras.details());
        }
        sequenceAdjustment(CTA_SEQ_ADJ_ORIG, extras.sequenceOriginal());
        sequenceAdjustment(CTA_SEQ_ADJ_REPLY, extras.sequenceReply());
        if (extras.synproxy() != null) {
            int synproxy = writer.beginNest(CTA_SYNPROXY);
            writer.be32(CTA_SYNPROXY_ISN, extras.synproxy().isn())
                    .be32(CTA_SYNPROXY_ITS, extras.synproxy().its())
                    .be32(CTA_SYNPROXY_TSOFF, extras.synproxy().tsoff())
                    .endNest(synproxy);
        }
    }

    private void sequenceAdjustment(int number, FlowExtras.@Nullable SequenceAdjustment adjustment) {
        if (adjustment == null) {
            return;
        }
        int nest = writer.beginNest(number);
        writer.be32(CTA_SEQADJ_CORRECTION_POS, adjustment.position())
                .be32(CTA_SEQADJ_OFFSET_BEFORE, adjustment.offsetBefore() & 0xFFFF_FFFFL)
                .be32(CTA_SEQADJ_OFFSET_AFTER, adjustment.offsetAfter() & 0xFFFF_FFFFL)
                .endNest(nest);
    }

    private void protocolState(int protocol, int state, FlowExtras.@Nullable Details details) {
        int info = writer.beginNest(CTA_PROTOINFO);
        switch (protocol) {
            case IPPROTO_TCP -> tcp(state, details instanceof FlowExtras.Tcp tcp ? tcp : null);
            case IPPROTO_SCTP -> {
                // The kernel requires all three.
                FlowExtras.Sctp tags = details instanceof FlowExtras.Sctp sctp ? sctp : new FlowExtras.Sctp(0, 0);
                int nest = writer.beginNest(CTA_PROTOINFO_SCTP);
                writer.u8(CTA_PROTOINFO_SCTP_STATE, state)
                        .be32(CTA_PROTOINFO_SCTP_VTAG_ORIGINAL, tags.tagOriginal())
                        .be32(CTA_PROTOINFO_SCTP_VTAG_REPLY, tags.tagReply())
                        .endNest(nest);
            }
            case IPPROTO_DCCP -> {
                // The kernel requires state and role.
                FlowExtras.Dccp more = details instanceof FlowExtras.Dccp dccp ? dccp : new FlowExtras.Dccp(0, 0);
                int nest = writer.beginNest(CTA_PROTOINFO_DCCP);
                writer.u8(CTA_PROTOINFO_DCCP_STATE, state)
                        .u8(CTA_PROTOINFO_DCCP_ROLE, more.role())
                        .be64(CTA_PROTOINFO_DCCP_HANDSHAKE_SEQ, more.handshakeSequence())
                        .endNest(nest);
            }
            default -> throw new IllegalArgumentException("protocol " + protocol + " has no state");
        }
        writer.endNest(info);
    }

    private void tcp(int state, FlowExtras.@Nullable Tcp tcp) {
        final int nest = writer.beginNest(CTA_PROTOINFO_TCP);
        writer.u8(CTA_PROTOINFO_TCP_STATE, state);
        if (tcp != null) {
            writer.u8(CTA_PROTOINFO_TCP_WSCALE_ORIGINAL, tcp.scaleOriginal())
                    .u8(CTA_PROTOINFO_TCP_WSCALE_REPLY, tcp.scaleReply())
                    .bytes(CTA_PROTOINFO_TCP_FLAGS_ORIGINAL, withMask(tcp.flagsOriginal()))
                    .bytes(CTA_PROTOINFO_TCP_FLAGS_REPLY, withMask(tcp.flagsReply()));
        }
        writer.endNest(nest);
    }

    /** {@code struct nf_ct_tcp_flags} that sets and clears every flag. */
    private static byte[] withMask(int flags) {
        return new byte[] {(byte) flags, (byte) 0xFF};
    }

    private void nat(int number, FlowSpec.@Nullable Nat nat) {
        if (nat == null) {
            return;
        }
        final int nest = writer.beginNest(number);
        InetAddress address = nat.address();
        writer.bytes(address.getAddress().length == 4 ? CTA_NAT_V4_MINIP : CTA_NAT_V6_MINIP, address.getAddress());
        if (nat.port() != null) {
            int proto = writer.beginNest(CTA_NAT_PROTO);
            writer.be16(CTA_PROTONAT_PORT_MIN, nat.port()).endNest(proto);
        }
        writer.endNest(nest);
    }

    private static byte[] bytes(FlowSpec.Labels labels) {
        return ByteBuffer.allocate(4 * Integer.BYTES)
                .order(ByteOrder.nativeOrder())
                .putInt(labels.word0())
                .putInt(labels.word1())
                .putInt(labels.word2())
                .putInt(labels.word3())
                .array();
    }
}
