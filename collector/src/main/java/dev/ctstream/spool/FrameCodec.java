package dev.ctstream.spool;

import static dev.ctstream.spool.SegmentFormat.ALIGNMENT_BYTES;
import static dev.ctstream.spool.SegmentFormat.BODY_MAX_BYTES;
import static dev.ctstream.spool.SegmentFormat.FRAME_BODY_CRC_OFFSET;
import static dev.ctstream.spool.SegmentFormat.FRAME_BODY_LENGTH_OFFSET;
import static dev.ctstream.spool.SegmentFormat.FRAME_COUNT_OFFSET;
import static dev.ctstream.spool.SegmentFormat.FRAME_CRC_FROM;
import static dev.ctstream.spool.SegmentFormat.FRAME_CRC_OFFSET;
import static dev.ctstream.spool.SegmentFormat.FRAME_EVENTS_BEFORE_OFFSET;
import static dev.ctstream.spool.SegmentFormat.FRAME_FIRST_RECEIVED_OFFSET;
import static dev.ctstream.spool.SegmentFormat.FRAME_FIRST_SEQUENCE_OFFSET;
import static dev.ctstream.spool.SegmentFormat.FRAME_HEADER_BYTES;
import static dev.ctstream.spool.SegmentFormat.FRAME_KIND_OFFSET;
import static dev.ctstream.spool.SegmentFormat.FRAME_LAST_RECEIVED_OFFSET;
import static dev.ctstream.spool.SegmentFormat.FRAME_MAGIC;
import static dev.ctstream.spool.SegmentFormat.FRAME_NETNS_LENGTH_OFFSET;
import static dev.ctstream.spool.SegmentFormat.FRAME_NUMBER_OFFSET;
import static dev.ctstream.spool.SegmentFormat.FRAME_ZONE_OFFSET;
import static dev.ctstream.spool.SegmentFormat.NETNS_MAX_BYTES;
import static java.nio.charset.StandardCharsets.UTF_8;

import dev.ctstream.batch.StreamId;
import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/**
 * Writes and checks frames inside a buffer.
 *
 * <p>Ownership: borrows the buffers. Threads: confined to one thread. Errors: reading never throws on damaged bytes.
 */
final class FrameCodec {
    private final CRC32C crc = new CRC32C();

    /** Bytes that a frame takes, padding included. */
    static long frameBytes(int netnsBytes, int bodyBytes) {
        return SegmentFormat.align((long) FRAME_HEADER_BYTES + netnsBytes + bodyBytes);
    }

    /**
     * Writes one frame at the buffer's position and moves it behind the padding; the buffer must have
     * {@link #frameBytes} of room and be big endian.
     */
    void write(ByteBuffer out, BatchEnvelope envelope, byte[] netns, byte[] body, int bodyOffset, int bodyBytes) {
        int start = out.position();
        crc.reset();
        crc.update(body, bodyOffset, bodyBytes);
        out.putInt(FRAME_MAGIC)
                .putInt(0)
                .putInt(bodyBytes)
                .putInt((int) crc.getValue())
                .putLong(envelope.number())
                .putLong(envelope.eventsBefore())
                .putLong(envelope.firstSequence())
                .putInt(envelope.count())
                .putInt(envelope.stream().zone())
                .putLong(envelope.firstReceivedNanos())
                .putLong(envelope.lastReceivedNanos())
                .putShort((short) envelope.kind())
                .putShort((short) netns.length)
                .putInt(0)
                .put(netns)
                .put(body, bodyOffset, bodyBytes);
        while (out.position() % ALIGNMENT_BYTES != start % ALIGNMENT_BYTES) {
            out.put((byte) 0);
        }
        out.putInt(start + FRAME_CRC_OFFSET, headerCrc(out, start, netns.length));
    }

    /** Whether a whole, undamaged frame header stands at {@code offset}; needs it whole inside the buffer's limit. */
    boolean headerIsGood(ByteBuffer in, int offset) {
        if (in.limit() - offset < FRAME_HEADER_BYTES || in.getInt(offset) != FRAME_MAGIC) {
            return false;
        }
        int netnsBytes = netnsBytes(in, offset);
        int bodyBytes = bodyBytes(in, offset);
        return netnsBytes <= NETNS_MAX_BYTES
                && bodyBytes >= 0
                && bodyBytes <= BODY_MAX_BYTES
                && in.limit() - offset >= FRAME_HEADER_BYTES + netnsBytes
                && in.getInt(offset + FRAME_CRC_OFFSET) == headerCrc(in, offset, netnsBytes);
    }

    /** Whether the body of the good header at {@code offset} is undamaged; needs it whole inside the limit. */
    boolean bodyIsGood(ByteBuffer in, int offset) {
        int from = offset + FRAME_HEADER_BYTES + netnsBytes(in, offset);
        crc.reset();
        crc.update(in.duplicate().limit(from + bodyBytes(in, offset)).position(from));
        return in.getInt(offset + FRAME_BODY_CRC_OFFSET) == (int) crc.getValue();
    }

    /** Reads the envelope of the good header at {@code offset}. */
    BatchEnvelope envelope(ByteBuffer in, int offset) {
        byte[] netns = new byte[netnsBytes(in, offset)];
        in.get(offset + FRAME_HEADER_BYTES, netns);
        return new BatchEnvelope(
                in.getLong(offset + FRAME_NUMBER_OFFSET),
                in.getLong(offset + FRAME_EVENTS_BEFORE_OFFSET),
                in.getShort(offset + FRAME_KIND_OFFSET),
                new StreamId(new String(netns, UTF_8), in.getInt(offset + FRAME_ZONE_OFFSET)),
                in.getLong(offset + FRAME_FIRST_SEQUENCE_OFFSET),
                in.getInt(offset + FRAME_COUNT_OFFSET),
                in.getLong(offset + FRAME_FIRST_RECEIVED_OFFSET),
                in.getLong(offset + FRAME_LAST_RECEIVED_OFFSET));
    }

    /** Bytes of the whole frame whose good header stands at {@code offset}. */
    static long frameBytes(ByteBuffer in, int offset) {
        return frameBytes(netnsBytes(in, offset), bodyBytes(in, offset));
    }

    static int netnsBytes(ByteBuffer in, int offset) {
        return in.getShort(offset + FRAME_NETNS_LENGTH_OFFSET) & 0xFFFF;
    }

    static int bodyBytes(ByteBuffer in, int offset) {
        return in.getInt(offset + FRAME_BODY_LENGTH_OFFSET);
    }

    private int headerCrc(ByteBuffer in, int offset, int netnsBytes) {
        crc.reset();
        crc.update(
                in.duplicate().limit(offset + FRAME_HEADER_BYTES + netnsBytes).position(offset + FRAME_CRC_FROM));
        return (int) crc.getValue();
    }
}
