package dev.ctstream.spool;

import dev.ctstream.spool.SegmentInspection.Result;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/** The last bytes of a sealed segment: where its index is, so that opening a spool need not read it whole. */
final class SegmentTrailer {
    private SegmentTrailer() {}

    static ByteBuffer encode(long indexOffset) {
        ByteBuffer trailer = ByteBuffer.allocate(SegmentFormat.TRAILER_BYTES);
        trailer.putLong(indexOffset).putInt(SegmentFormat.TRAILER_MAGIC).putInt(crc(trailer));
        return trailer.flip();
    }

    /**
     * Reads a sealed segment's ends without looking at its batches.
     *
     * @return its numbers, with all counts 0; null when it is not sealed, or when trailer or index are damaged
     * @throws DamagedSegmentException when the header cannot be read
     */
    static @Nullable Result read(Path file) throws IOException {
        try (SegmentReader reader = SegmentReader.open(file);
                FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            long size = channel.size();
            ByteBuffer trailer = ByteBuffer.allocate(SegmentFormat.TRAILER_BYTES);
            if (size < SegmentFormat.FRAMES_OFFSET + SegmentFormat.TRAILER_BYTES
                    || channel.read(trailer, size - SegmentFormat.TRAILER_BYTES) != SegmentFormat.TRAILER_BYTES
                    || trailer.getInt(SegmentFormat.TRAILER_MAGIC_OFFSET) != SegmentFormat.TRAILER_MAGIC
                    || trailer.getInt(SegmentFormat.TRAILER_CRC_OFFSET) != crc(trailer)
                    || !reader.seekIndex(trailer.getLong(0))) {
                return null;
            }
            BatchEnvelope index = reader.indexEnvelope();
            if (index == null) {
                return null;
            }
            SegmentHeader header = reader.header();
            return new Result(
                    header.identity(),
                    header.firstNumber(),
                    index.number(),
                    index.eventsBefore(),
                    0,
                    0,
                    0,
                    0,
                    List.of(),
                    reader.position(),
                    size,
                    true);
        }
    }

    private static int crc(ByteBuffer trailer) {
        CRC32C crc = new CRC32C();
        crc.update(trailer.slice(0, SegmentFormat.TRAILER_CRC_OFFSET));
        return (int) crc.getValue();
    }
}
