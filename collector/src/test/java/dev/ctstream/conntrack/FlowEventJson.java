package dev.ctstream.conntrack;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.function.LongSupplier;

/** Writes a flow event with the keys of {@code expected.json}: one key for each present field. */
final class FlowEventJson {
    private static final int ICMPV6 = 58;

    private final FlowEvent event;
    private final ObjectNode json = JsonNodeFactory.instance.objectNode();

    private FlowEventJson(FlowEvent event) {
        this.event = event;
    }

    static ObjectNode of(FlowEvent event) {
        return new FlowEventJson(event).write();
    }

    private ObjectNode write() {
        json.put("kind", kind()).put("family", event.family()).put("pid", event.requesterPortId());
        json.set("orig", tuple(event.original()));
        json.set("reply", tuple(event.reply()));
        if (event.has(FlowEvent.MASTER)) {
            json.set("master", tuple(event.master()));
        }
        put(FlowEvent.STATUS, "status", event::status);
        put(FlowEvent.TIMEOUT, "timeout", event::timeoutSeconds);
        put(FlowEvent.MARK, "mark", event::mark);
        put(FlowEvent.ID, "id", event::id);
        put(FlowEvent.ZONE, "zone", event::zone);
        put(FlowEvent.USE, "use", event::use);
        put(FlowEvent.PACKETS_ORIGINAL, "orig_packets", event::packetsOriginal);
        put(FlowEvent.BYTES_ORIGINAL, "orig_bytes", event::bytesOriginal);
        put(FlowEvent.PACKETS_REPLY, "reply_packets", event::packetsReply);
        put(FlowEvent.BYTES_REPLY, "reply_bytes", event::bytesReply);
        put(FlowEvent.START_TIME, "start_ns", event::startTimeNanos);
        put(FlowEvent.STOP_TIME, "stop_ns", event::stopTimeNanos);
        put(FlowEvent.EVENT_TIME, "event_ts_ns", event::eventTimeNanos);
        protocolInfo();
        rare();
        return json;
    }

    private String kind() {
        if (event.dumpReply()) {
            return "DUMP";
        }
        return switch (event.eventType()) {
            case FlowEvent.NEW -> "NEW";
            case FlowEvent.UPDATE -> "UPDATE";
            case FlowEvent.DESTROY -> "DESTROY";
            default -> "?";
        };
    }

    private void protocolInfo() {
        if (event.has(FlowEvent.TCP_STATE)) {
            json.put("tcp_state", ProtocolStates.name(ProtocolStates.TCP, event.tcpState()));
        }
        put(FlowEvent.TCP_WSCALE_ORIGINAL, "wscale_orig", event::tcpWscaleOriginal);
        put(FlowEvent.TCP_WSCALE_REPLY, "wscale_reply", event::tcpWscaleReply);
        put(FlowEvent.TCP_FLAGS_ORIGINAL, "tcp_flags_orig", event::tcpFlagsOriginal);
        put(FlowEvent.TCP_FLAGS_REPLY, "tcp_flags_reply", event::tcpFlagsReply);
        if (event.has(FlowEvent.SCTP_STATE)) {
            json.put("sctp_state", ProtocolStates.name(ProtocolStates.SCTP, event.sctpState()));
        }
        put(FlowEvent.SCTP_VTAG_ORIGINAL, "vtag_orig", event::sctpVtagOriginal);
        put(FlowEvent.SCTP_VTAG_REPLY, "vtag_reply", event::sctpVtagReply);
        put(FlowEvent.DCCP_STATE, "dccp_state", event::dccpState);
        put(FlowEvent.DCCP_ROLE, "dccp_role", event::dccpRole);
        put(FlowEvent.DCCP_HANDSHAKE_SEQUENCE, "dccp_handshake", event::dccpHandshakeSequence);
    }

    private void rare() {
        text(FlowEvent.HELPER, "helper", event.helperOffset(), event.helperLengthBytes());
        text(FlowEvent.SECURITY_CONTEXT, "secctx", event.securityContextOffset(), event.securityContextLengthBytes());
        if (event.has(FlowEvent.HELPER_INFO)) {
            json.put("helper_info", true);
        }
        if (event.has(FlowEvent.LABELS)) {
            json.set("label_bits", labels());
        }
        if (event.has(FlowEvent.SEQ_ADJ_ORIGINAL)) {
            json.putObject("seqadj_orig")
                    .put("pos", event.seqAdjOriginalPosition())
                    .put("before", (long) event.seqAdjOriginalOffsetBefore())
                    .put("after", (long) event.seqAdjOriginalOffsetAfter());
        }
        if (event.has(FlowEvent.SEQ_ADJ_REPLY)) {
            json.putObject("seqadj_reply")
                    .put("pos", event.seqAdjReplyPosition())
                    .put("before", (long) event.seqAdjReplyOffsetBefore())
                    .put("after", (long) event.seqAdjReplyOffsetAfter());
        }
        if (event.has(FlowEvent.SYNPROXY)) {
            json.putObject("synproxy")
                    .put("isn", event.synproxyIsn())
                    .put("its", event.synproxyIts())
                    .put("tsoff", event.synproxyTsoff());
        }
    }

    private ObjectNode tuple(Tuple tuple) {
        ObjectNode node = JsonNodeFactory.instance.objectNode();
        node.put("src", address(tuple.sourceOffset(), tuple.addressLengthBytes()));
        node.put("dst", address(tuple.destinationOffset(), tuple.addressLengthBytes()));
        node.put("proto", tuple.protocol());
        String suffix = tuple.protocol() == ICMPV6 ? "6" : "";
        if (tuple.has(Tuple.SOURCE_PORT)) {
            node.put("sport", tuple.sourcePort());
        }
        if (tuple.has(Tuple.DESTINATION_PORT)) {
            node.put("dport", tuple.destinationPort());
        }
        if (tuple.has(Tuple.ICMP_ID)) {
            node.put("id" + suffix, tuple.icmpId());
        }
        if (tuple.has(Tuple.ICMP_TYPE)) {
            node.put("type" + suffix, tuple.icmpType());
        }
        if (tuple.has(Tuple.ICMP_CODE)) {
            node.put("code" + suffix, tuple.icmpCode());
        }
        if (tuple.has(Tuple.ZONE)) {
            node.put("zone", tuple.zone());
        }
        return node;
    }

    private ArrayNode labels() {
        ArrayNode bits = JsonNodeFactory.instance.arrayNode();
        for (int label = 0; label < event.labelsLengthBytes() * Byte.SIZE; label++) {
            int word = event.buffer().getInt(event.labelsOffset() + label / Integer.SIZE * Integer.BYTES);
            if ((word >>> label % Integer.SIZE & 1) != 0) {
                bits.add(label);
            }
        }
        return bits;
    }

    private void put(int field, String key, LongSupplier value) {
        if (event.has(field)) {
            json.put(key, value.getAsLong());
        }
    }

    private void text(int field, String key, int offset, int lengthBytes) {
        if (event.has(field)) {
            json.put(key, new String(copy(offset, lengthBytes), StandardCharsets.UTF_8));
        }
    }

    private String address(int offset, int lengthBytes) {
        try {
            return InetAddress.getByAddress(copy(offset, lengthBytes)).getHostAddress();
        } catch (UnknownHostException e) {
            throw new AssertionError(e);
        }
    }

    private byte[] copy(int offset, int lengthBytes) {
        byte[] bytes = new byte[lengthBytes];
        ByteBuffer source = event.buffer();
        source.get(offset, bytes);
        return bytes;
    }
}
