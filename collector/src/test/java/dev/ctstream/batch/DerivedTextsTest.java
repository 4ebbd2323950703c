package dev.ctstream.batch;

import static dev.ctstream.conntrack.MessageBytes.attribute;
import static dev.ctstream.conntrack.MessageBytes.be16;
import static dev.ctstream.conntrack.MessageBytes.ip;
import static dev.ctstream.conntrack.MessageBytes.message;
import static dev.ctstream.conntrack.MessageBytes.nest;
import static dev.ctstream.conntrack.MessageBytes.ports;
import static dev.ctstream.conntrack.MessageBytes.u8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.conntrack.Fixtures;
import dev.ctstream.conntrack.FlowDecoder;
import dev.ctstream.conntrack.FlowEvent;
import dev.ctstream.conntrack.PrivacyRules;
import dev.ctstream.record.EventOrigin;
import dev.ctstream.record.Schemas;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.apache.avro.generic.GenericRecord;
import org.junit.jupiter.api.Test;

/** Community ids and names, as a consumer reads them. Attribute numbers are the kernel's. */
class DerivedTextsTest {
    private static final Path BASELINE = Path.of("src/test/resources/community-id/baseline.txt");
    private static final int ICMP = 1;
    private static final int TCP = 6;
    private static final int UDP = 17;
    private static final int ICMPV6 = 58;

    private final FlowDecoder decoder = new FlowDecoder();
    private final FlowEvent event = new FlowEvent();

    /** One line of the baseline. */
    private record Row(int protocol, String source, String destination, int first, int second, String id) {
        static Row of(String line) {
            String[] words = line.split(" ", -1);
            return new Row(number(words[0]), words[1], words[2], number(words[3]), number(words[4]), words[5]);
        }

        private static int number(String word) {
            return word.equals("-") ? -1 : Integer.parseInt(word);
        }

        byte[] tuple() throws IOException {
            byte[] addresses = ip(bytes(source), bytes(destination));
            boolean icmp = protocol == ICMP || protocol == ICMPV6;
            return icmp
                    ? concat(addresses, icmp(protocol, first, second))
                    : first < 0
                            ? concat(addresses, nest(2, attribute(1, u8(protocol))))
                            : concat(addresses, ports(protocol, first, second));
        }
    }

    @Test
    void communityIdsAreThoseOfTheSpecification() throws IOException {
        List<Row> rows = Files.readAllLines(BASELINE).stream()
                .filter(line -> !line.startsWith("#"))
                .map(Row::of)
                .toList();
        assertThat(rows).hasSize(23);
        for (Row row : rows) {
            GenericRecord record = encode(row.source, row.tuple(), row.tuple());
            assertThat(record.get("community_id")).as(row.toString()).hasToString(row.id);
            assertThat(record.get("reply_community_id")).as(row.toString()).hasToString(row.id);
        }
    }

    @Test
    void bothDirectionsHaveOneIdUnlessTheFlowIsTranslated() throws IOException {
        byte[] inside = concat(ip(bytes("10.0.0.5"), bytes("198.51.100.1")), ports(TCP, 40_000, 443));
        byte[] answer = concat(ip(bytes("198.51.100.1"), bytes("10.0.0.5")), ports(TCP, 443, 40_000));
        byte[] translated = concat(ip(bytes("198.51.100.1"), bytes("192.0.2.7")), ports(TCP, 443, 61_000));
        byte[] outside = concat(ip(bytes("192.0.2.7"), bytes("198.51.100.1")), ports(TCP, 61_000, 443));

        GenericRecord plain = encode("4", inside, answer);
        GenericRecord source = encode("4", inside, translated);
        GenericRecord seenOutside = encode("4", outside, translated);

        assertThat(plain.get("reply_community_id")).isEqualTo(plain.get("community_id"));
        assertThat(source.get("community_id")).isEqualTo(plain.get("community_id"));
        assertThat(source.get("reply_community_id"))
                .isNotEqualTo(plain.get("community_id"))
                .isEqualTo(seenOutside.get("community_id"));
    }

    @Test
    void pingAndItsAnswerHaveOneId() throws IOException {
        byte[] request = concat(ip(bytes("10.0.0.5"), bytes("198.51.100.1")), icmp(ICMP, 8, 0));
        byte[] reply = concat(ip(bytes("198.51.100.1"), bytes("10.0.0.5")), icmp(ICMP, 0, 0));
        GenericRecord record = encode("4", request, reply);
        assertThat(record.get("reply_community_id")).isEqualTo(record.get("community_id"));
    }

    @Test
    void namesAreThoseOfTheTables() throws IOException {
        assertThat(encode("4", flow(TCP), flow(TCP), tcpState(3)).get("protocol_name"))
                .hasToString("tcp");
        assertThat(encode("4", flow(TCP), flow(TCP), tcpState(3)).get("tcp_state_name"))
                .hasToString("ESTABLISHED");
        assertThat(encode("4", flow(TCP), flow(TCP), tcpState(200)).get("tcp_state_name"))
                .isNull();
        assertThat(encode("4", flow(UDP), flow(UDP)).get("tcp_state_name")).isNull();
        assertThat(encode("4", flow(200), flow(200)).get("protocol_name")).isNull();
    }

    @Test
    void nothingIsFilledThatNothingAsksFor() throws IOException {
        byte[] message = flow(TCP);
        GenericRecord ids = encode(new DerivedFields(true, false), "4", message, message, tcpState(3));
        assertThat(ids.get("community_id")).isNotNull();
        assertThat(ids.get("protocol_name")).isNull();
        assertThat(ids.get("tcp_state_name")).isNull();
        GenericRecord names = encode(new DerivedFields(false, true), "4", message, message, tcpState(3));
        assertThat(names.get("community_id")).isNull();
        assertThat(names.get("reply_community_id")).isNull();
        assertThat(names.get("protocol_name")).isNotNull();
    }

    @Test
    void everyNameFitsIntoMaxBytes() throws IOException {
        DerivedTexts texts = new DerivedTexts(new DerivedFields(true, true));
        byte[] to = new byte[DerivedTexts.MAX_BYTES + AvroWriter.SPILL_BYTES];
        int longest = 0;
        for (int protocol = 0; protocol < 256; protocol++) {
            for (int state = 0; state < 12; state++) {
                decode("4", flow(protocol), flow(protocol), tcpState(state));
                longest = Math.max(longest, texts.write(to, 0, event, Translation.of(event), false));
            }
        }
        assertThat(longest).isBetween(80, DerivedTexts.MAX_BYTES);
    }

    private static byte[] flow(int protocol) throws IOException {
        return concat(ip(bytes("10.0.0.5"), bytes("198.51.100.1")), ports(protocol, 40_000, 443));
    }

    private static byte[] tcpState(int state) {
        return nest(4, nest(1, attribute(1, u8(state))));
    }

    private static byte[] icmp(int protocol, int type, int code) {
        int shift = protocol == ICMP ? 0 : 3;
        return nest(
                2,
                attribute(1, u8(protocol)),
                attribute(4 + shift, be16(77)),
                attribute(5 + shift, u8(type)),
                attribute(6 + shift, u8(code)));
    }

    private static byte[] bytes(String address) throws IOException {
        return InetAddress.getByName(address).getAddress();
    }

    private static byte[] concat(byte[]... parts) {
        return dev.ctstream.conntrack.MessageBytes.concat(parts);
    }

    private GenericRecord encode(String family, byte[] original, byte[] reply, byte[]... more) {
        return encode(new DerivedFields(true, true), family, original, reply, more);
    }

    private GenericRecord encode(DerivedFields fields, String family, byte[] original, byte[] reply, byte[]... more) {
        decode(family, original, reply, more);
        FlowEventEncoder encoder = new FlowEventEncoder(fields, PrivacyRules.NONE);
        encoder.from(EventOrigin.KERNEL, TestBatcher.RECEIVED, 0);
        byte[] to = new byte[encoder.maxBytes(event)];
        return Datums.read(Schemas.EVENT, to, 0, encoder.encode(to, 0, event, 0, -1));
    }

    private void decode(String family, byte[] original, byte[] reply, byte[]... more) {
        byte[] message =
                message(0x100, 0, family.indexOf(':') < 0 ? 2 : 10, nest(1, original), nest(2, reply), concat(more));
        assertThat(decoder.decode(event, Fixtures.buffer(message), 0, message.length))
                .isTrue();
    }
}
