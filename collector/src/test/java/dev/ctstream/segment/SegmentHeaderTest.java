package dev.ctstream.segment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ctstream.record.RunIdentity;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;

public class SegmentHeaderTest {
    private static final SegmentHeader HEADER = new SegmentHeader(
            7, BatchEnvelope.CONTROL, new SpoolPosition(70, 700), new RunIdentity("höst", "boot", 42), 43);

    public static void fixChecksum(ByteBuffer header) {
        int length = header.getShort(SegmentFormat.SEGMENT_LENGTH_OFFSET);
        CRC32C crc = new CRC32C();
        crc.update(header.duplicate().limit(SegmentFormat.SEGMENT_CRC_OFFSET).position(0));
        crc.update(header.duplicate().limit(length).position(SegmentFormat.SEGMENT_ID_OFFSET));
        header.putInt(SegmentFormat.SEGMENT_CRC_OFFSET, (int) crc.getValue());
    }

    @Test
    void readsWhatItWrote() throws IOException {
        assertThat(SegmentHeader.decode(HEADER.encode())).isEqualTo(HEADER);
    }

    @Test
    void eitherCopyIsEnough() throws IOException {
        for (int copy = 0; copy < 2; copy++) {
            ByteBuffer both = HEADER.encode();
            both.put(copy * SegmentFormat.SEGMENT_HEADER_BYTES + 20, (byte) 99);
            assertThat(SegmentHeader.decode(both)).isEqualTo(HEADER);
        }
    }

    @Test
    void everyFlippedBitOfASingleCopyIsDetected() {
        int length = HEADER.encode().getShort(SegmentFormat.SEGMENT_LENGTH_OFFSET);
        for (int bit = 0; bit < 8 * length; bit++) {
            ByteBuffer one =
                    HEADER.encode().limit(SegmentFormat.SEGMENT_HEADER_BYTES).slice();
            one.put(bit / 8, (byte) (one.get(bit / 8) ^ 1 << bit % 8));
            assertThatThrownBy(() -> SegmentHeader.decode(one))
                    .as("bit %d", bit)
                    .isInstanceOf(DamagedSegmentException.class);
        }
    }

    @Test
    void aHostIdThatDoesNotFitIsRefused() {
        SegmentHeader header = new SegmentHeader(
                1, BatchEnvelope.EVENTS, SpoolPosition.START, new RunIdentity("h".repeat(500), "b", 1), 1);
        assertThatThrownBy(header::encode).hasMessageContaining("host.id");
    }
}
