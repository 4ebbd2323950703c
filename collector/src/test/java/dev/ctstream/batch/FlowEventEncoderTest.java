package dev.ctstream.batch;

import static dev.ctstream.conntrack.MessageBytes.attribute;
import static dev.ctstream.conntrack.MessageBytes.be16;
import static dev.ctstream.conntrack.MessageBytes.be32;
import static dev.ctstream.conntrack.MessageBytes.be64;
import static dev.ctstream.conntrack.MessageBytes.concat;
import static dev.ctstream.conntrack.MessageBytes.ip;
import static dev.ctstream.conntrack.MessageBytes.message;
import static dev.ctstream.conntrack.MessageBytes.nest;
import static dev.ctstream.conntrack.MessageBytes.u8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.conntrack.Fixtures;
import dev.ctstream.conntrack.FlowDecoder;
import dev.ctstream.conntrack.FlowEvent;
import dev.ctstream.conntrack.PrivacyRules;
import dev.ctstream.record.EventOrigin;
import dev.ctstream.record.Schemas;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.apache.avro.generic.GenericRecord;
import org.junit.jupiter.api.Test;

/** The encoder never writes more than {@code maxBytes}. Attribute numbers are the kernel's. */
class FlowEventEncoderTest {
    private static final long SEED = Long.getLong("test.seed", 20_260_104L);

    /** Null in a kernel event: the first is for dumps, and nothing asks for the others. */
    private static final List<String> UNFILLED =
            List.of("snapshot_id", "community_id", "reply_community_id", "protocol_name", "tcp_state_name");

    private final FlowDecoder decoder = new FlowDecoder();
    private final FlowEvent event = new FlowEvent();
    private final FlowEventEncoder encoder = new FlowEventEncoder(DerivedFields.NONE, PrivacyRules.NONE);
    private final FlowEventEncoder deriving = new FlowEventEncoder(new DerivedFields(true, true), PrivacyRules.NONE);

    @Test
    void largestEventFitsIntoMaxBytes() {
        for (int addressBytes : new int[] {4, 16}) {
            byte[] message = largest(addressBytes);
            for (FlowEventEncoder each : new FlowEventEncoder[] {encoder, deriving}) {
                each.from(EventOrigin.DUMP, Long.MIN_VALUE, Long.MIN_VALUE);
                verifyFits(each, message);
                each.from(EventOrigin.KERNEL, Long.MIN_VALUE, 0);
            }
            verifyFits(deriving, message);
            GenericRecord record = verifyFits(encoder, message);
            assertThat(ExpectedEvent.withoutNulls(record))
                    .hasSize(record.getSchema().getFields().size() - UNFILLED.size())
                    .doesNotContainKeys(UNFILLED.toArray(String[]::new));
        }
    }

    @Test
    void aReportOfALivingFlowBelongsToNoSnapshot() {
        encoder.fromInterim(TestBatcher.RECEIVED);
        GenericRecord interim = verifyFits(encoder, largest(4));
        assertThat(interim.get("event_type")).hasToString("INTERIM");
        assertThat(interim.get("origin")).hasToString("dump");
        assertThat(interim.get("snapshot_id")).isNull();
        assertThat(interim.get("packets_original")).isNotNull();
        assertThat(interim.get("duration_ns")).isNull();
        encoder.from(EventOrigin.DUMP, TestBatcher.RECEIVED, 77);
        GenericRecord existing = verifyFits(encoder, largest(4));
        assertThat(existing.get("event_type")).hasToString("EXISTING");
        assertThat(existing.get("snapshot_id")).isEqualTo(77L);
    }

    @Test
    void randomEventsFitIntoMaxBytes() {
        SplittableRandom random = new SplittableRandom(SEED);
        encoder.from(EventOrigin.KERNEL, TestBatcher.RECEIVED, 0);
        deriving.from(EventOrigin.KERNEL, TestBatcher.RECEIVED, 0);
        for (int i = 0; i < 5000; i++) {
            byte[] message = new RandomFlow(random).message;
            verifyFits(encoder, message);
            verifyFits(deriving, message);
        }
    }

    private GenericRecord verifyFits(FlowEventEncoder by, byte[] message) {
        assertThat(decoder.decode(event, Fixtures.buffer(message), 0, message.length))
                .isTrue();
        int maxBytes = by.maxBytes(event);
        byte[] to = new byte[maxBytes];
        int end = by.encode(to, 0, event, Long.MAX_VALUE, Long.MAX_VALUE);
        assertThat(end).as("seed %d", SEED).isLessThanOrEqualTo(maxBytes - AvroWriter.SPILL_BYTES);
        return Datums.read(Schemas.EVENT, to, 0, end);
    }

    /** Every field at its longest. */
    private static byte[] largest(int addressBytes) {
        byte[] high = new byte[addressBytes];
        Arrays.fill(high, (byte) 0xFF);
        byte[] tuple = concat(ip(high, high), protocol(), attribute(3, be16(0xFFFF)));
        byte[] counters = concat(attribute(1, be64(Long.MIN_VALUE)), attribute(2, be64(Long.MIN_VALUE)));
        byte[] adjustment = concat(attribute(1, be32(-1)), attribute(2, be32(1 << 31)), attribute(3, be32(1 << 31)));
        byte[] labels = new byte[16];
        byte[] invalid = new byte[17];
        Arrays.fill(invalid, 0, 16, (byte) 0x80);
        return message(
                0x102,
                0,
                addressBytes == 4 ? 2 : 10,
                concat(nest(1, tuple), nest(2, tuple), nest(14, tuple)),
                concat(attribute(12, be32(-1)), attribute(3, be32(1 << 31)), attribute(7, be32(-1))),
                concat(attribute(8, be32(-1)), nest(9, counters), nest(10, counters), nest(20, counters)),
                concat(attribute(27, be64(Long.MIN_VALUE)), nest(5, attribute(1, invalid)), attribute(22, labels)),
                concat(nest(19, attribute(1, invalid)), nest(15, adjustment), nest(16, adjustment), protocolInfo()),
                nest(24, attribute(1, be32(-1)), attribute(2, be32(-1)), attribute(3, be32(-1))));
    }

    private static byte[] protocol() {
        byte[] ports = concat(attribute(1, u8(255)), attribute(2, be16(0xFFFF)), attribute(3, be16(0xFFFF)));
        byte[] icmp = concat(attribute(4, be16(0xFFFF)), attribute(5, u8(255)), attribute(6, u8(255)));
        byte[] icmp6 = concat(attribute(7, be16(0xFFFF)), attribute(8, u8(255)), attribute(9, u8(255)));
        return nest(2, ports, icmp, icmp6);
    }

    /** TCP, DCCP and SCTP together, which no kernel sends. */
    private static byte[] protocolInfo() {
        byte[] state = attribute(1, u8(255));
        byte[] flags = {(byte) 0xFF, 0};
        byte[] scales = concat(attribute(2, u8(255)), attribute(3, u8(255)));
        byte[] tcp = nest(1, state, scales, attribute(4, flags), attribute(5, flags));
        byte[] dccp = nest(2, state, attribute(2, u8(255)), attribute(3, be64(Long.MIN_VALUE)));
        byte[] sctp = nest(3, state, attribute(2, be32(-1)), attribute(3, be32(-1)));
        return nest(4, tcp, dccp, sctp);
    }
}
