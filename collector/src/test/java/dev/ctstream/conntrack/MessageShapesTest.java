package dev.ctstream.conntrack;

import static dev.ctstream.conntrack.Cta.*;
import static dev.ctstream.conntrack.MessageBytes.*;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.netlink.NlAttr;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Collections;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** A message of a known shape is read as if it were decoded in full, and no other message is mistaken for one. */
class MessageShapesTest {
    private static final int UDP = 17;
    private static final int UNKNOWN = 60;
    private static final int NLA_F_NET_BYTEORDER = 1 << 14;
    private static final int TUPLE_HEADERS = 16; // of both tuples of MessageBytes.newFlow

    private final FlowDecoder decoder = new FlowDecoder();
    private final FlowEvent event = new FlowEvent();
    private final FlowEventDigest digest = new FlowEventDigest();

    private static ByteBuffer at(int offset, byte[] message) {
        ByteBuffer buffer = ByteBuffer.allocateDirect(offset + message.length).order(ByteOrder.nativeOrder());
        return buffer.put(offset, message);
    }

    /** Whether the message had a known shape; checks that a decoder without shapes reads the same. */
    private boolean known(byte[] message, int offset) {
        ByteBuffer buffer = at(offset, message);
        FlowEvent alone = new FlowEvent();
        assertThat(decoder.decode(event, buffer, offset, message.length)).isTrue();
        assertThat(new FlowDecoder().decode(alone, buffer, offset, message.length))
                .isTrue();
        assertThat(alone.adopted()).isFalse();
        assertThat(digest.of(event)).isEqualTo(digest.of(alone));
        return event.adopted();
    }

    private boolean known(byte[] message) {
        return known(message, 0);
    }

    private static byte[] flow(byte[]... more) {
        return newFlow(ports(UDP, 1024, 53), more);
    }

    private static byte[] number(int type, long value) {
        return attribute(type, be32(value));
    }

    @Test
    void theSecondMessageOfAShapeIsKnownAtAnyOffsetAndWithAnyValues() {
        assertThat(known(newFlow(ports(6, 1024, 443), number(CTA_MARK, 7), number(CTA_ID, 1)), 0))
                .isFalse();
        assertThat(known(newFlow(ports(UDP, 9, 53), number(CTA_MARK, 99), number(CTA_ID, 2)), 64))
                .isTrue();
        assertThat(event.mark()).isEqualTo(99);
        assertThat(event.id()).isEqualTo(2);
        assertThat(event.original().protocol()).isEqualTo(UDP);
        assertThat(event.reply().sourcePort()).isEqualTo(9);
    }

    @Test
    void flagsOfAHeaderArePartOfTheShape() {
        byte[] start = attribute(CTA_TIMESTAMP_START, be64(5));
        List<byte[]> messages = List.of(
                flow(number(CTA_MARK, 7), nest(CTA_TIMESTAMP, start)),
                flow(number(CTA_MARK | NLA_F_NET_BYTEORDER, 7), nest(CTA_TIMESTAMP, start)),
                flow(number(CTA_MARK, 7), attribute(CTA_TIMESTAMP, start)));
        assertThat(messages).noneMatch(this::known);
        assertThat(messages).allMatch(this::known);
    }

    @Test
    void theFifthShapeOfOneLengthIsDecodedInFull() {
        List<byte[]> messages = Stream.of(CTA_MARK, CTA_USE, CTA_TIMEOUT, CTA_STATUS, CTA_ID)
                .map(type -> flow(number(type, type)))
                .toList();
        assertThat(messages).noneMatch(this::known);
        assertThat(messages.subList(0, 4)).allMatch(this::known);
        assertThat(known(messages.get(4))).isFalse();
        assertThat(event.id()).isEqualTo(CTA_ID);
    }

    @Test
    void lengthsThatShareSlotsAreDistinguished() {
        byte[] brief = flow(number(CTA_MARK, 7));
        byte[] more = flow(number(CTA_MARK, 8), attribute(UNKNOWN, new byte[1024 - NlAttr.HEADER_BYTES]));
        assertThat(more.length - brief.length).isEqualTo(1024);
        assertThat(List.of(more, brief)).noneMatch(this::known); // all headers of the second are in the first, too
        assertThat(List.of(more, brief)).allMatch(this::known);
        assertThat(event.unknownAttributes()).isZero();
        assertThat(known(more)).isTrue();
        assertThat(event.unknownAttributes()).isEqualTo(1);
    }

    @Test
    void aTextEndsAtItsOwnNul() {
        for (String name : List.of("ftp", "netbios", "a", "netbios")) {
            byte[] padded = text(name + "\0".repeat(7 - name.length()));
            assertThat(known(flow(nest(CTA_HELP, attribute(CTA_HELP_NAME, padded)))))
                    .isFalse();
            assertThat(event.helperLengthBytes()).isEqualTo(name.length());
        }
    }

    @Test
    void theFamilyIsPartOfTheShape() {
        byte[] v6Tuples = concat(
                nest(CTA_TUPLE_ORIG, ip(new byte[16], new byte[16]), ports(UDP, 1, 2)),
                nest(CTA_TUPLE_REPLY, ip(new byte[16], new byte[16]), ports(UDP, 2, 1)));
        byte[] v6 = message(NfGenMsg.IPCTNL_MSG_CT_NEW, 0, NfGenMsg.AF_INET6, v6Tuples);
        for (byte[] message : List.of(flow(), v6)) {
            assertThat(known(message)).isFalse();
            assertThat(known(message)).isTrue();
            byte[] flipped = message.clone();
            boolean v4 = message[NfGenMsg.FAMILY_OFFSET] == NfGenMsg.AF_INET;
            flipped[NfGenMsg.FAMILY_OFFSET] = (byte) (v4 ? NfGenMsg.AF_INET6 : NfGenMsg.AF_INET);
            assertThat(decoder.decode(event, at(0, flipped), 0, flipped.length)).isFalse();
            assertThat(known(message)).isTrue();
        }
    }

    @Test
    void aMessageOfTooManyAttributesHasNoShape() {
        byte[] unknown = attribute(UNKNOWN, new byte[0]);
        int most = MessageShape.MAX_HEADERS - TUPLE_HEADERS;
        byte[] largest = flow(Collections.nCopies(most, unknown).toArray(byte[][]::new));
        byte[] tooLarge = flow(Collections.nCopies(most + 1, unknown).toArray(byte[][]::new));
        assertThat(List.of(largest, tooLarge)).noneMatch(this::known);
        assertThat(known(tooLarge)).isFalse();
        assertThat(event.unknownAttributes()).isEqualTo(most + 1);
        assertThat(known(largest)).isTrue();
        assertThat(event.unknownAttributes()).isEqualTo(most);
    }

    @Test
    void eventsOfOneDecoderStayAsTheyWereDecoded() {
        FlowEvent first = new FlowEvent();
        byte[] message = flow(number(CTA_MARK, 7), number(UNKNOWN, 0), attribute(CTA_ID, new byte[1]));
        assertThat(decoder.decode(first, at(0, message), 0, message.length)).isTrue();
        assertThat(known(flow(number(CTA_MARK, 8)))).isFalse();
        assertThat(known(message)).isTrue();
        assertThat(known(flow(number(CTA_MARK, 9)))).isTrue();
        assertThat(first.mark()).isEqualTo(7);
        assertThat(first.unknownAttributes()).isEqualTo(1);
        assertThat(first.unexpectedAttributes()).isEqualTo(1);
    }

    @Test
    void aDamagedMessageLeavesNoShape() {
        byte[] whole = flow(number(CTA_MARK, 7));
        byte[] damaged = whole.clone();
        damaged[whole.length - 2 * NlAttr.HEADER_BYTES + NlAttr.LENGTH_OFFSET] = 1;
        assertThat(decoder.decode(event, at(0, damaged), 0, damaged.length)).isFalse();
        assertThat(decoder.decode(event, at(0, damaged), 0, damaged.length)).isFalse();
        assertThat(known(whole)).isFalse();
    }
}
