package dev.ctstream.admin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ctstream.conntrack.DumpFilter;
import dev.ctstream.conntrack.FlowSpec;
import dev.ctstream.conntrack.Flows;
import dev.ctstream.conntrack.NfGenMsg;
import dev.ctstream.conntrack.TupleSpec;
import dev.ctstream.conntrack.ZoneScope;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class EntryFieldsTest {
    private static final String UDP =
            "protocol=udp source=10.0.0.1 source-port=1 destination=10.0.0.2 destination-port=2 timeout=60";

    private static Map<String, String> fields(String text) {
        Map<String, String> fields = new LinkedHashMap<>();
        for (String field : text.split(" ", -1)) {
            int equals = field.indexOf('=');
            fields.put(field.substring(0, equals), field.substring(equals + 1));
        }
        return fields;
    }

    private static FlowSpec spec(String text) throws FieldException {
        return EntryFields.spec(fields(text), "--");
    }

    @Test
    void anEntryHasTheGivenFieldsAndTheInverseAsReply() throws FieldException {
        TupleSpec original = Flows.tuple("10.0.0.1", "10.0.0.2", new TupleSpec.Ports(17, 1, 2));
        assertThat(spec(UDP)).isEqualTo(FlowSpec.of(original).timeoutSeconds(60).build());
        FlowSpec full = spec(UDP + " zone=7 mark=0x10 status=ASSURED,SEEN_REPLY label=0,127 helper=tftp"
                + " reply-destination=10.0.0.9 reply-destination-port=9 snat=10.0.0.9:9 dnat=10.0.0.8");
        assertThat(full.zone()).isEqualTo(ZoneScope.both(7));
        assertThat(full.mark()).isEqualTo(16);
        assertThat(full.status()).isEqualTo(0xE);
        assertThat(full.labels()).isEqualTo(new FlowSpec.Labels(1, 0, 0, 0x8000_0000));
        assertThat(full.helper()).isEqualTo("tftp");
        assertThat(full.reply()).isEqualTo(Flows.tuple("10.0.0.2", "10.0.0.9", new TupleSpec.Ports(17, 2, 9)));
        assertThat(full.sourceNat()).isEqualTo(new FlowSpec.Nat(Flows.address("10.0.0.9"), 9));
        assertThat(full.destinationNat()).isEqualTo(new FlowSpec.Nat(Flows.address("10.0.0.8"), null));
    }

    @Test
    void aNumericStatusIsSentUnchanged() throws FieldException {
        assertThat(spec(UDP + " status=0").status()).isZero();
        assertThat(spec(UDP + " status=0x404").status()).isEqualTo(0x404);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            zone=7 original-zone=8          | --zone cannot be combined: an entry has only one of zone,
            zone=65536                      | --zone '65536' is not a number in 0..65535
            zone=-1                         | --zone '-1' is not a number in 0..65535
            zone=seven                      | --zone 'seven' is not a number in 0..65535
            mark=1/2                        | --mark '1/2' is not a number
            mark=4294967296                 | --mark '4294967296' is not a number
            status=SHINY                    | --status 'SHINY' is not status bits
            state=ESTABLISHED               | --state is for tcp, sctp and dccp only
            label=128                       | --label '128' is not label numbers
            helper=averyveryverylongname    | --helper 'averyveryverylongname' is not a helper's name
            icmp-id=5                       | --icmp-id is not for protocol udp
            source=10.0.0.1/8               | --source '10.0.0.1/8' is not an IPv4 or IPv6 address
            source=localhost                | --source 'localhost' is not an IPv4 or IPv6 address
            source=10.0.1                   | --source '10.0.1' is not an IPv4 or IPv6 address
            destination=fd00::1             | --destination differs in family from source
            family=ipv6                     | --family differs from the family of the addresses
            reply-source=fd00::1            | --reply-source or reply-destination differs in family from the original
            snat=10.0.0.1:x                 | --snat '10.0.0.1:x' is not ADDRESS
            protocol=icmp                   | --icmp-type is missing: protocol icmp needs it
            protocol=tpc                    | --protocol 'tpc' is not a protocol: ah, dccp, esp
            protocol=99                     | --source-port is not for protocol 99
            timeout=                        | --timeout '' is not a number
            source=010.0.0.1                | --source '010.0.0.1' is not an IPv4 or IPv6 address
            source=10.0.0.256               | --source '10.0.0.256' is not an IPv4 or IPv6 address
            source=10.0.0.1.                | --source '10.0.0.1.' is not an IPv4 or IPv6 address
            source=::ffff:010.0.0.1         | --source '::ffff:010.0.0.1' is not an IPv4 or IPv6 address
            source=fe80::1%eth0             | --source 'fe80::1%eth0' is not an IPv4 or IPv6 address
            source=[::1]                    | --source '[::1]' is not an IPv4 or IPv6 address
            source=:::                      | --source ':::' is not an IPv4 or IPv6 address
            zone=+7                         | --zone '+7' is not a number in 0..65535
            zone=007                        | --zone '007' is not a number in 0..65535
            zone=\u0667                     | --zone '\u0667' is not a number in 0..65535
            zone=7/8                        | --zone '7/8' is not a number in 0..65535
            mark=0x                         | --mark '0x' is not a number
            label=-00000000000000000000000000000001 | --label '-0
            snat=[::1                       | --snat '[::1' is not ADDRESS
            snat=[::1]5                     | --snat '[::1]5' is not ADDRESS
            status=ASSURED,UNSET            | --status 'ASSURED,UNSET' is not status bits
            status=EXPECTED                 | --master-protocol is missing: a status with EXPECTED
            master-source=10.0.0.1          | --master-protocol is missing
            status=SRC_NAT                  | --snat or a translated reply tuple is needed for a status
            """)
    void aWrongFieldIsNamedWithItsAllowedValues(String change, String problem) {
        Map<String, String> fields = fields(UDP);
        fields.putAll(fields(change));
        assertThatThrownBy(() -> EntryFields.spec(fields, "--"))
                .isInstanceOfSatisfying(
                        FieldException.class,
                        e -> assertThat(e.problems())
                                .anySatisfy(text -> assertThat(text).startsWith(problem)));
    }

    @Test
    void allMissingFieldsAreReportedAtOnce() {
        assertThatThrownBy(() -> EntryFields.spec(Map.of(), "--"))
                .isInstanceOfSatisfying(
                        FieldException.class,
                        e -> assertThat(e.problems())
                                .hasSize(4)
                                .allMatch(problem -> problem.contains(" is missing: ")));
    }

    @Test
    void aListedStatusWithNatBecomesTheTranslationInItsReply() throws FieldException {
        FlowSpec spec = spec(UDP + " status=408 reply-destination=10.0.0.9 reply-destination-port=40000");
        assertThat(spec.status()).isEqualTo(408 & ~0x30);
        assertThat(spec.sourceNat()).isEqualTo(new FlowSpec.Nat(Flows.address("10.0.0.9"), 40_000));
        assertThat(spec.destinationNat()).isNull();
        assertThat(spec.reply()).isEqualTo(spec.original().inverse());
    }

    @Test
    void aFilterTakesPrefixesMasksAndNegatedStatus() throws FieldException {
        EntryFilter filter = EntryFields.filter(
                fields("source=10.0.0.0/8 reply-source=10.9.0.0/16 mark=0x10/0xf0 status=ASSURED,!SEEN_REPLY"), "--");
        assertThat(filter.kernel().family()).isEqualTo(NfGenMsg.AF_INET);
        assertThat(filter.kernel().mark()).isEqualTo(new DumpFilter.Masked(0x10, 0xF0));
        assertThat(filter.kernel().status()).isEqualTo(new DumpFilter.Masked(4, 6));
        assertThat(filter.mutable()).isTrue();
        assertThat(EntryFields.filter(Map.of(), "--").everything()).isTrue();
    }

    /** ICMP is tracked in IPv6 packets too, so a protocol says nothing about the family. */
    @ParameterizedTest
    @ValueSource(strings = {"icmp", "icmpv6", "ipv6-icmp", "tcp"})
    void aProtocolIsNoFamily(String protocol) throws FieldException {
        assertThat(EntryFields.filter(fields("protocol=" + protocol), "--")
                        .kernel()
                        .family())
                .isEqualTo(NfGenMsg.AF_UNSPEC);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            DNAT                | 32 | 32
            [DNAT],[SNAT]       | 48 | 48
            UNREPLIED           | 0  | 2
            [UNREPLIED],ASSURED | 4  | 6
            UNSET               | 0  | 6
            !UNREPLIED          | 2  | 2
            dst_nat,!src_nat    | 32 | 48
            """)
    void theWordsOfListingsAreAccepted(String words, long value, long mask) throws FieldException {
        assertThat(EntryFields.filter(Map.of("status", words), "--").kernel().status())
                .isEqualTo(new DumpFilter.Masked(value, mask));
    }

    /** ESTABLISHED is 3 of TCP and 4 of SCTP; 3 of SCTP is COOKIE_ECHOED. */
    @Test
    void aStateIsThatOfEachProtocol() throws FieldException {
        assertThat(EntryFields.filter(fields("state=ESTABLISHED"), "--").state())
                .isEqualTo(new EntryFilter.States(3, 4, null));
        assertThat(EntryFields.filter(fields("state=listen"), "--").state())
                .isEqualTo(new EntryFilter.States(9, null, null));
        assertThat(EntryFields.filter(fields("state=3"), "--").state()).isEqualTo(new EntryFilter.States(3, 3, 3));
        assertThatThrownBy(() -> EntryFields.filter(fields("state=OPEN protocol=tcp"), "--"))
                .hasMessageContaining("--state 'OPEN' is not a state: NONE, SYN_SENT");
        assertThatThrownBy(() -> EntryFields.filter(fields("state=ESTABLISHED protocol=udp"), "--"))
                .hasMessageContaining("--state is for tcp, sctp and dccp only");
    }

    @Test
    void aZoneAsListedIsAccepted() throws FieldException {
        assertThat(spec(UDP + " zone=42/-").zone()).isEqualTo(ZoneScope.original(42));
        assertThat(spec(UDP + " zone=-/43").zone()).isEqualTo(ZoneScope.reply(43));
        EntryFilter filter = EntryFields.filter(fields("zone=42/-"), "--");
        assertThat(filter.originalZone()).isEqualTo(42);
        assertThat(filter.kernel().zone()).isNull();
    }

    @Test
    void theReplyAloneDerivesTheOriginal() throws FieldException {
        FlowSpec derived = spec("protocol=udp reply-source=10.0.0.2 reply-source-port=2 reply-destination=10.0.0.1"
                + " reply-destination-port=1 timeout=60");
        assertThat(derived).isEqualTo(spec(UDP));
        FlowSpec mixed = spec("protocol=udp reply-source=10.0.0.2 reply-source-port=2 source=10.0.0.1"
                + " reply-destination=10.0.0.9 reply-destination-port=1 timeout=60");
        assertThat(mixed.original()).isEqualTo(spec(UDP).original());
        assertThat(mixed.reply()).isEqualTo(Flows.tuple("10.0.0.2", "10.0.0.9", new TupleSpec.Ports(17, 2, 1)));
    }

    @Test
    void aProtocolThatAKernelMayNotTrackNeedsNoPorts() throws FieldException {
        assertThat(spec("protocol=dccp source=10.0.0.1 destination=10.0.0.2 timeout=9")
                        .original())
                .isEqualTo(Flows.tuple("10.0.0.1", "10.0.0.2", new TupleSpec.AddressesOnly(33)));
        assertThatThrownBy(() -> spec("protocol=dccp source=10.0.0.1 destination=10.0.0.2 timeout=9 source-port=1"))
                .hasMessageContaining("--destination-port is missing");
        assertThatThrownBy(() -> spec("protocol=udp source=10.0.0.1 destination=10.0.0.2 timeout=9"))
                .hasMessageContaining("--source-port is missing");
    }

    @Test
    void anOffloadedEntryGetsTheFlowTablesTimeout() throws FieldException {
        assertThat(spec("protocol=esp source=10.0.0.1 destination=10.0.0.2 status=0x400e")
                        .timeoutSeconds())
                .isEqualTo(30);
    }

    @Test
    void anExpectedEntryHasItsMasterAndNoExpectedBit() throws FieldException {
        FlowSpec flow = spec(UDP + " status=9 master-protocol=tcp master-source=10.0.0.1 master-source-port=5"
                + " master-destination=10.0.0.2 master-destination-port=21");
        assertThat(flow.status()).isEqualTo(8);
        assertThat(flow.extras().master())
                .isEqualTo(Flows.tuple("10.0.0.1", "10.0.0.2", new TupleSpec.Ports(6, 5, 21)));
    }

    @Test
    void aFilterRejectsAddressesOfTwoFamilies() {
        assertThatThrownBy(() -> EntryFields.filter(fields("source=10.0.0.1 destination=fd00::1"), "--"))
                .isInstanceOf(FieldException.class);
        assertThatThrownBy(() -> EntryFields.filter(fields("source=10.0.0.1/33"), "--"))
                .isInstanceOf(FieldException.class);
    }
}
