package dev.ctstream.netlink;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
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
    void nothingIsNoAttributeAndNotMalformed() {
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
    void takesTheTwoFlagBitsOffTheNumber() {
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
    void oneToThreeLeftOverBytesAreMalformed() {
        for (int left = 1; left < NlAttr.HEADER_BYTES; left++) {
            cursor.wrap(Bytes.ofShorts(4, 1, 4, 1), 0, 4 + left);
            assertThat(cursor.next()).isTrue();
            ends(true);
        }
    }

    @Test
    void aNestEndsAtItsParentsEnd() {
        // Nest of one attribute whose length reaches into the attribute behind the nest.
        over(Bytes.ofShorts(8, 0x8001, 8, 1, 8, 2, 0, 0));
        assertThat(cursor.next()).isTrue();
        AttributeCursor nested = new AttributeCursor().wrapNest(cursor);
        assertThat(nested.next()).isFalse();
        assertThat(nested.malformed()).isTrue();
        assertThat(cursor.next()).as("the parent goes on").isTrue();
        assertThat(cursor.number()).isEqualTo(2);
        ends(false);
    }

    @Test
    void wrappingAgainForgetsTheMalformedPast() {
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
}
