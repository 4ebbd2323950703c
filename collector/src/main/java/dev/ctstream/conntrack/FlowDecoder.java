package dev.ctstream.conntrack;

import static dev.ctstream.conntrack.Cta.*;

import dev.ctstream.netlink.AttributeCursor;
import dev.ctstream.netlink.NlAttr;
import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * Decodes conntrack messages: one pass over the attributes of a message fills a {@link FlowEvent}. It allocates only
 * {@link MessageShape}s, which make the pass unnecessary for messages of a known shape.
 *
 * <p>An attribute of an unexpected length is skipped: on machines without unaligned access the kernel pads 64-bit
 * values with empty attributes; at the top level they carry a number that is in use ({@code CTA_STATUS}). So a short
 * duplicate never hides a value; of two valid ones the later counts, as in {@code nla_parse}.
 *
 * <p>Ownership: the decoding object owns one and uses it for any number of events; the decoder keeps no reference to
 * them.
 *
 * <p>Threads: confined to one thread. Errors: malformed input never throws.
 */
public final class FlowDecoder {
    private static final int IPV4_BYTES = 4;
    private static final int IPV6_BYTES = 16;
    private static final int LABEL_WORD_BYTES = 4;
    private static final int LABELS_MAX_BYTES = 16; // NF_CT_LABELS_MAX_SIZE

    private static final FieldTable TOP = FieldTable.empty()
            .with(CTA_STATUS, FlowEvent.STATUS, 4)
            .with(CTA_TIMEOUT, FlowEvent.TIMEOUT, 4)
            .with(CTA_MARK, FlowEvent.MARK, 4)
            .with(CTA_USE, FlowEvent.USE, 4)
            .with(CTA_ID, FlowEvent.ID, 4)
            .with(CTA_ZONE, FlowEvent.ZONE, 2)
            .with(CTA_TIMESTAMP_EVENT, FlowEvent.EVENT_TIME, 8);
    private static final FieldTable TIMESTAMP = FieldTable.empty()
            .with(CTA_TIMESTAMP_START, FlowEvent.START_TIME, 8)
            .with(CTA_TIMESTAMP_STOP, FlowEvent.STOP_TIME, 8)
            .withPad(CTA_TIMESTAMP_PAD);
    private static final FieldTable TCP = FieldTable.empty()
            .with(CTA_PROTOINFO_TCP_STATE, FlowEvent.TCP_STATE, 1)
            .with(CTA_PROTOINFO_TCP_WSCALE_ORIGINAL, FlowEvent.TCP_WSCALE_ORIGINAL, 1)
            .with(CTA_PROTOINFO_TCP_WSCALE_REPLY, FlowEvent.TCP_WSCALE_REPLY, 1)
            .with(CTA_PROTOINFO_TCP_FLAGS_ORIGINAL, FlowEvent.TCP_FLAGS_ORIGINAL, 2)
            .with(CTA_PROTOINFO_TCP_FLAGS_REPLY, FlowEvent.TCP_FLAGS_REPLY, 2);
    private static final FieldTable DCCP = FieldTable.empty()
            .with(CTA_PROTOINFO_DCCP_STATE, FlowEvent.DCCP_STATE, 1)
            .with(CTA_PROTOINFO_DCCP_ROLE, FlowEvent.DCCP_ROLE, 1)
            .with(CTA_PROTOINFO_DCCP_HANDSHAKE_SEQ, FlowEvent.DCCP_HANDSHAKE_SEQUENCE, 8)
            .withPad(CTA_PROTOINFO_DCCP_PAD);
    private static final FieldTable SCTP = FieldTable.empty()
            .with(CTA_PROTOINFO_SCTP_STATE, FlowEvent.SCTP_STATE, 1)
            .with(CTA_PROTOINFO_SCTP_VTAG_ORIGINAL, FlowEvent.SCTP_VTAG_ORIGINAL, 4)
            .with(CTA_PROTOINFO_SCTP_VTAG_REPLY, FlowEvent.SCTP_VTAG_REPLY, 4);

    // Field numbers in the tables below are relative to the base that the caller passes.
    private static final FieldTable COUNTERS = FieldTable.empty()
            .with(CTA_COUNTERS_PACKETS, 0, 8)
            .with(CTA_COUNTERS_BYTES, 1, 8)
            .withPad(CTA_COUNTERS_PAD);
    private static final FieldTable SEQ_ADJ = FieldTable.empty()
            .with(CTA_SEQADJ_CORRECTION_POS, 0, 4)
            .with(CTA_SEQADJ_OFFSET_BEFORE, 1, 4)
            .with(CTA_SEQADJ_OFFSET_AFTER, 2, 4);
    private static final FieldTable SYNPROXY = FieldTable.empty()
            .with(CTA_SYNPROXY_ISN, 0, 4)
            .with(CTA_SYNPROXY_ITS, 1, 4)
            .with(CTA_SYNPROXY_TSOFF, 2, 4);

    private static final FieldTable TUPLE = FieldTable.empty().with(CTA_TUPLE_ZONE, Tuple.ZONE, 2);
    private static final FieldTable IP = FieldTable.empty()
            .with(CTA_IP_V4_SRC, Tuple.SOURCE, 4)
            .with(CTA_IP_V4_DST, Tuple.DESTINATION, 4)
            .with(CTA_IP_V6_SRC, Tuple.SOURCE, 16)
            .with(CTA_IP_V6_DST, Tuple.DESTINATION, 16);
    private static final FieldTable PROTO = FieldTable.empty()
            .with(CTA_PROTO_NUM, Tuple.PROTOCOL, 1)
            .with(CTA_PROTO_SRC_PORT, Tuple.SOURCE_PORT, 2)
            .with(CTA_PROTO_DST_PORT, Tuple.DESTINATION_PORT, 2)
            .with(CTA_PROTO_ICMP_ID, Tuple.ICMP_ID, 2)
            .with(CTA_PROTO_ICMP_TYPE, Tuple.ICMP_TYPE, 1)
            .with(CTA_PROTO_ICMP_CODE, Tuple.ICMP_CODE, 1)
            .with(CTA_PROTO_ICMPV6_ID, Tuple.ICMP_ID, 2)
            .with(CTA_PROTO_ICMPV6_TYPE, Tuple.ICMP_TYPE, 1)
            .with(CTA_PROTO_ICMPV6_CODE, Tuple.ICMP_CODE, 1);

    private final MessageShapes shapes = new MessageShapes();
    private final int[] headers = new int[MessageShape.MAX_HEADERS]; // their offsets from the first attribute
    private int headerCount;
    private int begin;
    private boolean shapeless;
    private final AttributeCursor top = new AttributeCursor();
    private final AttributeCursor nest = new AttributeCursor();
    private final AttributeCursor inner = new AttributeCursor();
    private boolean malformed;
    private int unknown;
    private int unexpected;

    /**
     * Decodes the message at {@code [messageOffset, messageOffset + messageLengthBytes)} and reads nothing outside of
     * it.
     *
     * @param target receives the message's fields; its previous content is lost
     * @param source in the host's byte order
     * @return false when the message is not a flow event or is malformed: an attribute exceeds its parent, the tuple of
     *     the original or reply direction is missing or incomplete, or an address is not of the family
     */
    public boolean decode(FlowEvent target, ByteBuffer source, int messageOffset, int messageLengthBytes) {
        target.wrap(source, messageOffset, messageLengthBytes);
        boolean whole = messageOffset >= 0
                && messageLengthBytes >= NfGenMsg.ATTRIBUTES_OFFSET
                && messageLengthBytes <= source.limit() - messageOffset
                && target.readHeader()
                && attributes(
                        target,
                        messageOffset + NfGenMsg.ATTRIBUTES_OFFSET,
                        messageLengthBytes - NfGenMsg.ATTRIBUTES_OFFSET);
        if (!whole) {
            target.reset(source);
        }
        return whole;
    }

    private boolean attributes(FlowEvent event, int offset, int lengthBytes) {
        int addressBytes = switch (event.family()) {
            case NfGenMsg.AF_INET -> IPV4_BYTES;
            case NfGenMsg.AF_INET6 -> IPV6_BYTES;
            default -> 0;
        };
        if (addressBytes == 0) {
            return false;
        }
        MessageShape shape = shapes.find(event.buffer(), offset, lengthBytes, addressBytes);
        if (shape != null) {
            shape.applyTo(event, offset);
            return true;
        }
        boolean whole = pass(event, offset, lengthBytes, addressBytes);
        if (whole && !shapeless && shapes.hasSpace(lengthBytes)) {
            int[] headerOffsets = Arrays.copyOf(headers, headerCount);
            shapes.keep(lengthBytes, new MessageShape(event, offset, lengthBytes, addressBytes, headerOffsets));
        }
        return whole;
    }

    private boolean pass(FlowEvent event, int offset, int lengthBytes, int addressBytes) {
        malformed = false;
        unknown = 0;
        unexpected = 0;
        begin = offset;
        headerCount = 0;
        shapeless = false;
        top.wrap(event.buffer(), offset, lengthBytes);
        while (next(top)) {
            attribute(event, top.number());
        }
        if (event.master().complete(addressBytes)) {
            event.note(FlowEvent.MASTER, offset, 0);
        } else if (event.master().presence() != 0) {
            unexpected++;
        }
        event.skipped(unknown, unexpected);
        return !malformed
                && !top.malformed()
                && event.original().complete(addressBytes)
                && event.reply().complete(addressBytes);
    }

    private boolean next(AttributeCursor cursor) {
        if (!cursor.next()) {
            return false;
        }
        if (headerCount < headers.length) {
            headers[headerCount++] = cursor.payloadOffset() - NlAttr.HEADER_BYTES - begin;
        } else {
            shapeless = true;
        }
        return true;
    }

    private void attribute(FlowEvent event, int number) {
        switch (number) {
            case CTA_TUPLE_ORIG -> tuple(event.original());
            case CTA_TUPLE_REPLY -> tuple(event.reply());
            case CTA_TUPLE_MASTER -> tuple(event.master());
            case CTA_PROTOINFO -> protocolInfo(event);
            case CTA_COUNTERS_ORIG -> fields(nest, top, COUNTERS, event, FlowEvent.PACKETS_ORIGINAL);
            case CTA_COUNTERS_REPLY -> fields(nest, top, COUNTERS, event, FlowEvent.PACKETS_REPLY);
            case CTA_TIMESTAMP -> fields(nest, top, TIMESTAMP, event, 0);
            case CTA_SEQ_ADJ_ORIG -> triple(event, SEQ_ADJ, FlowEvent.SEQ_ADJ_ORIGINAL);
            case CTA_SEQ_ADJ_REPLY -> triple(event, SEQ_ADJ, FlowEvent.SEQ_ADJ_REPLY);
            case CTA_SYNPROXY -> triple(event, SYNPROXY, FlowEvent.SYNPROXY);
            case CTA_HELP -> helper(event);
            case CTA_SECCTX -> securityContext(event);
            case CTA_LABELS -> labels(event);
            default -> field(top, TOP, event, 0);
        }
    }

    private void tuple(Tuple tuple) {
        nest.wrapNest(top);
        while (next(nest)) {
            switch (nest.number()) {
                case CTA_TUPLE_IP -> fields(inner, nest, IP, tuple, 0);
                case CTA_TUPLE_PROTO -> fields(inner, nest, PROTO, tuple, 0);
                default -> field(nest, TUPLE, tuple, 0);
            }
        }
        malformed |= nest.malformed();
    }

    private void protocolInfo(FlowEvent event) {
        nest.wrapNest(top);
        while (next(nest)) {
            switch (nest.number()) {
                case CTA_PROTOINFO_TCP -> fields(inner, nest, TCP, event, 0);
                case CTA_PROTOINFO_DCCP -> fields(inner, nest, DCCP, event, 0);
                case CTA_PROTOINFO_SCTP -> fields(inner, nest, SCTP, event, 0);
                default -> unknown++;
            }
        }
        malformed |= nest.malformed();
    }

    /** Three values under one presence bit: all of them, or none. */
    private void triple(FlowEvent event, FieldTable table, int first) {
        fields(nest, top, table, event, first);
        long all = 0b111L << first;
        if ((event.presence() & all) != all) {
            event.forget(all);
            unexpected++;
        }
    }

    private void helper(FlowEvent event) {
        nest.wrapNest(top);
        while (next(nest)) {
            switch (nest.number()) {
                case CTA_HELP_NAME -> text(event, FlowEvent.HELPER);
                case CTA_HELP_INFO -> event.note(FlowEvent.HELPER_INFO, nest);
                default -> unknown++;
            }
        }
        malformed |= nest.malformed();
    }

    private void securityContext(FlowEvent event) {
        nest.wrapNest(top);
        while (next(nest)) {
            if (nest.number() == CTA_SECCTX_NAME) {
                text(event, FlowEvent.SECURITY_CONTEXT);
            } else {
                unknown++;
            }
        }
        malformed |= nest.malformed();
    }

    private void labels(FlowEvent event) {
        int lengthBytes = top.payloadLengthBytes();
        if (lengthBytes == 0 || lengthBytes > LABELS_MAX_BYTES || lengthBytes % LABEL_WORD_BYTES != 0) {
            unexpected++;
        } else {
            event.note(FlowEvent.LABELS, top);
        }
    }

    /** A string up to its NUL, or to the end of the attribute. */
    private void text(FlowEvent event, int field) {
        shapeless = true;
        int from = nest.payloadOffset();
        int limit = nest.payloadLengthBytes();
        int lengthBytes = 0;
        while (lengthBytes < limit && event.buffer().get(from + lengthBytes) != 0) {
            lengthBytes++;
        }
        if (lengthBytes == 0) {
            unexpected++;
        } else {
            event.note(field, from, lengthBytes);
        }
    }

    private void fields(
            AttributeCursor cursor, AttributeCursor parent, FieldTable table, PresentFields target, int base) {
        cursor.wrapNest(parent);
        while (next(cursor)) {
            field(cursor, table, target, base);
        }
        malformed |= cursor.malformed();
    }

    private void field(AttributeCursor cursor, FieldTable table, PresentFields target, int base) {
        int entry = table.entry(cursor.number());
        if (entry == FieldTable.UNKNOWN) {
            unknown++;
        } else if (entry == FieldTable.PAD) {
            return;
        } else if (FieldTable.payloadBytes(entry) != cursor.payloadLengthBytes()) {
            unexpected++;
        } else {
            target.note(base + FieldTable.field(entry), cursor);
        }
    }
}
