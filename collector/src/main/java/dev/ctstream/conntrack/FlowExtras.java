package dev.ctstream.conntrack;

import org.jspecify.annotations.Nullable;

/**
 * What few entries have: a master, and the state of a connection that a copy of the entry needs to go on. Null values
 * are not sent.
 *
 * @param master original tuple of the flow that expected this one; the kernel looks for it in the same zone
 * @param details of TCP, SCTP or DCCP; sent only together with a state
 * @param sequenceOriginal how the kernel changes sequence numbers of the original direction
 * @param sequenceReply the same for the reply direction
 */
public record FlowExtras(
        @Nullable TupleSpec master,
        @Nullable Details details,
        @Nullable SequenceAdjustment sequenceOriginal,
        @Nullable SequenceAdjustment sequenceReply,
        @Nullable Synproxy synproxy) {
    /** None of them. */
    public static final FlowExtras NONE = new FlowExtras(null, null, null, null, null);

    /** What a protocol keeps besides its state. */
    public sealed interface Details {}

    /**
     * Flags of {@code IP_CT_TCP_FLAG_*} and window scales.
     *
     * @param scaleOriginal taken by the kernel only if both directions have the flag 1, window scale
     */
    public record Tcp(int flagsOriginal, int flagsReply, int scaleOriginal, int scaleReply) implements Details {
        @Override
        public String toString() {
            return "flags 0x" + Integer.toHexString(flagsOriginal) + "/0x" + Integer.toHexString(flagsReply)
                    + " window scale " + scaleOriginal + "/" + scaleReply;
        }
    }

    /** Verification tags, u32. */
    public record Sctp(long tagOriginal, long tagReply) implements Details {
        @Override
        public String toString() {
            return "tags " + tagOriginal + "/" + tagReply;
        }
    }

    /**
     * DCCP.
     *
     * @param role 0 client, 1 server: of the original direction
     * @param handshakeSequence u64
     */
    public record Dccp(int role, long handshakeSequence) implements Details {
        @Override
        public String toString() {
            return "role " + role + " handshake " + Long.toUnsignedString(handshakeSequence);
        }
    }

    /**
     * {@code CTA_SEQ_ADJ_*}.
     *
     * @param position u32
     */
    public record SequenceAdjustment(long position, int offsetBefore, int offsetAfter) {
        @Override
        public String toString() {
            return "position " + position + " offset before " + offsetBefore + " after " + offsetAfter;
        }
    }

    /** {@code CTA_SYNPROXY}, each u32. */
    public record Synproxy(long isn, long its, long tsoff) {
        @Override
        public String toString() {
            return "isn " + isn + " its " + its + " tsoff " + tsoff;
        }
    }

    /** The same with a master. */
    public FlowExtras withMaster(TupleSpec value) {
        return new FlowExtras(value, details, sequenceOriginal, sequenceReply, synproxy);
    }

    /** Copies what an entry has. */
    public static FlowExtras of(FlowEvent entry) {
        return new FlowExtras(
                entry.has(FlowEvent.MASTER) ? TupleSpec.of(entry.master()) : null,
                details(entry),
                entry.has(FlowEvent.SEQ_ADJ_ORIGINAL)
                        ? new SequenceAdjustment(
                                entry.seqAdjOriginalPosition(),
                                entry.seqAdjOriginalOffsetBefore(),
                                entry.seqAdjOriginalOffsetAfter())
                        : null,
                entry.has(FlowEvent.SEQ_ADJ_REPLY)
                        ? new SequenceAdjustment(
                                entry.seqAdjReplyPosition(),
                                entry.seqAdjReplyOffsetBefore(),
                                entry.seqAdjReplyOffsetAfter())
                        : null,
                entry.has(FlowEvent.SYNPROXY)
                        ? new Synproxy(entry.synproxyIsn(), entry.synproxyIts(), entry.synproxyTsoff())
                        : null);
    }

    private static @Nullable Details details(FlowEvent entry) {
        if (entry.has(FlowEvent.TCP_FLAGS_ORIGINAL)
                && entry.has(FlowEvent.TCP_FLAGS_REPLY)
                && entry.has(FlowEvent.TCP_WSCALE_ORIGINAL)
                && entry.has(FlowEvent.TCP_WSCALE_REPLY)) {
            return new Tcp(
                    entry.tcpFlagsOriginal(), entry.tcpFlagsReply(), entry.tcpWscaleOriginal(), entry.tcpWscaleReply());
        }
        if (entry.has(FlowEvent.SCTP_VTAG_ORIGINAL) && entry.has(FlowEvent.SCTP_VTAG_REPLY)) {
            return new Sctp(entry.sctpVtagOriginal(), entry.sctpVtagReply());
        }
        if (entry.has(FlowEvent.DCCP_ROLE) && entry.has(FlowEvent.DCCP_HANDSHAKE_SEQUENCE)) {
            return new Dccp(entry.dccpRole(), entry.dccpHandshakeSequence());
        }
        return null;
    }
}
