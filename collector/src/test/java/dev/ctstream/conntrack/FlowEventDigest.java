package dev.ctstream.conntrack;

/** Condenses a flow event into one number; calls every accessor, allocates nothing. */
public final class FlowEventDigest {
    private static final long MULTIPLIER = 0x9E37_79B9_7F4A_7C15L;

    private long digest;

    /** The digest of the event's current message. */
    public long of(FlowEvent event) {
        digest = event.presence();
        add(event.eventType());
        add(event.messageFlags());
        add(event.requesterPortId());
        add(event.family());
        add(event.zone());
        add(event.unknownAttributes());
        add(event.unexpectedAttributes());
        tuple(event.original());
        tuple(event.reply());
        if (event.has(FlowEvent.MASTER)) {
            tuple(event.master());
        }
        flow(event);
        rare(event);
        return digest;
    }

    private void flow(FlowEvent event) {
        add(event.has(FlowEvent.STATUS) ? event.status() : 0);
        add(event.has(FlowEvent.TIMEOUT) ? event.timeoutSeconds() : 0);
        add(event.has(FlowEvent.MARK) ? event.mark() : 0);
        add(event.has(FlowEvent.ID) ? event.id() : 0);
        add(event.has(FlowEvent.USE) ? event.use() : 0);
        add(event.has(FlowEvent.PACKETS_ORIGINAL) ? event.packetsOriginal() : 0);
        add(event.has(FlowEvent.BYTES_ORIGINAL) ? event.bytesOriginal() : 0);
        add(event.has(FlowEvent.PACKETS_REPLY) ? event.packetsReply() : 0);
        add(event.has(FlowEvent.BYTES_REPLY) ? event.bytesReply() : 0);
        add(event.has(FlowEvent.START_TIME) ? event.startTimeNanos() : 0);
        add(event.has(FlowEvent.STOP_TIME) ? event.stopTimeNanos() : 0);
        add(event.has(FlowEvent.EVENT_TIME) ? event.eventTimeNanos() : 0);
        add(event.has(FlowEvent.TCP_STATE) ? event.tcpState() : 0);
        add(event.has(FlowEvent.TCP_WSCALE_ORIGINAL) ? event.tcpWscaleOriginal() : 0);
        add(event.has(FlowEvent.TCP_WSCALE_REPLY) ? event.tcpWscaleReply() : 0);
        add(event.has(FlowEvent.TCP_FLAGS_ORIGINAL) ? event.tcpFlagsOriginal() << 8 | event.tcpFlagsMaskOriginal() : 0);
        add(event.has(FlowEvent.TCP_FLAGS_REPLY) ? event.tcpFlagsReply() << 8 | event.tcpFlagsMaskReply() : 0);
        add(event.has(FlowEvent.SCTP_STATE) ? event.sctpState() : 0);
        add(event.has(FlowEvent.SCTP_VTAG_ORIGINAL) ? event.sctpVtagOriginal() : 0);
        add(event.has(FlowEvent.SCTP_VTAG_REPLY) ? event.sctpVtagReply() : 0);
    }

    private void rare(FlowEvent event) {
        add(event.has(FlowEvent.DCCP_STATE) ? event.dccpState() : 0);
        add(event.has(FlowEvent.DCCP_ROLE) ? event.dccpRole() : 0);
        add(event.has(FlowEvent.DCCP_HANDSHAKE_SEQUENCE) ? event.dccpHandshakeSequence() : 0);
        if (event.has(FlowEvent.SEQ_ADJ_ORIGINAL)) {
            add(event.seqAdjOriginalPosition());
            add((long) event.seqAdjOriginalOffsetBefore() << 32 | event.seqAdjOriginalOffsetAfter());
        }
        if (event.has(FlowEvent.SEQ_ADJ_REPLY)) {
            add(event.seqAdjReplyPosition());
            add((long) event.seqAdjReplyOffsetBefore() << 32 | event.seqAdjReplyOffsetAfter());
        }
        if (event.has(FlowEvent.SYNPROXY)) {
            add(event.synproxyIsn());
            add(event.synproxyIts() << 32 | event.synproxyTsoff());
        }
        bytes(event, FlowEvent.HELPER, event.helperOffset(), event.helperLengthBytes());
        bytes(event, FlowEvent.SECURITY_CONTEXT, event.securityContextOffset(), event.securityContextLengthBytes());
        bytes(event, FlowEvent.LABELS, event.labelsOffset(), event.labelsLengthBytes());
    }

    private void tuple(Tuple tuple) {
        add(tuple.presence());
        add(tuple.protocol());
        for (int i = 0; i < tuple.addressLengthBytes(); i++) {
            add(tuple.buffer().get(tuple.sourceOffset() + i) << 8
                    | tuple.buffer().get(tuple.destinationOffset() + i));
        }
        add(tuple.has(Tuple.SOURCE_PORT) ? tuple.sourcePort() : 0);
        add(tuple.has(Tuple.DESTINATION_PORT) ? tuple.destinationPort() : 0);
        add(tuple.has(Tuple.ICMP_TYPE) ? tuple.icmpType() : 0);
        add(tuple.has(Tuple.ICMP_CODE) ? tuple.icmpCode() : 0);
        add(tuple.has(Tuple.ICMP_ID) ? tuple.icmpId() : 0);
        add(tuple.has(Tuple.ZONE) ? tuple.zone() : 0);
    }

    private void bytes(FlowEvent event, int field, int offset, int lengthBytes) {
        if (event.has(field)) {
            for (int i = 0; i < lengthBytes; i++) {
                add(event.buffer().get(offset + i));
            }
        }
    }

    private void add(long value) {
        digest = (digest ^ value) * MULTIPLIER;
        digest ^= digest >>> 29;
    }
}
