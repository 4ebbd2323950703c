package dev.ctstream.segment;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.ctstream.record.RunIdentity;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * The header of a segment file. A segment belongs to one run of the collector, so a batch that is replayed after a
 * restart keeps the identity of its run.
 *
 * @param id number of the segment, rising; also in the file's name
 * @param kind what its frames hold: {@link BatchEnvelope#EVENTS} or {@link BatchEnvelope#CONTROL}
 * @param first the position before its first batch
 * @param identity host, boot and epoch of the run that wrote it
 * @param createdNanos ns since the epoch
 */
public record SegmentHeader(long id, int kind, SpoolPosition first, RunIdentity identity, long createdNanos) {

    /** Encodes both copies. The buffer's position is 0, its limit the offset of the first frame. */
    ByteBuffer encode() {
        byte[] host = identity.hostId().getBytes(UTF_8);
        byte[] boot = identity.bootId().getBytes(UTF_8);
        int length = SegmentFormat.SEGMENT_HOST_ID_OFFSET + 4 + host.length + boot.length;
        if (length > SegmentFormat.SEGMENT_HEADER_BYTES) {
            throw new IllegalArgumentException("host.id is too long for a segment: " + host.length + " bytes");
        }
        ByteBuffer out = ByteBuffer.allocate(SegmentFormat.FRAMES_OFFSET);
        out.putLong(SegmentFormat.SEGMENT_MAGIC)
                .putShort((short) SegmentFormat.VERSION)
                .putShort((short) length)
                .putInt(0)
                .putLong(id)
                .putLong(first.number())
                .putLong(identity.streamEpoch())
                .putLong(createdNanos)
                .putLong(first.eventsBefore())
                .putInt(kind)
                .putShort((short) host.length)
                .put(host)
                .putShort((short) boot.length)
                .put(boot);
        CheckedBlock.seal(out, length, SegmentFormat.SEGMENT_CRC_OFFSET);
        out.put(SegmentFormat.SEGMENT_HEADER_BYTES, out, 0, length);
        return out.clear();
    }

    /**
     * Decodes a header; uses the second copy if the first is damaged.
     *
     * @param in the file's first bytes, from index 0 to the limit
     * @throws DamagedSegmentException when there is no header, or both copies are damaged
     * @throws SegmentVersionException when the file has another version of the format
     */
    static SegmentHeader decode(ByteBuffer in) throws IOException {
        try {
            return decodeCopy(in);
        } catch (DamagedSegmentException first) {
            if (in.limit() < SegmentFormat.FRAMES_OFFSET) {
                throw first;
            }
            try {
                return decodeCopy(in.slice(SegmentFormat.SEGMENT_HEADER_BYTES, SegmentFormat.SEGMENT_HEADER_BYTES));
            } catch (DamagedSegmentException second) {
                throw first;
            }
        }
    }

    private static SegmentHeader decodeCopy(ByteBuffer in) throws IOException {
        if (in.limit() < SegmentFormat.SEGMENT_HOST_ID_OFFSET || in.getLong(0) != SegmentFormat.SEGMENT_MAGIC) {
            throw new DamagedSegmentException("it does not begin with a segment header");
        }
        int length = in.getShort(SegmentFormat.SEGMENT_LENGTH_OFFSET) & 0xFFFF;
        if (length < SegmentFormat.SEGMENT_HOST_ID_OFFSET + 4
                || length > in.limit()
                || !CheckedBlock.isGood(in, length, SegmentFormat.SEGMENT_CRC_OFFSET)) {
            throw new DamagedSegmentException("its header is damaged");
        }
        int version = in.getShort(SegmentFormat.SEGMENT_VERSION_OFFSET) & 0xFFFF;
        CheckedBlock.requireVersion(version, SegmentFormat.VERSION);
        try {
            return decodeFields(in);
        } catch (IndexOutOfBoundsException | IllegalArgumentException e) {
            throw new DamagedSegmentException("its header is good by its checksum, but no collector wrote it");
        }
    }

    private static SegmentHeader decodeFields(ByteBuffer in) {
        int hostLength = in.getShort(SegmentFormat.SEGMENT_HOST_ID_OFFSET) & 0xFFFF;
        int bootOffset = SegmentFormat.SEGMENT_HOST_ID_OFFSET + 2 + hostLength;
        String host = text(in, SegmentFormat.SEGMENT_HOST_ID_OFFSET + 2, hostLength);
        String boot = text(in, bootOffset + 2, in.getShort(bootOffset) & 0xFFFF);
        int kind = in.getInt(SegmentFormat.SEGMENT_KIND_OFFSET);
        SpoolPosition first = new SpoolPosition(
                in.getLong(SegmentFormat.SEGMENT_FIRST_NUMBER_OFFSET),
                in.getLong(SegmentFormat.SEGMENT_EVENTS_BEFORE_OFFSET));
        if ((kind != BatchEnvelope.EVENTS && kind != BatchEnvelope.CONTROL) || !first.isPossible()) {
            throw new IllegalArgumentException("kind or position");
        }
        return new SegmentHeader(
                in.getLong(SegmentFormat.SEGMENT_ID_OFFSET),
                kind,
                first,
                new RunIdentity(host, boot, in.getLong(SegmentFormat.SEGMENT_EPOCH_OFFSET)),
                in.getLong(SegmentFormat.SEGMENT_CREATED_OFFSET));
    }

    private static String text(ByteBuffer in, int offset, int length) {
        if (length > in.limit() - offset) {
            throw new IndexOutOfBoundsException(length);
        }
        byte[] bytes = new byte[length];
        in.get(offset, bytes);
        return new String(bytes, UTF_8);
    }
}
