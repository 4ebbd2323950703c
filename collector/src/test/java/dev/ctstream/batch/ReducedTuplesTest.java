package dev.ctstream.batch;

import static dev.ctstream.conntrack.MessageBytes.attribute;
import static dev.ctstream.conntrack.MessageBytes.be16;
import static dev.ctstream.conntrack.MessageBytes.be32;
import static dev.ctstream.conntrack.MessageBytes.concat;
import static dev.ctstream.conntrack.MessageBytes.ip;
import static dev.ctstream.conntrack.MessageBytes.message;
import static dev.ctstream.conntrack.MessageBytes.nest;
import static dev.ctstream.conntrack.MessageBytes.ports;
import static dev.ctstream.conntrack.MessageBytes.text;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.conntrack.PrivacyRules;
import dev.ctstream.record.AddressText;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** Events without what the privacy rules leave out, as a consumer reads them. Attribute numbers are the kernel's. */
class ReducedTuplesTest {
    /** An FTP data connection through source NAT, and what its record has. */
    private static byte[] translated() {
        return message(
                0x102,
                0,
                2,
                nest(1, ip(bytes("100.64.7.9"), bytes("203.0.113.77")), ports(6, 40_000, 8443)),
                nest(2, ip(bytes("203.0.113.77"), bytes("192.0.2.66")), ports(6, 8443, 61_000)),
                nest(14, ip(bytes("100.64.7.9"), bytes("203.0.113.77")), ports(6, 40_001, 21)),
                concat(attribute(18, be16(7)), attribute(12, be32(99)), nest(5, attribute(1, text("ftp")))));
    }

    private static byte[] bytes(String address) {
        return AddressText.parse(address);
    }

    private static Map<String, Object> record(PrivacyRules rules, byte[] message) {
        BatchConfig config = new BatchConfig(1, 256 << 10, 500, new DerivedFields(true, true), rules);
        try (TestBatcher batcher = new TestBatcher(config)) {
            Map<String, Object> fields = new TreeMap<>(ExpectedEvent.withoutNulls(batcher.encoded(message)));
            fields.keySet()
                    .retainAll(List.of(
                            "source_address",
                            "destination_address",
                            "reply_source_address",
                            "reply_destination_address",
                            "source_port",
                            "destination_port",
                            "reply_source_port",
                            "reply_destination_port",
                            "master",
                            "helper",
                            "community_id",
                            "reply_community_id",
                            "protocol_name",
                            "nat",
                            "ct_id"));
            return fields;
        }
    }

    @Test
    void withoutRulesEverythingIsThere() {
        assertThat(record(PrivacyRules.NONE, translated())).hasSize(15);
    }

    @Test
    void anOmittedDestinationTakesAlongWhatWouldRevealIt() {
        Map<String, Object> fields = record(PrivacyRules.parse(List.of("100.64.0.0/10"), false), translated());
        Object master = fields.remove("master");
        assertThat(fields)
                .isEqualTo(new TreeMap<>(Map.of(
                        "source_address", "100.64.7.9",
                        "source_port", 40_000,
                        "destination_address", "",
                        "reply_source_address", "",
                        "reply_destination_address", "192.0.2.66",
                        "reply_destination_port", 61_000,
                        "protocol_name", "tcp",
                        "nat", "source",
                        "ct_id", 99L)));
        assertThat(master)
                .isEqualTo(Map.of("ip_version", 4, "protocol", 6, "source_address", "", "destination_address", ""));
    }

    @Test
    void anotherFlowKeepsItsDestination() {
        assertThat(record(PrivacyRules.parse(List.of("8", "10.0.0.0/8"), false), translated()))
                .isEqualTo(record(PrivacyRules.NONE, translated()));
    }

    @Test
    void truncatedAddressesHaveNoIds() {
        Map<String, Object> fields = record(PrivacyRules.parse(List.of(), true), translated());
        Object master = fields.remove("master");
        assertThat(fields)
                .isEqualTo(new TreeMap<>(Map.ofEntries(
                        Map.entry("source_address", "100.64.7.0"),
                        Map.entry("source_port", 40_000),
                        Map.entry("destination_address", "203.0.113.0"),
                        Map.entry("destination_port", 8443),
                        Map.entry("reply_source_address", "203.0.113.0"),
                        Map.entry("reply_source_port", 8443),
                        Map.entry("reply_destination_address", "192.0.2.0"),
                        Map.entry("reply_destination_port", 61_000),
                        Map.entry("helper", "ftp"),
                        Map.entry("protocol_name", "tcp"),
                        Map.entry("nat", "source"),
                        Map.entry("ct_id", 99L))));
        assertThat(master)
                .isEqualTo(Map.of(
                        "ip_version", 4,
                        "protocol", 6,
                        "source_address", "100.64.7.0",
                        "source_port", 40_001,
                        "destination_address", "203.0.113.0",
                        "destination_port", 21));
    }

    @Test
    void ipv6AddressesKeep48Bits() {
        byte[] client = bytes("2001:db8:aaaa:1:2:3:4:9");
        byte[] server = bytes("::ffff:203.0.113.77");
        byte[] message = message(
                0x100,
                0x600,
                10,
                nest(1, ip(client, server), ports(17, 1, 53)),
                nest(2, ip(server, client), ports(17, 53, 1)));
        assertThat(record(PrivacyRules.parse(List.of("0"), true), message))
                .containsEntry("source_address", "2001:db8:aaaa::")
                .containsEntry("reply_destination_address", "2001:db8:aaaa::")
                .containsEntry("destination_address", "");
        assertThat(record(PrivacyRules.parse(List.of(), true), message))
                .containsEntry("destination_address", "::")
                .containsEntry("destination_port", 53);
    }
}
