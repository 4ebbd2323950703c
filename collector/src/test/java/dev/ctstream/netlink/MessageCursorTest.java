package dev.ctstream.netlink;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;

class MessageCursorTest {
    private final MessageCursor cursor = new MessageCursor();

    private void ends(boolean malformed) {
        assertThat(cursor.next()).isFalse();
        assertThat(cursor.malformed()).isEqualTo(malformed);
        assertThat(cursor.next()).as("still at the end").isFalse();
    }

    @Test
    void anEmptyDatagramHoldsNothing() {
        cursor.wrap(ByteBuffer.allocate(0), 0, 0);
        ends(false);
    }

    @Test
    void readsEveryHeaderFieldUnsigned() {
        ByteBuffer buffer =
                new MessageWriter().start(0xFFFE, 0x8301, 0xFFFF_FFFDL).finish();
        buffer.putInt(NlMsgHdr.PORT_ID_OFFSET, 0xCC8249C6);
        cursor.wrap(buffer, 0, buffer.limit());
        assertThat(cursor.next()).isTrue();
        assertThat(cursor.type()).isEqualTo(0xFFFE);
        assertThat(cursor.flags()).isEqualTo(0x8301);
        assertThat(cursor.sequence()).isEqualTo(0xFFFF_FFFDL);
        assertThat(cursor.portId()).isEqualTo(0xCC8249C6L);
        assertThat(cursor.payloadLengthBytes()).isZero();
        ends(false);
    }

    @Test
    void walksSeveralMessagesOfACapturedDump() {
        ByteBuffer dump = Bytes.captured("26-dump-2entries.bin");
        cursor.wrap(dump, 0, dump.limit());
        int messages = 0;
        while (cursor.next()) {
            assertThat(cursor.type()).isEqualTo(0x0100);
            assertThat(cursor.flags() & NlMsgHdr.NLM_F_MULTI).isNotZero();
            messages++;
        }
        assertThat(messages).isEqualTo(2);
        ends(false);
    }

    @Test
    void acceptsALastMessageWithoutPadding() {
        cursor.wrap(Bytes.header(17, 0x10, 1), 0, 17);
        assertThat(cursor.next()).isTrue();
        assertThat(cursor.lengthBytes()).isEqualTo(17);
        assertThat(cursor.payloadLengthBytes()).isEqualTo(1);
        ends(false);
    }

    @Test
    void aLengthBelowTheHeaderIsMalformed() {
        for (int length : new int[] {0, 1, 15}) {
            cursor.wrap(Bytes.header(length, 0x10, 0), 0, NlMsgHdr.HEADER_BYTES);
            ends(true);
        }
    }

    @Test
    void aLengthBeyondTheDatagramIsMalformed() {
        for (long length : new long[] {17, 0x7FFF_FFFFL, 0x8000_0000L, 0xFFFF_FFFFL}) {
            cursor.wrap(Bytes.header(length, 0x10, 0), 0, NlMsgHdr.HEADER_BYTES);
            ends(true);
        }
    }

    @Test
    void lessThanAHeaderIsMalformed() {
        for (int left = 1; left < NlMsgHdr.HEADER_BYTES; left++) {
            cursor.wrap(Bytes.header(16, 0x10, 16), 0, NlMsgHdr.HEADER_BYTES + left);
            assertThat(cursor.next()).isTrue();
            ends(true);
        }
    }

    @Test
    void wrappingAgainResetsMalformed() {
        cursor.wrap(Bytes.header(1, 0x10, 0), 0, NlMsgHdr.HEADER_BYTES);
        ends(true);
        cursor.wrap(Bytes.header(16, 0x10, 0), 0, NlMsgHdr.HEADER_BYTES);
        assertThat(cursor.malformed()).isFalse();
        assertThat(cursor.next()).isTrue();
    }
}
