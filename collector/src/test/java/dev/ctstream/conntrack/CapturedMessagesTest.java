package dev.ctstream.conntrack;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.LongNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ctstream.netlink.AttributeCursor;
import dev.ctstream.netlink.MessageCursor;
import dev.ctstream.netlink.NlMsgHdr;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Each captured kernel message decodes to exactly the values that are known for it. */
class CapturedMessagesTest {
    private static final int ERROR_BYTES = 4;
    private static final int EXTACK_MSG = 1; // NLMSGERR_ATTR_MSG
    private static final int EXTACK_OFFS = 2; // NLMSGERR_ATTR_OFFS

    private final FlowDecoder decoder = new FlowDecoder();
    private final FlowEvent event = new FlowEvent();

    static List<String> names() {
        return Fixtures.names();
    }

    @Test
    void thereAreTwentyNineDatagrams() {
        assertThat(Fixtures.names()).hasSize(29);
    }

    @ParameterizedTest
    @MethodSource("names")
    void decodesToTheExpectedFieldsAndNoOthers(String name) {
        byte[] datagram = Fixtures.bytes(name);
        MessageCursor message = new MessageCursor().wrap(Fixtures.buffer(datagram), 0, datagram.length);
        List<JsonNode> decoded = new ArrayList<>();
        while (message.next()) {
            decoded.add(comparable(decode(message)));
        }
        assertThat(message.malformed()).isFalse();

        List<JsonNode> expected = new ArrayList<>();
        Fixtures.expected().get(name).forEach(node -> expected.add(comparable(node)));
        assertThat(decoded).isEqualTo(expected);
    }

    @ParameterizedTest
    @MethodSource("names")
    void theZoneIsThatOfTheOriginalDirection(String name) {
        byte[] datagram = Fixtures.bytes(name);
        MessageCursor message = new MessageCursor().wrap(Fixtures.buffer(datagram), 0, datagram.length);
        for (JsonNode expected : Fixtures.expected().get(name)) {
            assertThat(message.next()).isTrue();
            if (decoder.decode(event, message.buffer(), message.offset(), message.lengthBytes())) {
                int flowZone = expected.path("zone").asInt(0);
                assertThat(event.zone()).isEqualTo(expected.at("/orig/zone").asInt(flowZone));
                assertThat(event.unknownAttributes()).isZero();
                assertThat(event.unexpectedAttributes()).isZero();
            }
        }
    }

    private JsonNode decode(MessageCursor message) {
        boolean flow = decoder.decode(event, message.buffer(), message.offset(), message.lengthBytes());
        assertThat(flow).isEqualTo(message.type() >= NlMsgHdr.NLMSG_MIN_TYPE);
        ObjectNode json = flow ? FlowEventJson.of(event) : control(message);
        return json.put("len", message.lengthBytes())
                .put("type", message.type())
                .put("flags", message.flags())
                .put("seq", message.sequence())
                .put("pid", message.portId());
    }

    /** DONE: {s32 error}; ERROR: {s32 error, the request's header}, then extended-ack attributes. Host byte order. */
    private static ObjectNode control(MessageCursor message) {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        ByteBuffer buffer = message.buffer();
        int payload = message.payloadOffset();
        json.put("kind", message.type() == NlMsgHdr.NLMSG_DONE ? "DONE" : "ERROR");
        json.put("error", (long) buffer.getInt(payload));
        if (message.type() == NlMsgHdr.NLMSG_ERROR) {
            MessageCursor request = new MessageCursor();
            int header = payload + ERROR_BYTES;
            int echoed = (message.flags() & NlMsgHdr.NLM_F_CAPPED) == 0 ? buffer.getInt(header) : 16;
            request.wrap(buffer, header, buffer.getInt(header));
            assertThat(request.next()).isTrue();
            json.putObject("request")
                    .put("len", request.lengthBytes())
                    .put("type", request.type())
                    .put("flags", request.flags())
                    .put("seq", request.sequence())
                    .put("pid", request.portId());
            extendedAck(json, buffer, header + echoed, message.offset() + message.lengthBytes());
        }
        return json;
    }

    private static void extendedAck(ObjectNode json, ByteBuffer buffer, int from, int end) {
        AttributeCursor attribute = new AttributeCursor().wrap(buffer, from, end - from);
        while (attribute.next()) {
            if (attribute.number() == EXTACK_MSG) {
                json.withObject("/extack").put("msg", attribute.text());
            } else if (attribute.number() == EXTACK_OFFS) {
                json.withObject("/extack").put("offs", attribute.host32());
            }
        }
        assertThat(attribute.malformed()).isFalse();
    }

    /** The same tree with all integers as long and all addresses in one spelling. */
    private static JsonNode comparable(JsonNode node) {
        if (node.isIntegralNumber()) {
            return LongNode.valueOf(node.asLong());
        }
        if (node.isArray()) {
            var copy = JsonNodeFactory.instance.arrayNode();
            node.forEach(child -> copy.add(comparable(child)));
            return copy;
        }
        if (!node.isObject()) {
            return node;
        }
        ObjectNode copy = JsonNodeFactory.instance.objectNode();
        for (Map.Entry<String, JsonNode> entry : node.properties()) {
            boolean address = entry.getKey().equals("src") || entry.getKey().equals("dst");
            JsonNode child = entry.getValue();
            copy.set(entry.getKey(), address ? address(child.asText()) : comparable(child));
        }
        return copy;
    }

    private static JsonNode address(String text) {
        try {
            return JsonNodeFactory.instance.textNode(InetAddress.getByName(text).getHostAddress());
        } catch (UnknownHostException e) {
            throw new AssertionError(e);
        }
    }
}
