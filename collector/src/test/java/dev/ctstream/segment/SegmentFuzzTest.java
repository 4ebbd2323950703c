package dev.ctstream.segment;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Damaged segments, half of them with checksums that are right again: what reads them ends, with words for what it cannot
 * use, and never with an unchecked exception.
 */
class SegmentFuzzTest {
    private static final long SEED = Long.getLong("test.seed", 20_261_129);
    private static final int FILES = 1_500;
    private static final int MOST_CHANGES = 4;
    private static final int AT_FRAME_HEADER = 3;

    private final SplittableRandom random = new SplittableRandom(SEED);

    @TempDir
    private Path folder;

    private int read;
    private int refused;

    @Test
    @Timeout(value = 60, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void everyReaderEndsWithBatchesOrWords() throws IOException {
        List<byte[]> good = List.of(resource("version-3.segment"), resource("version-3-control.segment"));
        Path file = folder.resolve("0000000000000001.segment");
        for (int i = 0; i < FILES; i++) {
            Files.write(file, damaged(good.get(i % 2)));
            try {
                read(file);
            } catch (RuntimeException | AssertionError e) {
                throw new AssertionError("file " + i + ", -Dtest.seed=" + SEED, e);
            }
        }
        assertThat(read).as("batches of damaged files").isGreaterThan(FILES / 4);
        assertThat(refused).as("refused files").isGreaterThan(FILES / 50);
    }

    private static byte[] resource(String name) throws IOException {
        try (InputStream in = SegmentFuzzTest.class.getResourceAsStream("/spool/" + name)) {
            return Objects.requireNonNull(in, name).readAllBytes();
        }
    }

    private byte[] damaged(byte[] good) {
        int length = random.nextInt(8) == 0 ? random.nextInt(good.length + 1) : good.length;
        ByteBuffer bytes = ByteBuffer.allocate(length).put(good, 0, length).clear();
        int changes = length == 0 ? 0 : random.nextInt(1, MOST_CHANGES + 1);
        for (int i = 0; i < changes; i++) {
            bytes.put(offset(length), value());
        }
        if (random.nextBoolean() && length > SegmentFormat.FRAMES_OFFSET + SegmentFormat.FRAME_HEADER_BYTES) {
            sealHeader(bytes, 0);
            sealHeader(bytes, SegmentFormat.SEGMENT_HEADER_BYTES);
            sealFrame(bytes);
        }
        return bytes.array();
    }

    /** Most often in a header, where the bytes have a meaning. */
    private int offset(int length) {
        int at = switch (random.nextInt(AT_FRAME_HEADER)) {
            case 0 -> random.nextInt(length);
            case 1 -> random.nextInt(SegmentFormat.FRAMES_OFFSET);
            default -> SegmentFormat.FRAMES_OFFSET + random.nextInt(SegmentFormat.FRAME_HEADER_BYTES);
        };
        return Math.min(at, length - 1);
    }

    private byte value() {
        return random.nextBoolean() ? (byte) random.nextInt() : (byte) (random.nextBoolean() ? 0xFF : 0x7F);
    }

    private static void sealHeader(ByteBuffer bytes, int at) {
        ByteBuffer copy = bytes.slice(at, SegmentFormat.SEGMENT_HEADER_BYTES);
        int length = copy.getShort(SegmentFormat.SEGMENT_LENGTH_OFFSET) & 0xFFFF;
        if (length > SegmentFormat.SEGMENT_HOST_ID_OFFSET && length <= copy.limit()) {
            CheckedBlock.seal(copy, length, SegmentFormat.SEGMENT_CRC_OFFSET);
        }
    }

    private static void sealFrame(ByteBuffer bytes) {
        int at = SegmentFormat.FRAMES_OFFSET;
        int end = at
                + SegmentFormat.FRAME_HEADER_BYTES
                + (bytes.getShort(at + SegmentFormat.FRAME_NETNS_LENGTH_OFFSET) & 0xFFFF)
                + (bytes.getShort(at + SegmentFormat.FRAME_NETNS_ID_LENGTH_OFFSET) & 0xFFFF);
        if (end <= bytes.limit()) {
            CRC32C crc = new CRC32C();
            crc.update(bytes.duplicate().limit(end).position(at + SegmentFormat.FRAME_CRC_FROM));
            bytes.putInt(at + SegmentFormat.FRAME_CRC_OFFSET, (int) crc.getValue());
        }
    }

    private void read(Path file) {
        try (SegmentReader reader = SegmentReader.open(GoodFiles.FILES, file)) {
            int most = (int) (Files.size(file) / SegmentFormat.FRAME_HEADER_BYTES) + 1;
            for (int i = 0; reader.next(); i++) {
                assertThat(i).as("frames of the file").isLessThan(most);
                read += reader.body().remaining() > 0 ? 1 : 0;
            }
        } catch (IOException e) {
            refused(e);
        }
        try {
            SegmentInspection.inspect(GoodFiles.FILES, file);
        } catch (IOException e) {
            refused(e);
        }
        try {
            SegmentTrailer.read(GoodFiles.FILES, file);
        } catch (IOException e) {
            refused(e);
        }
    }

    private void refused(IOException e) {
        refused++;
        assertThat(e).hasMessageNotContaining("null").message().isNotBlank();
    }
}
