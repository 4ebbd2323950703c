package dev.ctstream.netlink;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.function.ToLongFunction;
import org.junit.jupiter.api.Test;

class AttributeCursorTest {
    private final AttributeCursor cursor = new AttributeCursor();

    private AttributeCursor over(ByteBuffer buffer) {
        return cursor.wrap(buffer, 0, buffer.limit());
    }

    private void ends(boolean malformed) {
        assertThat(cursor.next()).isFalse();
        assertThat(cursor.malformed()).isEqualTo(malformed);
        assertThat(cursor.next()).as("still at the end").isFalse();
        assertThat(cursor.malformed()).isEqualTo(malformed);
    }

    @Test
    void anEmptyRangeHasNoAttributeAndIsNotMalformed() {
        over(Bytes.ofShorts());
        ends(false);
    }

    @Test
    void stepsOverPaddingToTheNextAttribute() {
        over(Bytes.ofShorts(5, 1, 0xAA, 0, 6, 2, 0xBBBB, 0));
        assertThat(cursor.next()).isTrue();
        assertThat(cursor.number()).isEqualTo(1);
        assertThat(cursor.payloadOffset()).isEqualTo(4);
        assertThat(cursor.payloadLengthBytes()).isEqualTo(1);
        assertThat(cursor.next()).isTrue();
        assertThat(cursor.number()).isEqualTo(2);
        assertThat(cursor.payloadOffset()).isEqualTo(12);
        assertThat(cursor.payloadLengthBytes()).isEqualTo(2);
        ends(false);
    }

    @Test
    void acceptsALastAttributeWithoutPadding() {
        ByteBuffer buffer = Bytes.ofShorts(5, 1, 0xAA).limit(5);
        cursor.wrap(buffer, 0, 5);
        assertThat(cursor.next()).isTrue();
        assertThat(cursor.payloadLengthBytes()).isEqualTo(1);
        ends(false);
    }

    @Test
    void acceptsAnEmptyPayload() {
        over(Bytes.ofShorts(4, 3));
        assertThat(cursor.next()).isTrue();
        assertThat(cursor.number()).isEqualTo(3);
        assertThat(cursor.payloadLengthBytes()).isZero();
        ends(false);
    }

    @Test
    void removesTheTwoFlagBitsFromTheNumber() {
        over(Bytes.ofShorts(4, 0x8001, 4, 0x4002, 4, 0xFFFF));
        assertThat(cursor.next()).isTrue();
        assertThat(cursor.number()).isEqualTo(1);
        assertThat(cursor.nestedFlag()).isTrue();
        assertThat(cursor.next()).isTrue();
        assertThat(cursor.number()).isEqualTo(2);
        assertThat(cursor.nestedFlag()).isFalse();
        assertThat(cursor.next()).isTrue();
        assertThat(cursor.number()).isEqualTo(NlAttr.TYPE_MASK);
    }

    @Test
    void aLengthBelowTheHeaderIsMalformed() {
        for (int length = 0; length < NlAttr.HEADER_BYTES; length++) {
            over(Bytes.ofShorts(4, 1, length, 2, 4, 3));
            assertThat(cursor.next()).isTrue();
            ends(true);
        }
    }

    @Test
    void aLengthBeyondTheParentIsMalformed() {
        over(Bytes.ofShorts(9, 1, 0, 0));
        ends(true);
        over(Bytes.ofShorts(0xFFFF, 1, 0, 0));
        ends(true);
    }

    @Test
    void oneToThreeTrailingBytesAreMalformed() {
        for (int left = 1; left < NlAttr.HEADER_BYTES; left++) {
            cursor.wrap(Bytes.ofShorts(4, 1, 4, 1), 0, 4 + left);
            assertThat(cursor.next()).isTrue();
            ends(true);
        }
    }

    @Test
    void aNestEndsAtItsParentsEnd() {
        // Nest of one attribute whose length reaches into the attribute after the nest.
        over(Bytes.ofShorts(8, 0x8001, 8, 1, 8, 2, 0, 0));
        assertThat(cursor.next()).isTrue();
        AttributeCursor nested = new AttributeCursor().wrapNest(cursor);
        assertThat(nested.next()).isFalse();
        assertThat(nested.malformed()).isTrue();
        assertThat(cursor.next()).as("the parent continues").isTrue();
        assertThat(cursor.number()).isEqualTo(2);
        ends(false);
    }

    @Test
    void wrappingAgainResetsMalformed() {
        over(Bytes.ofShorts(3, 1));
        ends(true);
        over(Bytes.ofShorts(4, 1));
        assertThat(cursor.malformed()).isFalse();
        assertThat(cursor.next()).isTrue();
        ends(false);
    }

    @Test
    void beginsAnywhereInTheBuffer() {
        cursor.wrap(Bytes.ofShorts(7, 7, 7, 4, 9, 7), 6, 4);
        assertThat(cursor.next()).isTrue();
        assertThat(cursor.number()).isEqualTo(9);
        assertThat(cursor.payloadOffset()).isEqualTo(10);
        ends(false);
    }

    private void over(MessageWriter writer) {
        ByteBuffer message = writer.finish();
        cursor.wrap(message, NlMsgHdr.HEADER_BYTES, message.limit() - NlMsgHdr.HEADER_BYTES);
    }

    private MessageWriter one() {
        return new MessageWriter().start(0x10, 0, 0);
    }

    @Test
    void readsTheValuesThatTheWriterWrote() {
        over(one().u8(1, 0xFE).be16(2, 0xFEDC).be32(3, 0xFEDC_BA98L).be64(4, 0xFEDC_BA98_7654_3210L));
        assertThat(cursor.next()).isTrue();
        assertThat(cursor.u8()).isEqualTo(0xFE);
        assertThat(cursor.next()).isTrue();
        assertThat(cursor.be16()).isEqualTo(0xFEDC);
        assertThat(cursor.next()).isTrue();
        assertThat(cursor.be32()).isEqualTo(0xFEDC_BA98L);
        assertThat(cursor.next()).isTrue();
        assertThat(cursor.be64()).isEqualTo(0xFEDC_BA98_7654_3210L);
        ends(false);
        over(one().host32(1, 0xFEDC_BA98L).string(2, "zone ü"));
        assertThat(cursor.next()).isTrue();
        assertThat(cursor.host32()).isEqualTo(0xFEDC_BA98L);
        assertThat(cursor.next()).isTrue();
        assertThat(cursor.text()).isEqualTo("zone ü");
        ends(false);
    }

    @Test
    void textEndsAtItsFirstNulOrAtTheEndOfThePayload() {
        over(one().bytes(1, new byte[] {'a', 'b'})
                .bytes(2, new byte[] {'a', 0, 'b', 0})
                .flag(3));
        assertThat(cursor.next()).isTrue();
        assertThat(cursor.text()).isEqualTo("ab");
        assertThat(cursor.next()).isTrue();
        assertThat(cursor.text()).isEqualTo("a");
        assertThat(cursor.next()).isTrue();
        assertThat(cursor.text()).isEmpty();
        ends(false);
    }

    @Test
    void aValueOfTheWrongLengthIsZeroAndMalformedAndTheNextOneIsRead() {
        List<ToLongFunction<AttributeCursor>> readers = List.of(
                AttributeCursor::u8,
                AttributeCursor::be16,
                AttributeCursor::be32,
                AttributeCursor::be64,
                AttributeCursor::host32);
        for (ToLongFunction<AttributeCursor> reader : readers) {
            for (int length : new int[] {0, 3, 5, 9}) {
                byte[] other = new byte[length];
                Arrays.fill(other, (byte) 1);
                over(one().bytes(1, other).be16(2, 7));
                assertThat(cursor.next()).isTrue();
                assertThat(reader.applyAsLong(cursor)).isZero();
                assertThat(cursor.malformed()).isTrue();
                assertThat(cursor.next()).isTrue();
                assertThat(cursor.be16()).isEqualTo(7);
                ends(true);
            }
        }
    }

    @Test
    void aMessageThatEndsBeforeItsAttributesHasNone() {
        ByteBuffer bytes = Bytes.header(18, 0x10, 2);
        MessageCursor message = new MessageCursor().wrap(bytes, 0, bytes.limit());
        assertThat(message.next()).isTrue();
        cursor.wrap(message, NlMsgHdr.HEADER_BYTES + 4);
        ends(false);
    }
}
