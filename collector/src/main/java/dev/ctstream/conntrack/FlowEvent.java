package dev.ctstream.conntrack;

import dev.ctstream.netlink.NlMsgHdr;
import java.nio.ByteBuffer;

/**
 * One conntrack message (an event or a dump entry), read in place. {@link FlowDecoder#decode} records which fields the
 * kernel sent and at which offsets; the accessors read there. Absent is not zero: call {@link #has} before reading a
 * value that the kernel may omit. The tuples are always present.
 *
 * <p>Ownership: borrows the buffer; valid until the owner receives into it again or decodes another message into the
 * event. Never store it, never pass it to another thread.
 *
 * <p>Threads: confined to one thread.
 *
 * <p>Errors: nothing may be read before a message was decoded, or after decoding failed.
 *
 * <p>Source: {@code uapi/linux/netfilter/nfnetlink_conntrack.h}, {@code ctnetlink_fill_info} and
 * {@code ctnetlink_conntrack_event} in {@code net/netfilter/nf_conntrack_netlink.c}.
 */
public final class FlowEvent extends PresentFields {
    /** Event type: a flow was entered into the table. */
    public static final int NEW = 1;
    /** Event type: a property of the flow changed; also the type of dump entries. */
    public static final int UPDATE = 2;
    /** Event type: the flow left the table. */
    public static final int DESTROY = 3;

    // Fields: bit numbers of presence(). Those of one nest are consecutive; FlowDecoder relies on it.
    public static final int STATUS = 0;
    public static final int TIMEOUT = 1;
    public static final int MARK = 2;
    public static final int ID = 3;
    /** {@code CTA_ZONE}, the zone of both directions; a flow without it has zone 0 or directional zones. */
    public static final int ZONE = 4;

    public static final int USE = 5;
    public static final int PACKETS_ORIGINAL = 6;
    public static final int BYTES_ORIGINAL = 7;
    public static final int PACKETS_REPLY = 8;
    public static final int BYTES_REPLY = 9;
    public static final int START_TIME = 10;
    public static final int STOP_TIME = 11;
    public static final int EVENT_TIME = 12;
    public static final int HELPER = 13;
    public static final int HELPER_INFO = 14;
    public static final int LABELS = 15;
    public static final int SECURITY_CONTEXT = 16;
    public static final int MASTER = 17;
    public static final int TCP_STATE = 18;
    public static final int TCP_WSCALE_ORIGINAL = 19;
    public static final int TCP_WSCALE_REPLY = 20;
    public static final int TCP_FLAGS_ORIGINAL = 21;
    public static final int TCP_FLAGS_REPLY = 22;
    public static final int SCTP_STATE = 23;
    public static final int SCTP_VTAG_ORIGINAL = 24;
    public static final int SCTP_VTAG_REPLY = 25;
    public static final int DCCP_STATE = 26;
    public static final int DCCP_ROLE = 27;
    public static final int DCCP_HANDSHAKE_SEQUENCE = 28;
    /** All three values of the original direction's sequence adjustment; uses three bits. */
    public static final int SEQ_ADJ_ORIGINAL = 29;
    /** All three values of the reply direction's sequence adjustment; uses three bits. */
    public static final int SEQ_ADJ_REPLY = 32;
    /** All three values of the SYN proxy; uses three bits. */
    public static final int SYNPROXY = 35;

    private static final int FIELDS = 38;
    private final Tuple original = new Tuple();
    private final Tuple reply = new Tuple();
    private final Tuple master = new Tuple();
    private int messageOffset;
    private int messageLengthBytes;
    private int type;
    private int flags;
    private int unknownAttributes;
    private int unexpectedAttributes;

    public FlowEvent() {
        super(FIELDS);
    }

    /** Whether {@code nlmsg_type} is that of a flow event. */
    public static boolean isFlowMessage(int messageType) {
        return messageType == NfGenMsg.IPCTNL_MSG_CT_NEW || messageType == NfGenMsg.IPCTNL_MSG_CT_DELETE;
    }

    /** Points at a message of which no field is known yet. */
    void wrap(ByteBuffer source, int offset, int lengthBytes) {
        reset(source);
        original.reset(source);
        reply.reset(source);
        master.reset(source);
        messageOffset = offset;
        messageLengthBytes = lengthBytes;
    }

    /** Reads type and flags; false when the message is not a flow event. */
    boolean readHeader() {
        type = buffer().getShort(messageOffset + NlMsgHdr.TYPE_OFFSET) & 0xFFFF;
        flags = buffer().getShort(messageOffset + NlMsgHdr.FLAGS_OFFSET) & 0xFFFF;
        return isFlowMessage(type);
    }

    /** Sets how many attributes were skipped. */
    void skipped(int unknown, int unexpected) {
        unknownAttributes = unknown;
        unexpectedAttributes = unexpected;
    }

    /** {@link #NEW}, {@link #UPDATE} or {@link #DESTROY}. */
    public int eventType() {
        if (type == NfGenMsg.IPCTNL_MSG_CT_DELETE) {
            return DESTROY;
        }
        return (flags & (NlMsgHdr.NLM_F_CREATE | NlMsgHdr.NLM_F_EXCL)) != 0 ? NEW : UPDATE;
    }

    /** Whether this is an entry in the reply to a request, not an event. */
    public boolean dumpReply() {
        return (flags & NlMsgHdr.NLM_F_MULTI) != 0;
    }

    /** {@code nlmsg_flags}. */
    public int messageFlags() {
        return flags;
    }

    /** Offset of the message in {@link #buffer}. */
    public int messageOffset() {
        return messageOffset;
    }

    public int messageLengthBytes() {
        return messageLengthBytes;
    }

    /**
     * Port id (u32) of the socket that caused the event, 0 = the packet path or a timeout; in a dump, of the socket
     * that requested it.
     */
    public long requesterPortId() {
        return buffer().getInt(messageOffset + NlMsgHdr.PORT_ID_OFFSET) & 0xFFFF_FFFFL;
    }

    /** {@code AF_INET} or {@code AF_INET6}. */
    public int family() {
        return buffer().get(messageOffset + NfGenMsg.FAMILY_OFFSET) & 0xFF;
    }

    /** 4 or 6. */
    public int ipVersion() {
        return family() == NfGenMsg.AF_INET ? 4 : 6;
    }

    public Tuple original() {
        return original;
    }

    public Tuple reply() {
        return reply;
    }

    /** The flow whose expectation created this one; only with {@link #MASTER}. */
    public Tuple master() {
        return master;
    }

    /** Zone of the original direction, 0..65535: the tuple's own, else the flow's, else 0. */
    public int zone() {
        if (original.has(Tuple.ZONE)) {
            return original.zone();
        }
        return has(ZONE) ? be16(ZONE) : 0;
    }

    /** Directional zone of the original direction; only when {@code original().has(Tuple.ZONE)}. */
    public int originalZone() {
        return original.zone();
    }

    /** As {@link #originalZone}, of the reply direction. */
    public int replyZone() {
        return reply.zone();
    }

    /** {@link IpsStatus} bits. */
    public int status() {
        return be32(STATUS);
    }

    /** Time left until the entry expires; absent in the DESTROY of an expired entry. */
    public long timeoutSeconds() {
        return unsigned32(TIMEOUT);
    }

    /** u32; absent means 0 in events. */
    public long mark() {
        return unsigned32(MARK);
    }

    /** u32; unique only together with zone, tuple and start time. */
    public long id() {
        return unsigned32(ID);
    }

    /** Reference count, u32; dumps only. */
    public long use() {
        return unsigned32(USE);
    }

    /** Unsigned. */
    public long packetsOriginal() {
        return be64(PACKETS_ORIGINAL);
    }

    /** Unsigned; layer-3 bytes, as in the reply direction. */
    public long bytesOriginal() {
        return be64(BYTES_ORIGINAL);
    }

    public long packetsReply() {
        return be64(PACKETS_REPLY);
    }

    public long bytesReply() {
        return be64(BYTES_REPLY);
    }

    /** CLOCK_REALTIME when the entry was inserted, as all times here. */
    public long startTimeNanos() {
        return be64(START_TIME);
    }

    /** CLOCK_REALTIME when the entry expired or was removed. */
    public long stopTimeNanos() {
        return be64(STOP_TIME);
    }

    public long eventTimeNanos() {
        return be64(EVENT_TIME);
    }

    /** Index into {@link ProtocolStates#TCP}; the other protocols' states likewise. */
    public int tcpState() {
        return u8(TCP_STATE);
    }

    public int tcpWscaleOriginal() {
        return u8(TCP_WSCALE_ORIGINAL);
    }

    public int tcpWscaleReply() {
        return u8(TCP_WSCALE_REPLY);
    }

    /** {@code IP_CT_TCP_FLAG_*} bits. */
    public int tcpFlagsOriginal() {
        return u8(TCP_FLAGS_ORIGINAL);
    }

    public int tcpFlagsReply() {
        return u8(TCP_FLAGS_REPLY);
    }

    /** Mask of the valid flag bits; 0 in messages from the kernel. */
    public int tcpFlagsMaskOriginal() {
        return buffer().get(offset(TCP_FLAGS_ORIGINAL) + 1) & 0xFF;
    }

    public int tcpFlagsMaskReply() {
        return buffer().get(offset(TCP_FLAGS_REPLY) + 1) & 0xFF;
    }

    public int sctpState() {
        return u8(SCTP_STATE);
    }

    /** u32. */
    public long sctpVtagOriginal() {
        return unsigned32(SCTP_VTAG_ORIGINAL);
    }

    public long sctpVtagReply() {
        return unsigned32(SCTP_VTAG_REPLY);
    }

    public int dccpState() {
        return u8(DCCP_STATE);
    }

    /** {@code CT_DCCP_ROLE_*}: 0 client, 1 server. */
    public int dccpRole() {
        return u8(DCCP_ROLE);
    }

    /** u48 in a u64. */
    public long dccpHandshakeSequence() {
        return be64(DCCP_HANDSHAKE_SEQUENCE);
    }

    /** u32. */
    public long seqAdjOriginalPosition() {
        return unsigned32(SEQ_ADJ_ORIGINAL);
    }

    public int seqAdjOriginalOffsetBefore() {
        return be32(SEQ_ADJ_ORIGINAL + 1);
    }

    public int seqAdjOriginalOffsetAfter() {
        return be32(SEQ_ADJ_ORIGINAL + 2);
    }

    public long seqAdjReplyPosition() {
        return unsigned32(SEQ_ADJ_REPLY);
    }

    public int seqAdjReplyOffsetBefore() {
        return be32(SEQ_ADJ_REPLY + 1);
    }

    public int seqAdjReplyOffsetAfter() {
        return be32(SEQ_ADJ_REPLY + 2);
    }

    /** u32. */
    public long synproxyIsn() {
        return unsigned32(SYNPROXY);
    }

    public long synproxyIts() {
        return unsigned32(SYNPROXY + 1);
    }

    public long synproxyTsoff() {
        return unsigned32(SYNPROXY + 2);
    }

    /** Offset of the helper's name; its length excludes the NUL. */
    public int helperOffset() {
        return offset(HELPER);
    }

    public int helperLengthBytes() {
        return length(HELPER);
    }

    /** Offset of the security context; its length excludes the NUL. */
    public int securityContextOffset() {
        return offset(SECURITY_CONTEXT);
    }

    public int securityContextLengthBytes() {
        return length(SECURITY_CONTEXT);
    }

    /** Offset of the labels: 1 to 4 u32 words in the host's byte order; label n is bit n%32 of word n/32. */
    public int labelsOffset() {
        return offset(LABELS);
    }

    public int labelsLengthBytes() {
        return length(LABELS);
    }

    /** Attributes of this message, nests included, whose number is unknown here. */
    public int unknownAttributes() {
        return unknownAttributes;
    }

    /** Attributes of this message that were skipped because of their length, or as parts of an incomplete nest. */
    public int unexpectedAttributes() {
        return unexpectedAttributes;
    }
}
