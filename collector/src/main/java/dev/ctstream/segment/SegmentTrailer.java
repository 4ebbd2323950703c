package dev.ctstream.segment;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The last bytes of a sealed segment. They locate its index, so opening a spool does not read whole segments. */
public final class SegmentTrailer {
    private SegmentTrailer() {}

    /**
     * The header and the index of a sealed segment.
     *
     * @param next the position after its last batch
     * @param ranges the sequences that it held when it was sealed
     * @param sizeBytes length of the file
     */
    public record Ends(SegmentHeader header, SpoolPosition next, List<StreamRanges.Range> ranges, long sizeBytes) {}

    static ByteBuffer encode(long indexOffset) {
        ByteBuffer trailer = ByteBuffer.allocate(SegmentFormat.TRAILER_BYTES);
        trailer.putLong(indexOffset).putInt(SegmentFormat.TRAILER_MAGIC);
        CheckedBlock.seal(trailer, SegmentFormat.TRAILER_BYTES, SegmentFormat.TRAILER_CRC_OFFSET);
        return trailer.clear();
    }

    /**
     * Reads the header and the index of a sealed segment without reading its batches.
     *
     * @return null when the segment is not sealed, or its trailer or index is damaged
     * @throws DamagedSegmentException when the header cannot be read
     */
    public static @Nullable Ends read(SegmentFiles files, Path file) throws IOException {
        try (SegmentReader reader = SegmentReader.open(files, file);
                FileChannel channel = files.openRead(file)) {
            long size = channel.size();
            ByteBuffer trailer = ByteBuffer.allocate(SegmentFormat.TRAILER_BYTES);
            if (size < SegmentFormat.FRAMES_OFFSET + SegmentFormat.TRAILER_BYTES
                    || channel.read(trailer, size - SegmentFormat.TRAILER_BYTES) != SegmentFormat.TRAILER_BYTES
                    || trailer.getInt(SegmentFormat.TRAILER_MAGIC_OFFSET) != SegmentFormat.TRAILER_MAGIC
                    || !CheckedBlock.isGood(trailer, SegmentFormat.TRAILER_BYTES, SegmentFormat.TRAILER_CRC_OFFSET)
                    || !reader.seekIndex(trailer.getLong(0))) {
                return null;
            }
            BatchEnvelope index = reader.indexEnvelope();
            if (index == null) {
                return null;
            }
            SpoolPosition next = new SpoolPosition(index.number(), index.eventsBefore());
            return new Ends(reader.header(), next, reader.index(), size);
        }
    }
}
