package dev.ctstream.conntrack;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.ctstream.netlink.AttributeCursor;
import dev.ctstream.netlink.MessageCursor;
import dev.ctstream.netlink.MessageWriter;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** The bytes of requests: the decoder reads what was written, and every DELETE names its target. */
class ConntrackRequestsTest {
    private static final TupleSpec TCP = tuple(new TupleSpec.Ports(6, 40_000, 80));
    private static final List<ZoneScope> ZONES =
            List.of(ZoneScope.NONE, ZoneScope.both(65_535), ZoneScope.original(42), ZoneScope.reply(43));

    private final ConntrackRequests requests = new ConntrackRequests();
    private final FlowDecoder decoder = new FlowDecoder();
    private final FlowEvent event = new FlowEvent();

    @Test
    void writtenEntriesAreReadBack() {
        for (ZoneScope zone : ZONES) {
            FlowSpec flow = FlowSpec.of(TCP)
                    .zone(zone)
                    .timeoutSeconds(0xFFFF_FFFFL)
                    .status(IpsStatus.IPS_CONFIRMED)
                    .mark(0xDEAD_BEEFL)
                    .labels(FlowSpec.Labels.of(0, 31, 127))
                    .protocolState(3)
                    .helper("ftp")
                    .build();
            decode(requests.create(flow));
            assertThat(event.eventType()).isEqualTo(FlowEvent.NEW);
            assertThat(TupleSpec.of(event.original())).isEqualTo(TCP);
            assertThat(TupleSpec.of(event.reply())).isEqualTo(TCP.inverse());
            assertThat(ZoneScope.of(event)).isEqualTo(zone);
            assertThat(event.timeoutSeconds()).isEqualTo(0xFFFF_FFFFL);
            assertThat(event.status()).isEqualTo(8);
            assertThat(event.mark()).isEqualTo(0xDEAD_BEEFL);
            assertThat(event.tcpState()).isEqualTo(3);
            assertThat(FlowEventJson.of(event).get("helper").asText()).isEqualTo("ftp");
            assertThat(FlowEventJson.of(event).get("label_bits").toString()).isEqualTo("[0,31,127]");
            assertThat(event.unknownAttributes() + event.unexpectedAttributes()).isZero();
        }
    }

    @Test
    void icmpTuplesAreReadBackInBothFamilies() throws UnknownHostException {
        InetAddress from = InetAddress.getByName("fd00::1");
        InetAddress to = InetAddress.getByName("fd00::2");
        for (TupleSpec tuple : List.of(
                tuple(new TupleSpec.Icmp(1, 8, 0, 0xFFFF)),
                new TupleSpec(from, to, new TupleSpec.Icmp(58, 128, 0, 1)),
                tuple(new TupleSpec.AddressesOnly(255)))) {
            decode(requests.create(FlowSpec.of(tuple).build()));
            assertThat(TupleSpec.of(event.original())).isEqualTo(tuple);
            assertThat(TupleSpec.of(event.reply())).isEqualTo(tuple.inverse());
            assertThat(tuple.inverse().inverse()).isEqualTo(tuple);
            assertThat(event.presence() & ~(1L << FlowEvent.ZONE)).isZero();
        }
    }

    @Test
    void everyDeleteNamesTupleZoneAndId() {
        for (ZoneScope zone : ZONES) {
            MessageCursor message = message(requests.delete(new EntryKey(TCP, zone, 0)));
            assertThat(message.type()).isEqualTo(NfGenMsg.IPCTNL_MSG_CT_DELETE);
            boolean both = zone.direction() == ZoneScope.Direction.BOTH;
            assertThat(numbers(message))
                    .containsExactlyElementsOf(
                            both ? List.of(Cta.CTA_TUPLE_ORIG, Cta.CTA_ID, Cta.CTA_ZONE) : List.of(1, Cta.CTA_ID));
        }
    }

    @Test
    void aZoneIsTwoBytesEvenWhenItIsZero() {
        AttributeCursor attributes = attributes(message(requests.flush(new Flush.Zone(0))));
        assertThat(attributes.next()).isTrue();
        assertThat(attributes.number()).isEqualTo(Cta.CTA_ZONE);
        assertThat(attributes.payloadLengthBytes()).isEqualTo(2);
        assertThat(attributes.next()).isFalse();
    }

    @Test
    void onlyAFlushIsADeleteWithoutATuple() {
        MessageCursor everything = message(requests.flush(new Flush.Everything()));
        assertThat(everything.type()).isEqualTo(NfGenMsg.IPCTNL_MSG_CT_DELETE);
        assertThat(numbers(everything)).isEmpty();
        for (MessageWriter other : List.of(
                requests.dump(DumpFilter.zone(7)),
                new ConntrackRequests().get(TCP, ZoneScope.NONE),
                new ConntrackRequests().create(FlowSpec.of(TCP).build()),
                new ConntrackRequests().update(FlowSpec.of(TCP).build()),
                new ConntrackRequests().plain(NfGenMsg.IPCTNL_MSG_CT_GET_STATS))) {
            assertThat(message(other).type()).isNotEqualTo(NfGenMsg.IPCTNL_MSG_CT_DELETE);
        }
    }

    @Test
    void aFamilyFlushHasTheVersionThatTheKernelHonours() {
        MessageCursor message = message(requests.flush(new Flush.Family(NfGenMsg.AF_INET6)));
        ByteBuffer buffer = message.buffer();
        assertThat(buffer.get(message.offset() + NfGenMsg.FAMILY_OFFSET)).isEqualTo((byte) NfGenMsg.AF_INET6);
        assertThat(buffer.get(message.offset() + NfGenMsg.VERSION_OFFSET)).isEqualTo((byte) 1);
        assertThatIllegalArgumentException().isThrownBy(() -> new Flush.Family(NfGenMsg.AF_UNSPEC));
    }

    @Test
    void invalidValuesAreRefusedBeforeTheyAreWritten() throws UnknownHostException {
        InetAddress v6 = InetAddress.getByName("fd00::9");
        assertThatIllegalArgumentException().isThrownBy(() -> ZoneScope.both(65_536));
        assertThatIllegalArgumentException().isThrownBy(() -> ZoneScope.both(-1));
        assertThatIllegalArgumentException().isThrownBy(() -> new Flush.Zone(65_536));
        assertThatIllegalArgumentException().isThrownBy(() -> new EntryKey(TCP, ZoneScope.NONE, -1));
        assertThatIllegalArgumentException().isThrownBy(() -> new TupleSpec(TCP.source(), v6, TCP.layer4()));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> tuple(new TupleSpec.Icmp(1, 3, 0, 1)).inverse());
        assertThatIllegalArgumentException()
                .isThrownBy(() -> requests.create(FlowSpec.of(tuple(new TupleSpec.Ports(17, 1, 2)))
                        .protocolState(1)
                        .build()));
    }

    private void decode(MessageWriter request) {
        MessageCursor message = message(request);
        assertThat(decoder.decode(event, message.buffer(), message.offset(), message.lengthBytes()))
                .isTrue();
    }

    private static MessageCursor message(MessageWriter request) {
        ByteBuffer bytes = request.finish();
        MessageCursor message = new MessageCursor().wrap(bytes, 0, bytes.remaining());
        assertThat(message.next()).isTrue();
        return message;
    }

    private static AttributeCursor attributes(MessageCursor message) {
        return new AttributeCursor().wrap(message, NfGenMsg.ATTRIBUTES_OFFSET);
    }

    private static Set<Integer> numbers(MessageCursor message) {
        Set<Integer> numbers = new TreeSet<>();
        AttributeCursor attributes = attributes(message);
        while (attributes.next()) {
            numbers.add(attributes.number());
        }
        return numbers;
    }

    private static TupleSpec tuple(TupleSpec.Layer4 layer4) {
        try {
            return new TupleSpec(InetAddress.getByName("10.1.0.1"), InetAddress.getByName("10.1.0.2"), layer4);
        } catch (UnknownHostException e) {
            throw new AssertionError(e);
        }
    }
}
