package dev.ctstream.netlink;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class MessageWriterTest {
    private final MessageWriter writer = new MessageWriter();
    private final MessageCursor message = new MessageCursor();
    private final AttributeCursor attribute = new AttributeCursor();

    private AttributeCursor reread(int fixedHeaderBytes) {
        ByteBuffer datagram = writer.finish();
        message.wrap(datagram, 0, datagram.limit());
        assertThat(message.next()).isTrue();
        return attribute.wrap(message, NlMsgHdr.HEADER_BYTES + fixedHeaderBytes);
    }

    private byte[] payload(int number) {
        assertThat(attribute.next()).isTrue();
        assertThat(attribute.number()).isEqualTo(number);
        byte[] bytes = new byte[attribute.payloadLengthBytes()];
        message.buffer().get(attribute.payloadOffset(), bytes);
        return bytes;
    }

    @Test
    void writesWhatTheCursorsRead() {
        writer.startNetfilter(0x0102, NlMsgHdr.NLM_F_REQUEST, 7, 2, 1, 0x1234);
        writer.u8(1, 0xFF).be16(2, 0xFEDC).be32(3, 0xFEDC_BA98L).be64(4, 0xFEDC_BA98_7654_3210L);
        writer.bytes(5, new byte[] {1, 2, 3}).string(6, "zone ü").flag(7);
        reread(4);
        assertThat(message.type()).isEqualTo(0x0102);
        assertThat(message.flags()).isEqualTo(NlMsgHdr.NLM_F_REQUEST);
        assertThat(message.sequence()).isEqualTo(7);
        assertThat(message.buffer().get(message.payloadOffset())).isEqualTo((byte) 2);
        assertThat(message.buffer().get(message.payloadOffset() + 1)).isEqualTo((byte) 1);
        assertThat(message.buffer().get(message.payloadOffset() + 2)).isEqualTo((byte) 0x12);
        assertThat(message.buffer().get(message.payloadOffset() + 3)).isEqualTo((byte) 0x34);
        assertThat(payload(1)).containsExactly(0xFF);
        assertThat(payload(2)).containsExactly(0xFE, 0xDC);
        assertThat(payload(3)).containsExactly(0xFE, 0xDC, 0xBA, 0x98);
        assertThat(payload(4)).containsExactly(0xFE, 0xDC, 0xBA, 0x98, 0x76, 0x54, 0x32, 0x10);
        assertThat(payload(5)).containsExactly(1, 2, 3);
        assertThat(payload(6)).isEqualTo("zone ü\0".getBytes(StandardCharsets.UTF_8));
        assertThat(payload(7)).isEmpty();
        assertThat(attribute.next()).isFalse();
        assertThat(attribute.malformed()).isFalse();
    }

    @Test
    void hostIntegersAreInHostByteOrder() {
        writer.start(0x10, 0, 0)
                .rawHost16(0x0102)
                .rawHost16(0)
                .host16(1, 0x0304)
                .host32(2, 0xFFFF_FFFEL);
        reread(4);
        assertThat(message.buffer().order()).isEqualTo(ByteOrder.nativeOrder());
        assertThat(message.buffer().getShort(message.payloadOffset())).isEqualTo((short) 0x0102);
        payload(1);
        assertThat(message.buffer().getShort(attribute.payloadOffset())).isEqualTo((short) 0x0304);
        payload(2);
        assertThat(message.buffer().getInt(attribute.payloadOffset())).isEqualTo(-2);
    }

    @Test
    void nestsHoldWhatWasWrittenInside() {
        writer.start(0x10, 0, 0);
        int outer = writer.beginNest(1);
        int inner = writer.beginNest(2);
        writer.u8(3, 9).endNest(inner).be16(4, 5).endNest(outer).u8(6, 1);
        reread(0);
        assertThat(attribute.next()).isTrue();
        assertThat(attribute.nestedFlag()).isTrue();
        AttributeCursor first = new AttributeCursor().wrapNest(attribute);
        assertThat(first.next()).isTrue();
        assertThat(first.number()).isEqualTo(2);
        AttributeCursor second = new AttributeCursor().wrapNest(first);
        assertThat(second.next()).isTrue();
        assertThat(second.number()).isEqualTo(3);
        assertThat(second.next()).isFalse();
        assertThat(first.next()).isTrue();
        assertThat(first.number()).isEqualTo(4);
        assertThat(first.next()).isFalse();
        assertThat(payload(6)).containsExactly(1);
        assertThat(attribute.next()).isFalse();
    }

    @Test
    void consecutiveMessagesAreAligned() {
        writer.start(0x10, 0, 1).rawU8(1).start(0x11, 0, 2).u8(1, 1).start(0x12, 0, 3);
        ByteBuffer datagram = writer.finish();
        message.wrap(datagram, 0, datagram.limit());
        assertThat(message.next()).isTrue();
        assertThat(message.lengthBytes()).isEqualTo(17);
        assertThat(message.next()).isTrue();
        assertThat(message.offset()).isEqualTo(20);
        assertThat(message.type()).isEqualTo(0x11);
        assertThat(message.next()).isTrue();
        assertThat(message.sequence()).isEqualTo(3);
        assertThat(message.next()).isFalse();
        assertThat(message.malformed()).isFalse();
    }

    @Test
    void growsBeyondItsFirstBuffer() {
        byte[] large = new byte[3000];
        Arrays.fill(large, (byte) 7);
        writer.start(0x10, 0, 0).u8(1, 1).bytes(2, large).bytes(3, large);
        reread(0);
        assertThat(payload(1)).containsExactly(1);
        assertThat(payload(2)).isEqualTo(large);
        assertThat(payload(3)).isEqualTo(large);
    }

    @Test
    void wordsAreCopiedAsTheyLie() {
        byte[] bytes = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
        ByteBuffer from = ByteBuffer.wrap(bytes).order(ByteOrder.nativeOrder()).position(1);
        writer.start(0x10, 0, 0).words(1, from, 2, 8).u8(2, 9);
        assertThat(from.position()).isEqualTo(1);
        reread(0);
        assertThat(payload(1)).containsExactly(2, 3, 4, 5, 6, 7, 8, 9);
        assertThat(payload(2)).containsExactly(9);
    }

    @Test
    void whatIsFinishedIsLentAfreshEachTime() {
        ByteBuffer first = writer.start(0x10, 0, 0).u8(1, 1).finish();
        first.position(first.limit());
        assertThat(writer.finish().remaining()).isEqualTo(24);
        assertThat(writer.clear().start(0x10, 0, 0).finish().remaining()).isEqualTo(16);
        ByteBuffer grown =
                writer.clear().start(0x10, 0, 0).bytes(1, new byte[3000]).finish();
        assertThat(grown.remaining()).isEqualTo(3020);
        assertThat(grown.order()).isEqualTo(ByteOrder.nativeOrder());
    }

    @Test
    void paddingIsZeroAlsoOnReuse() {
        byte[] ones = {-1, -1, -1, -1, -1, -1, -1, -1};
        writer.start(0x10, 0, 0).bytes(1, ones).finish();
        ByteBuffer datagram = writer.clear().start(0x10, 0, 0).u8(1, 1).finish();
        assertThat(datagram.limit()).isEqualTo(24);
        assertThat(datagram.getInt(20) & ~(ByteOrder.nativeOrder() == ByteOrder.BIG_ENDIAN ? 0xFF000000 : 0xFF))
                .isZero();
    }

    @Test
    void refusesAnAttributeLongerThanItsLengthFieldAllows() {
        writer.start(0x10, 0, 0).bytes(1, new byte[0xFFFF - 4]);
        assertThatIllegalArgumentException().isThrownBy(() -> writer.bytes(1, new byte[0xFFFF - 3]));
        int nest = writer.clear().start(0x10, 0, 0).beginNest(1);
        writer.bytes(2, new byte[40_000]).bytes(3, new byte[30_000]);
        assertThatIllegalArgumentException().isThrownBy(() -> writer.endNest(nest));
    }

    @Test
    void refusesCallsOutOfOrder() {
        assertThatIllegalStateException().isThrownBy(() -> writer.u8(1, 1));
        writer.start(0x10, 0, 0).beginNest(1);
        assertThatIllegalStateException().isThrownBy(writer::finish);
        assertThatIllegalStateException().isThrownBy(() -> new MessageWriter().endNest(0));
    }
}
