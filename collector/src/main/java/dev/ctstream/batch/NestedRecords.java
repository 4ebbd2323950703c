package dev.ctstream.batch;

import static dev.ctstream.batch.AvroWriter.PRESENT;
import static dev.ctstream.batch.AvroWriter.writeNulls;
import static dev.ctstream.batch.AvroWriter.writePresent;

import dev.ctstream.conntrack.FlowEvent;

/**
 * Writes the nullable records at the end of a ConntrackEvent. Part of {@link FlowEventEncoder}; the same rules apply.
 */
final class NestedRecords {
    private static final long TCP = bit(FlowEvent.TCP_FLAGS_ORIGINAL)
            | bit(FlowEvent.TCP_FLAGS_REPLY)
            | bit(FlowEvent.TCP_WSCALE_ORIGINAL)
            | bit(FlowEvent.TCP_WSCALE_REPLY);
    private static final long SCTP = bit(FlowEvent.SCTP_VTAG_ORIGINAL) | bit(FlowEvent.SCTP_VTAG_REPLY);
    private static final long DCCP =
            bit(FlowEvent.DCCP_STATE) | bit(FlowEvent.DCCP_ROLE) | bit(FlowEvent.DCCP_HANDSHAKE_SEQUENCE);
    static final long SEQUENCE_ADJUSTMENT = bit(FlowEvent.SEQ_ADJ_ORIGINAL) | bit(FlowEvent.SEQ_ADJ_REPLY);
    private static final int ADJUSTMENT_FIELDS = 3;
    /** Fields that make any of these records non-null. */
    static final long ALL = TCP | SCTP | DCCP | SEQUENCE_ADJUSTMENT | bit(FlowEvent.SYNPROXY);

    private NestedRecords() {}

    static long bit(int field) {
        return 1L << field;
    }

    static int writeTcp(byte[] to, int at, FlowEvent event) {
        if ((event.presence() & TCP) == 0) {
            return writeNulls(to, at, 1);
        }
        to[at] = PRESENT;
        int end = at + 1;
        end = event.has(FlowEvent.TCP_FLAGS_ORIGINAL)
                ? writePresent(to, end, event.tcpFlagsOriginal())
                : writeNulls(to, end, 1);
        end = event.has(FlowEvent.TCP_FLAGS_REPLY)
                ? writePresent(to, end, event.tcpFlagsReply())
                : writeNulls(to, end, 1);
        end = event.has(FlowEvent.TCP_WSCALE_ORIGINAL)
                ? writePresent(to, end, event.tcpWscaleOriginal())
                : writeNulls(to, end, 1);
        return event.has(FlowEvent.TCP_WSCALE_REPLY)
                ? writePresent(to, end, event.tcpWscaleReply())
                : writeNulls(to, end, 1);
    }

    static int writeSctp(byte[] to, int at, FlowEvent event) {
        if ((event.presence() & SCTP) == 0) {
            return writeNulls(to, at, 1);
        }
        to[at] = PRESENT;
        int end = at + 1;
        end = event.has(FlowEvent.SCTP_VTAG_ORIGINAL)
                ? writePresent(to, end, event.sctpVtagOriginal())
                : writeNulls(to, end, 1);
        return event.has(FlowEvent.SCTP_VTAG_REPLY)
                ? writePresent(to, end, event.sctpVtagReply())
                : writeNulls(to, end, 1);
    }

    static int writeDccp(byte[] to, int at, FlowEvent event) {
        if ((event.presence() & DCCP) == 0) {
            return writeNulls(to, at, 1);
        }
        to[at] = PRESENT;
        int end = at + 1;
        end = event.has(FlowEvent.DCCP_STATE) ? writePresent(to, end, event.dccpState()) : writeNulls(to, end, 1);
        end = event.has(FlowEvent.DCCP_ROLE) ? writePresent(to, end, event.dccpRole()) : writeNulls(to, end, 1);
        return event.has(FlowEvent.DCCP_HANDSHAKE_SEQUENCE)
                ? writePresent(to, end, event.dccpHandshakeSequence())
                : writeNulls(to, end, 1);
    }

    static int writeSequenceAdjustment(byte[] to, int at, FlowEvent event) {
        if ((event.presence() & SEQUENCE_ADJUSTMENT) == 0) {
            return writeNulls(to, at, 1);
        }
        to[at] = PRESENT;
        int end = at + 1;
        if (event.has(FlowEvent.SEQ_ADJ_ORIGINAL)) {
            end = writePresent(to, end, event.seqAdjOriginalPosition());
            end = writePresent(to, end, event.seqAdjOriginalOffsetBefore());
            end = writePresent(to, end, event.seqAdjOriginalOffsetAfter());
        } else {
            end = writeNulls(to, end, ADJUSTMENT_FIELDS);
        }
        if (!event.has(FlowEvent.SEQ_ADJ_REPLY)) {
            return writeNulls(to, end, ADJUSTMENT_FIELDS);
        }
        end = writePresent(to, end, event.seqAdjReplyPosition());
        end = writePresent(to, end, event.seqAdjReplyOffsetBefore());
        return writePresent(to, end, event.seqAdjReplyOffsetAfter());
    }

    static int writeSynproxy(byte[] to, int at, FlowEvent event) {
        if (!event.has(FlowEvent.SYNPROXY)) {
            return writeNulls(to, at, 1);
        }
        to[at] = PRESENT;
        int end = writePresent(to, at + 1, event.synproxyIsn());
        end = writePresent(to, end, event.synproxyIts());
        return writePresent(to, end, event.synproxyTsoff());
    }
}
