package dev.ctstream.conntrack;

import static dev.ctstream.conntrack.Cta.*;
import static dev.ctstream.conntrack.MessageBytes.*;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.netlink.NlAttr;
import dev.ctstream.netlink.NlMsgHdr;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** Cases that no capture contains: untracked protocols, padding, unknown numbers, invalid messages. */
class FlowEventTest {
    private static final byte[] UDP = ports(17, 1000, 2000);
    private static final byte[] A4 = {10, 1, 0, 1};
    private static final byte[] A6 = {0x20, 1, 0xd, (byte) 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};

    private final FlowDecoder decoder = new FlowDecoder();
    private final FlowEvent event = new FlowEvent();

    @Test
    void decodesUdpLite() {
        assertThat(wrap(newFlow(ports(136, 40_000, 65_535)))).isTrue();
        assertThat(event.original().protocol()).isEqualTo(136);
        assertThat(event.original().sourcePort()).isEqualTo(40_000);
        assertThat(event.reply().destinationPort()).isEqualTo(65_535);
    }

    @Test
    void decodesDccpOfOldKernels() {
        byte[] info = nest(
                CTA_PROTOINFO,
                nest(
                        CTA_PROTOINFO_DCCP,
                        attribute(CTA_PROTOINFO_DCCP_STATE, u8(4)),
                        attribute(CTA_PROTOINFO_DCCP_ROLE, u8(1)),
                        attribute(CTA_PROTOINFO_DCCP_PAD, new byte[0]),
                        attribute(CTA_PROTOINFO_DCCP_HANDSHAKE_SEQ, be64(0xFFFF_1234_5678L))));
        assertThat(wrap(newFlow(ports(33, 1, 2), info))).isTrue();
        assertThat(event.dccpState()).isEqualTo(4);
        assertThat(event.dccpRole()).isEqualTo(1);
        assertThat(event.dccpHandshakeSequence()).isEqualTo(0xFFFF_1234_5678L);
        assertThat(event.unknownAttributes() + event.unexpectedAttributes()).isZero();
    }

    @Test
    void decodesSecurityContextHelperInfoAndTheWholeRangeOfUnsignedNumbers() {
        byte[] message = newFlow(
                UDP,
                nest(CTA_SECCTX, attribute(CTA_SECCTX_NAME, text("system_u:object_r:x"))),
                nest(CTA_HELP, attribute(CTA_HELP_NAME, text("sip")), attribute(CTA_HELP_INFO, new byte[] {1, 2, 3})),
                attribute(CTA_MARK, be32(0xFFFF_FFFFL)),
                attribute(CTA_ID, be32(0x8000_0000L)),
                attribute(CTA_TIMEOUT, be32(0xFFFF_FFFFL)),
                attribute(CTA_USE, be32(0x8000_0001L)),
                nest(
                        CTA_COUNTERS_ORIG,
                        attribute(CTA_COUNTERS_PACKETS, be64(-1)),
                        attribute(CTA_COUNTERS_BYTES, be64(Long.MIN_VALUE))));
        assertThat(wrap(message)).isTrue();
        assertThat(string(event.securityContextOffset(), event.securityContextLengthBytes()))
                .isEqualTo("system_u:object_r:x");
        assertThat(string(event.helperOffset(), event.helperLengthBytes())).isEqualTo("sip");
        assertThat(event.has(FlowEvent.HELPER_INFO)).isTrue();
        assertThat(event.mark()).isEqualTo(0xFFFF_FFFFL);
        assertThat(event.id()).isEqualTo(0x8000_0000L);
        assertThat(event.timeoutSeconds()).isEqualTo(0xFFFF_FFFFL);
        assertThat(event.use()).isEqualTo(0x8000_0001L);
        assertThat(event.packetsOriginal()).isEqualTo(-1);
        assertThat(event.bytesOriginal()).isEqualTo(Long.MIN_VALUE);
        assertThat(event.has(FlowEvent.PACKETS_REPLY)).isFalse();
    }

    @Test
    void paddingNumberedAsStatusHidesNoStatus() {
        byte[] status = attribute(CTA_STATUS, be32(0x18e));
        byte[] pad = attribute(CTA_STATUS, new byte[0]);
        byte[] time = attribute(CTA_TIMESTAMP_EVENT, be64(77));
        for (byte[] message : new byte[][] {newFlow(UDP, status, pad, time), newFlow(UDP, pad, time, status)}) {
            assertThat(wrap(message)).isTrue();
            assertThat(event.status()).isEqualTo(0x18e);
            assertThat(event.eventTimeNanos()).isEqualTo(77);
            assertThat(event.unexpectedAttributes()).isEqualTo(1);
        }
    }

    @Test
    void paddingInsideNestsIsRecognized() {
        byte[] counters = nest(
                CTA_COUNTERS_REPLY,
                attribute(CTA_COUNTERS_PAD, new byte[0]),
                attribute(CTA_COUNTERS_PACKETS, be64(5)),
                attribute(CTA_COUNTERS_PAD, new byte[0]),
                attribute(CTA_COUNTERS_BYTES, be64(6)));
        byte[] times =
                nest(CTA_TIMESTAMP, attribute(CTA_TIMESTAMP_PAD, new byte[0]), attribute(CTA_TIMESTAMP_START, be64(8)));
        assertThat(wrap(newFlow(UDP, counters, times))).isTrue();
        assertThat(event.packetsReply()).isEqualTo(5);
        assertThat(event.bytesReply()).isEqualTo(6);
        assertThat(event.startTimeNanos()).isEqualTo(8);
        assertThat(event.has(FlowEvent.STOP_TIME)).isFalse();
        assertThat(event.unknownAttributes() + event.unexpectedAttributes()).isZero();
    }

    @Test
    void aWrongLengthIsSkippedAndCountedAndNeverOverwrites() {
        byte[] message = newFlow(
                UDP,
                attribute(CTA_MARK, be32(9)),
                attribute(CTA_MARK, be16(1)),
                attribute(CTA_ZONE, be32(5)),
                attribute(CTA_TIMEOUT, be64(1)),
                attribute(CTA_LABELS, new byte[3]),
                attribute(CTA_LABELS, new byte[20]));
        assertThat(wrap(message)).isTrue();
        assertThat(event.mark()).isEqualTo(9);
        assertThat(event.has(FlowEvent.ZONE)).isFalse();
        assertThat(event.zone()).isZero();
        assertThat(event.has(FlowEvent.TIMEOUT)).isFalse();
        assertThat(event.has(FlowEvent.LABELS)).isFalse();
        assertThat(event.unexpectedAttributes()).isEqualTo(5);
    }

    @Test
    void unknownNumbersAreCountedAtEveryLevel() {
        byte[] unknown = attribute(60, be32(1));
        byte[] proto = nest(CTA_TUPLE_PROTO, attribute(CTA_PROTO_NUM, u8(99)), unknown);
        byte[] ip = nest(CTA_TUPLE_IP, attribute(CTA_IP_V4_SRC, A4), attribute(CTA_IP_V4_DST, A4), unknown);
        byte[] message = message(
                NfGenMsg.IPCTNL_MSG_CT_NEW,
                0,
                NfGenMsg.AF_INET,
                nest(CTA_TUPLE_ORIG, ip, proto, unknown),
                nest(CTA_TUPLE_REPLY, ip, proto),
                unknown,
                attribute(CTA_SECMARK, be32(3)),
                nest(CTA_PROTOINFO, unknown, nest(CTA_PROTOINFO_TCP, unknown)),
                nest(CTA_COUNTERS_ORIG, unknown, attribute(CTA_COUNTERS32_BYTES, be32(1))),
                nest(CTA_TIMESTAMP, unknown),
                nest(CTA_HELP, unknown),
                nest(CTA_SECCTX, unknown),
                attribute(0x3FFF, new byte[0]));
        assertThat(wrap(message)).isTrue();
        assertThat(event.unknownAttributes()).isEqualTo(5 + 2 + 2 + 2 + 1 + 1 + 1 + 1);
    }

    @Test
    void theFlagBitsOfATypeAreNotPartOfItsNumber() {
        byte[] message = newFlow(
                UDP,
                attribute(CTA_MARK | NlAttr.NLA_F_NET_BYTEORDER, be32(7)),
                attribute(CTA_ZONE | NlAttr.NLA_F_NESTED | NlAttr.NLA_F_NET_BYTEORDER, be16(65_535)),
                attribute(
                        CTA_TIMESTAMP, // a nest without its flag
                        attribute(CTA_TIMESTAMP_STOP, be64(3))));
        assertThat(wrap(message)).isTrue();
        assertThat(event.mark()).isEqualTo(7);
        assertThat(event.zone()).isEqualTo(65_535);
        assertThat(event.stopTimeNanos()).isEqualTo(3);
    }

    @Test
    void incompleteTriplesAndMastersAreAbsentAndCounted() {
        byte[] message = newFlow(
                UDP,
                nest(CTA_SEQ_ADJ_ORIG, attribute(CTA_SEQADJ_CORRECTION_POS, be32(1))),
                nest(CTA_SYNPROXY, attribute(CTA_SYNPROXY_TSOFF, be32(1))),
                nest(CTA_TUPLE_MASTER, UDP));
        assertThat(wrap(message)).isTrue();
        assertThat(event.presence()).isZero();
        assertThat(event.unexpectedAttributes()).isEqualTo(3);
    }

    @Test
    void aMessageNeedsBothTuplesComplete() {
        byte[] ip = ip(A4, A4);
        byte[] noDestination = nest(CTA_TUPLE_IP, attribute(CTA_IP_V4_SRC, A4));
        byte[] noNumber = nest(CTA_TUPLE_PROTO, attribute(CTA_PROTO_SRC_PORT, be16(1)));
        assertThat(wrap(tuples(NfGenMsg.AF_INET, ip, UDP, ip, UDP))).isTrue();
        assertThat(wrap(tuples(NfGenMsg.AF_INET, noDestination, UDP, ip, UDP))).isFalse();
        assertThat(wrap(tuples(NfGenMsg.AF_INET, ip, UDP, noDestination, UDP))).isFalse();
        assertThat(wrap(tuples(NfGenMsg.AF_INET, ip, noNumber, ip, UDP))).isFalse();
        assertThat(wrap(tuples(NfGenMsg.AF_INET, ip, new byte[0], ip, UDP))).isFalse();
        assertThat(wrap(message(NfGenMsg.IPCTNL_MSG_CT_NEW, 0, NfGenMsg.AF_INET)))
                .isFalse();
        assertThat(wrap(message(NfGenMsg.IPCTNL_MSG_CT_NEW, 0, NfGenMsg.AF_INET, nest(CTA_TUPLE_ORIG, ip, UDP))))
                .isFalse();
    }

    @Test
    void addressesMustMatchTheFamily() {
        byte[] v4 = ip(A4, A4);
        byte[] v6 = ip(A6, A6);
        assertThat(wrap(tuples(NfGenMsg.AF_INET6, v6, UDP, v6, UDP))).isTrue();
        assertThat(event.ipVersion()).isEqualTo(6);
        assertThat(wrap(tuples(NfGenMsg.AF_INET6, v4, UDP, v6, UDP))).isFalse();
        assertThat(wrap(tuples(NfGenMsg.AF_INET, v6, UDP, v6, UDP))).isFalse();
        assertThat(wrap(tuples(7, v4, UDP, v4, UDP))).isFalse();
    }

    @Test
    void attributesThatExceedTheirParentAreMalformedAtEveryLevel() {
        byte[] good = newFlow(UDP, attribute(CTA_MARK, be32(7)));
        int tupleAt = NfGenMsg.ATTRIBUTES_OFFSET;
        for (int at : new int[] {tupleAt, tupleAt + 4, tupleAt + 8, good.length - 8}) {
            for (int length : new int[] {0, 3, 0x7FFF, 0xFFFF}) {
                ByteBuffer copy = buffer(good);
                copy.putShort(at, (short) length);
                assertThat(decoder.decode(event, copy, 0, good.length))
                        .as("length %d at %d", length, at)
                        .isFalse();
                assertThat(event.presence()).isZero();
            }
        }
    }

    @Test
    void otherMessagesAreNotFlowEvents() {
        byte[] good = newFlow(UDP);
        for (int type : new int[] {0, 1, 2, 3, 4, 0x101, 0x103, 0x200, 0x202, 0x0A00, 0xFFFF}) {
            ByteBuffer copy = buffer(good);
            copy.putShort(NlMsgHdr.TYPE_OFFSET, (short) type);
            assertThat(decoder.decode(event, copy, 0, good.length))
                    .as("type %x", type)
                    .isFalse();
        }
    }

    @Test
    void anInvalidRangeIsRefused() {
        byte[] good = newFlow(UDP);
        ByteBuffer buffer = buffer(good);
        for (int[] range : new int[][] {
            {0, 0},
            {0, 19},
            {0, good.length + 1},
            {1, good.length},
            {-4, good.length},
            {0, -1},
            {Integer.MAX_VALUE, good.length},
            {8, Integer.MAX_VALUE},
            {good.length, 20}
        }) {
            assertThat(decoder.decode(event, buffer, range[0], range[1]))
                    .as(Arrays.toString(range))
                    .isFalse();
        }
    }

    @Test
    void theLastAttributeMayLackItsPadding() {
        byte[] message = newFlow(UDP, attribute(CTA_ZONE, be16(7)));
        assertThat(decoder.decode(event, buffer(message), 0, message.length - 2))
                .isTrue();
        assertThat(event.zone()).isEqualTo(7);
    }

    @Test
    void flagsDetermineTheEventType() {
        byte[] ip = ip(A4, A4);
        byte[] body = concat(nest(CTA_TUPLE_ORIG, ip, UDP), nest(CTA_TUPLE_REPLY, ip, UDP));
        assertThat(wrap(message(NfGenMsg.IPCTNL_MSG_CT_NEW, 0x600, NfGenMsg.AF_INET, body)))
                .isTrue();
        assertThat(event.eventType()).isEqualTo(FlowEvent.NEW);
        assertThat(wrap(message(NfGenMsg.IPCTNL_MSG_CT_NEW, 0, NfGenMsg.AF_INET, body)))
                .isTrue();
        assertThat(event.eventType()).isEqualTo(FlowEvent.UPDATE);
        assertThat(event.dumpReply()).isFalse();
        assertThat(wrap(message(NfGenMsg.IPCTNL_MSG_CT_DELETE, 0, NfGenMsg.AF_INET, body)))
                .isTrue();
        assertThat(event.eventType()).isEqualTo(FlowEvent.DESTROY);
        assertThat(wrap(message(NfGenMsg.IPCTNL_MSG_CT_NEW, 0x22, NfGenMsg.AF_INET, body)))
                .isTrue();
        assertThat(event.dumpReply()).isTrue();
    }

    private static byte[] tuples(int family, byte[] ip1, byte[] proto1, byte[] ip2, byte[] proto2) {
        return message(
                NfGenMsg.IPCTNL_MSG_CT_NEW,
                0,
                family,
                nest(CTA_TUPLE_ORIG, ip1, proto1),
                nest(CTA_TUPLE_REPLY, ip2, proto2));
    }

    private boolean wrap(byte[] message) {
        return decoder.decode(event, buffer(message), 0, message.length);
    }

    private static ByteBuffer buffer(byte[] message) {
        return Fixtures.buffer(message);
    }

    private String string(int offset, int lengthBytes) {
        byte[] bytes = new byte[lengthBytes];
        event.buffer().get(offset, bytes);
        return new String(bytes, StandardCharsets.UTF_8);
    }
}
