package dev.ctstream.admin;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.ctstream.conntrack.Fixtures;
import dev.ctstream.conntrack.FlowDecoder;
import dev.ctstream.conntrack.FlowEvent;
import dev.ctstream.record.Schemas;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Iterator;
import java.util.List;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

/** Prints captured messages in each format. */
class EntryPrinterTest {
    private static String print(byte[] message, Function<OutputStream, EntryPrinter> format) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteBuffer buffer = Fixtures.buffer(message);
        FlowEvent event = new FlowEvent();
        assertThat(new FlowDecoder().decode(event, buffer, 0, message.length)).isTrue();
        format.apply(out).onEntry(event);
        return out.toString(StandardCharsets.UTF_8);
    }

    private static String conntrack(String fixture) throws IOException {
        byte[] message = Fixtures.bytes(fixture);
        return print(message, EntryPrinter::conntrack).strip();
    }

    @Test
    void writesTheLinesOfConntrackTools() throws IOException {
        assertThat(conntrack("03-update-tcp4-assured"))
                .startsWith("ipv4     2 tcp      6 432000 ESTABLISHED src=10.1.0.1 dst=10.1.0.2 sport=33333 dport=8005 "
                        + "src=10.1.0.2 dst=10.1.0.1 sport=8005 dport=33333 [ASSURED] zone=5 id=");
        assertThat(conntrack("06-new-icmpv6-zone9"))
                .startsWith(
                        "ipv6     10 icmpv6   58 30 src=fd00:1::1 dst=fd00:1::2 type=128 code=0 id=4660 [UNREPLIED] "
                                + "src=fd00:1::2 dst=fd00:1::1 type=129 code=0 id=4660 zone=9 id=");
        assertThat(conntrack("12-new-udp4-zone-orig42"))
                .contains(" zone-orig=42 [UNREPLIED] ")
                .doesNotContain("zone=");
        assertThat(conntrack("13-new-udp4-zone-reply43"))
                .contains(" zone-reply=43 ")
                .doesNotContain("zone=");
        assertThat(conntrack("18-new-gre")).contains("srckey=0x0 dstkey=0x1122");
        assertThat(conntrack("19-new-proto99")).contains("unknown  99 ");
        assertThat(conntrack("22-new-tcp4-helper-labels-user")).contains(" helper=ftp id=");
    }

    @Test
    void jsonHasTheNamesAndValuesOfTheSchema() throws IOException {
        List<String> known = Schemas.FLAT.getFields().stream()
                .map(org.apache.avro.Schema.Field::name)
                .toList();
        for (byte[] message : Fixtures.flowMessages()) {
            JsonNode json = new ObjectMapper().readTree(print(message, out -> EntryPrinter.json(out, "a\"b")));
            assertThat(json.get("netns").asText()).isEqualTo("a\"b");
            for (Iterator<String> names = json.fieldNames(); names.hasNext(); ) {
                String name = names.next();
                assertThat(known.contains(name) || name.equals("use")).as(name).isTrue();
            }
        }
        JsonNode nat = new ObjectMapper()
                .readTree(print(Fixtures.bytes("10-new-tcp4-nat"), out -> EntryPrinter.json(out, "host")));
        assertThat(nat.get("reply_source_address").asText()).isEqualTo("10.1.0.2");
        assertThat(nat.get("reply_source_port").asInt()).isEqualTo(8080);
        JsonNode labels = new ObjectMapper()
                .readTree(print(Fixtures.bytes("22-new-tcp4-helper-labels-user"), out -> EntryPrinter.json(out, "h")));
        assertThat(labels.get("helper").asText()).isEqualTo("ftp");
        assertThat(labels.get("labels").asText()).matches("[0-9a-f]{32}");
        JsonNode rare = new ObjectMapper()
                .readTree(print(
                        Fixtures.bytes("24-update-tcp4-seqadj-synproxy-user"), out -> EntryPrinter.json(out, "h")));
        assertThat(rare.get("sequence_adjustment").get("position_original").isNumber())
                .isTrue();
        assertThat(rare.get("synproxy").get("isn").isNumber()).isTrue();
    }

    @Test
    void aColumnLeavesABlankAfterATextThatIsTooLong() throws IOException {
        LineBuffer line = new LineBuffer();
        line.text("SHUTDOWN_ACK_SENT").pad(0, 12).text("10.0.0.1").endLine();
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        line.writeTo(out);
        assertThat(out.toString(StandardCharsets.UTF_8)).isEqualTo("SHUTDOWN_ACK_SENT 10.0.0.1\n");
    }

    @Test
    void textIsOneLineWithBothTuples() throws IOException {
        for (byte[] message : Fixtures.flowMessages()) {
            String line = print(message, EntryPrinter::text);
            assertThat(line).startsWith("zone ").contains(" reply ").endsWith("\n");
            assertThat(line.indexOf('\n')).isEqualTo(line.length() - 1);
        }
    }
}
