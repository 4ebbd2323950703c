package dev.ctstream.batch;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.ctstream.conntrack.Fixtures;
import dev.ctstream.conntrack.FlowDecoder;
import dev.ctstream.conntrack.FlowEvent;
import dev.ctstream.conntrack.ProtocolStates;
import dev.ctstream.netlink.MessageCursor;
import dev.ctstream.track.FlowSink;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import org.apache.avro.generic.GenericRecord;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Each captured message, encoded and read back, equals its entry in {@code expected.json}, in both layouts. */
class CapturedEventsTest {
    private static final Map<String, String> NESTS = Map.of("orig", "", "reply", "reply_");

    static List<String> names() {
        return Fixtures.names().stream()
                .filter(name -> !name.contains("error") && !name.contains("done"))
                .toList();
    }

    @ParameterizedTest
    @MethodSource("names")
    void recordSaysWhatTheKernelSaid(String name) {
        JsonNode messages = Fixtures.expected().get(name);
        ByteBuffer datagram = Fixtures.buffer(Fixtures.bytes(name));
        MessageCursor cursor = new MessageCursor().wrap(datagram, 0, datagram.limit());
        FlowDecoder decoder = new FlowDecoder();
        FlowEvent event = new FlowEvent();
        for (int i = 0; cursor.next(); i++) {
            JsonNode message = messages.get(i);
            boolean dump = message.get("kind").asText().equals("DUMP");
            try (TestBatcher test = new TestBatcher()) {
                assertThat(decoder.decode(event, datagram, cursor.offset(), cursor.lengthBytes()))
                        .isTrue();
                if (dump) {
                    test.batcher.existing(TestBatcher.HOST, event, 77, FlowSink.UNKNOWN);
                } else {
                    test.batcher.event(TestBatcher.HOST, event, TestBatcher.RECEIVED, FlowSink.UNKNOWN);
                }
                test.batcher.closeAll();
                verify(expected(message), zone(message), test.sink.batches.get(0));
            }
        }
    }

    @Test
    void capturesContainEveryKindOfEvent() {
        assertThat(names()).hasSize(26);
        assertThat(Fixtures.flowMessages()).hasSize(27);
    }

    private static void verify(ExpectedEvent expected, int zone, EncodedBatch batch) {
        expected.verify(Datums.events(batch).get(0));
        GenericRecord flat = Datums.flatEvents(batch).get(0);
        expected.put("host_id", "host-1")
                .put("boot_id", "boot-1")
                .put("netns", "host")
                .put("ct_zone", zone);
        expected.put("stream_epoch", TestBatcher.RUN.streamEpoch()).put("lost_total", 0L);
        expected.put("host_name", "node-1").put("netns_id", "id-host").put("log_index", TestBatcher.LOG_INDEX);
        expected.put("batch_first_sequence", 0L).put("batch_event_count", 1);
        expected.verify(flat);
    }

    private static int zone(JsonNode message) {
        JsonNode directional = message.get("orig").get("zone");
        return directional != null ? directional.asInt() : message.path("zone").asInt(0);
    }

    private static ExpectedEvent expected(JsonNode message) {
        ExpectedEvent event = new ExpectedEvent();
        boolean dump = message.get("kind").asText().equals("DUMP");
        event.put("sequence", 0L)
                .put("event_type", dump ? "EXISTING" : message.get("kind").asText());
        event.put("origin", dump ? "dump" : "kernel").put("received_time_ns", TestBatcher.RECEIVED);
        event.put("snapshot_id", dump ? 77L : null);
        event.put("requester_port_id", dump ? 0L : message.get("pid").asLong());
        event.put("ip_version", message.get("family").asInt() == 2 ? 4 : 6);
        event.put("protocol", message.get("orig").get("proto").asInt());
        NESTS.forEach((nest, prefix) -> tuple(event, message.get(nest), prefix));
        times(event, message);
        copy(event, message);
        protocolInfo(event, message);
        rare(event, message);
        event.fields.values().removeIf(value -> value == null);
        event.derive(false);
        return event;
    }

    private static void times(ExpectedEvent event, JsonNode message) {
        JsonNode kernel = message.get("event_ts_ns");
        JsonNode stop = message.get("stop_ns");
        long best = kernel != null ? kernel.asLong() : stop != null ? stop.asLong() : TestBatcher.RECEIVED;
        event.put("event_time", best / 1_000_000);
        event.put("event_time_ns", number(kernel));
        event.put("start_time_ns", number(message.get("start_ns")));
        event.put("stop_time_ns", number(stop));
    }

    private static void copy(ExpectedEvent event, JsonNode message) {
        event.put("ct_id", message.get("id").asLong()).put("status", integer(message.get("status")));
        event.put("timeout_seconds", number(message.get("timeout"))).put("mark", number(message.get("mark")));
        event.put("original_zone", integer(message.get("orig").get("zone")));
        event.put("reply_zone", integer(message.get("reply").get("zone")));
        event.put("packets_original", number(message.get("orig_packets")));
        event.put("bytes_original", number(message.get("orig_bytes")));
        event.put("packets_reply", number(message.get("reply_packets")));
        event.put("bytes_reply", number(message.get("reply_bytes")));
    }

    private static void tuple(ExpectedEvent event, JsonNode tuple, String prefix) {
        event.put(prefix + "source_address", tuple.get("src").asText());
        event.put(prefix + "destination_address", tuple.get("dst").asText());
        event.put(prefix + "source_port", integer(tuple.get("sport")));
        event.put(prefix + "destination_port", integer(tuple.get("dport")));
        String version = tuple.has("id6") ? "6" : "";
        event.put(prefix + "icmp_type", integer(tuple.get("type" + version)));
        event.put(prefix + "icmp_code", integer(tuple.get("code" + version)));
        event.put(prefix + "icmp_id", integer(tuple.get("id" + version)));
    }

    private static void protocolInfo(ExpectedEvent event, JsonNode message) {
        if (message.has("tcp_state")) {
            event.put(
                    "tcp_state",
                    ProtocolStates.TCP.indexOf(message.get("tcp_state").asText()));
        }
        if (message.has("sctp_state")) {
            event.put(
                    "sctp_state",
                    ProtocolStates.SCTP.indexOf(message.get("sctp_state").asText()));
        }
        if (message.has("tcp_flags_orig")) {
            event.nested("tcp", "flags_original", message.get("tcp_flags_orig").asInt());
            event.nested("tcp", "flags_reply", message.get("tcp_flags_reply").asInt());
            event.nested(
                    "tcp", "window_scale_original", message.get("wscale_orig").asInt());
            event.nested(
                    "tcp", "window_scale_reply", message.get("wscale_reply").asInt());
        }
        if (message.has("vtag_orig")) {
            event.nested("sctp", "vtag_original", message.get("vtag_orig").asLong());
            event.nested("sctp", "vtag_reply", message.get("vtag_reply").asLong());
        }
    }

    private static void rare(ExpectedEvent event, JsonNode message) {
        JsonNode helper = message.get("helper");
        event.put("helper", helper == null ? null : helper.asText());
        if (message.has("label_bits")) {
            BigInteger labels = BigInteger.ZERO;
            for (JsonNode bit : message.get("label_bits")) {
                labels = labels.setBit(bit.asInt());
            }
            event.put("labels", String.format("%032x", labels));
        }
        JsonNode master = message.get("master");
        if (master != null) {
            event.nested("master", "ip_version", 4)
                    .nested("master", "protocol", master.get("proto").asInt());
            event.nested("master", "source_address", master.get("src").asText());
            event.nested("master", "destination_address", master.get("dst").asText());
            event.nested("master", "source_port", master.get("sport").asInt());
            event.nested("master", "destination_port", master.get("dport").asInt());
        }
        adjustment(event, message.get("seqadj_orig"), "original");
        adjustment(event, message.get("seqadj_reply"), "reply");
        JsonNode synproxy = message.get("synproxy");
        if (synproxy != null) {
            List.of("isn", "its", "tsoff")
                    .forEach(field ->
                            event.nested("synproxy", field, synproxy.get(field).asLong()));
        }
    }

    private static void adjustment(ExpectedEvent event, @Nullable JsonNode adjustment, String direction) {
        if (adjustment != null) {
            String nest = "sequence_adjustment";
            event.nested(nest, "position_" + direction, adjustment.get("pos").asLong());
            event.nested(
                    nest, "offset_before_" + direction, adjustment.get("before").asInt());
            event.nested(
                    nest, "offset_after_" + direction, adjustment.get("after").asInt());
        }
    }

    private static @Nullable Long number(@Nullable JsonNode node) {
        return node == null ? null : node.asLong();
    }

    private static @Nullable Integer integer(@Nullable JsonNode node) {
        return node == null ? null : node.asInt();
    }
}
