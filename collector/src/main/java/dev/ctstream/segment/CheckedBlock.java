package dev.ctstream.segment;

import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/**
 * Checks the fixed parts of the spool's files: header, trailer and stored position. Each holds a CRC-32C of all its bytes
 * except the checksum, in every version, so that another version is told from damage.
 *
 * <p>Threads: any. Source: RFC 3720 for CRC-32C.
 */
public final class CheckedBlock {
    private CheckedBlock() {}

    /**
     * The checksum of a block that begins at index 0.
     *
     * @param lengthBytes of the block
     * @param crcOffset where its checksum stands, u32
     */
    public static int crc(ByteBuffer block, int lengthBytes, int crcOffset) {
        CRC32C crc = new CRC32C();
        crc.update(block.duplicate().limit(crcOffset).position(0));
        crc.update(block.duplicate().limit(lengthBytes).position(crcOffset + Integer.BYTES));
        return (int) crc.getValue();
    }

    /** Writes the checksum of a block that begins at index 0; moves nothing. */
    public static void seal(ByteBuffer block, int lengthBytes, int crcOffset) {
        block.putInt(crcOffset, crc(block, lengthBytes, crcOffset));
    }

    /** Whether the checksum of a block that begins at index 0 is right; the block is whole inside the limit. */
    public static boolean isGood(ByteBuffer block, int lengthBytes, int crcOffset) {
        return block.getInt(crcOffset) == crc(block, lengthBytes, crcOffset);
    }

    /**
     * Refuses every version but one.
     *
     * @throws SegmentVersionException when the file has another version; the message says what to do
     */
    public static void requireVersion(int found, int known) throws SegmentVersionException {
        if (found != known) {
            throw new SegmentVersionException(found, known);
        }
    }
}
