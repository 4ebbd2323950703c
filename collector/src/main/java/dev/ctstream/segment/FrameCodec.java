package dev.ctstream.segment;

import static dev.ctstream.segment.SegmentFormat.ALIGNMENT_BYTES;
import static dev.ctstream.segment.SegmentFormat.BODY_MAX_BYTES;
import static dev.ctstream.segment.SegmentFormat.COUNT_MAX;
import static dev.ctstream.segment.SegmentFormat.FRAME_BODY_CRC_OFFSET;
import static dev.ctstream.segment.SegmentFormat.FRAME_BODY_LENGTH_OFFSET;
import static dev.ctstream.segment.SegmentFormat.FRAME_COUNT_OFFSET;
import static dev.ctstream.segment.SegmentFormat.FRAME_CRC_FROM;
import static dev.ctstream.segment.SegmentFormat.FRAME_CRC_OFFSET;
import static dev.ctstream.segment.SegmentFormat.FRAME_EVENTS_BEFORE_OFFSET;
import static dev.ctstream.segment.SegmentFormat.FRAME_FIRST_RECEIVED_OFFSET;
import static dev.ctstream.segment.SegmentFormat.FRAME_FIRST_SEQUENCE_OFFSET;
import static dev.ctstream.segment.SegmentFormat.FRAME_GIVES_UP_OFFSET;
import static dev.ctstream.segment.SegmentFormat.FRAME_HEADER_BYTES;
import static dev.ctstream.segment.SegmentFormat.FRAME_KIND_OFFSET;
import static dev.ctstream.segment.SegmentFormat.FRAME_LAST_RECEIVED_OFFSET;
import static dev.ctstream.segment.SegmentFormat.FRAME_LEAF_HASH_OFFSET;
import static dev.ctstream.segment.SegmentFormat.FRAME_LOG_INDEX_OFFSET;
import static dev.ctstream.segment.SegmentFormat.FRAME_MAGIC;
import static dev.ctstream.segment.SegmentFormat.FRAME_NETNS_ID_LENGTH_OFFSET;
import static dev.ctstream.segment.SegmentFormat.FRAME_NETNS_LENGTH_OFFSET;
import static dev.ctstream.segment.SegmentFormat.FRAME_NUMBER_OFFSET;
import static dev.ctstream.segment.SegmentFormat.FRAME_ZONE_OFFSET;
import static dev.ctstream.segment.SegmentFormat.KIND_INDEX;
import static dev.ctstream.segment.SegmentFormat.LEAF_HASH_BYTES;
import static dev.ctstream.segment.SegmentFormat.MOST;
import static dev.ctstream.segment.SegmentFormat.NETNS_MAX_BYTES;
import static java.nio.charset.StandardCharsets.UTF_8;

import dev.ctstream.record.StreamId;
import dev.ctstream.record.proof.Hash;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * Writes and checks frames inside a buffer.
 *
 * <p>Ownership: borrows the buffers. Threads: confined to one thread. Errors: reading never throws on damaged bytes.
 */
public final class FrameCodec {
    private static final int NAMES_MAX = 4096;
    private static final byte[] NO_LEAF_HASH = new byte[LEAF_HASH_BYTES];

    private final CRC32C crc = new CRC32C();
    private final Map<String, byte[]> names = new HashMap<>();

    /** Bytes that a frame of this stream takes, padding included. */
    public long frameBytes(StreamId stream, int bodyBytes) {
        return frameBytes(utf8(stream.netns()).length + utf8(stream.netnsId()).length, bodyBytes);
    }

    private static long frameBytes(int namesBytes, int bodyBytes) {
        return SegmentFormat.align((long) FRAME_HEADER_BYTES + namesBytes + bodyBytes);
    }

    /**
     * Writes one frame at the buffer's position and advances the position past the padding. The buffer must be big
     * endian and have {@link #frameBytes} remaining.
     */
    public void write(ByteBuffer out, BatchEnvelope envelope, byte[] body, int bodyOffset, int bodyBytes) {
        int start = out.position();
        byte[] netns = utf8(envelope.stream().netns());
        byte[] netnsId = utf8(envelope.stream().netnsId());
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
                .putShort((short) netnsId.length)
                .putShort((short) 0)
                .putLong(envelope.logIndex());
        Hash leaf = envelope.leaf();
        if (leaf == null) {
            out.put(NO_LEAF_HASH);
        } else {
            out.put(leaf.buffer());
        }
        putGivesUp(out, envelope.givesUp());
        out.put(netns).put(netnsId).put(body, bodyOffset, bodyBytes);
        while (out.position() % ALIGNMENT_BYTES != start % ALIGNMENT_BYTES) {
            out.put((byte) 0);
        }
        out.putInt(start + FRAME_CRC_OFFSET, headerCrc(out, start));
    }

    private static void putGivesUp(ByteBuffer out, @Nullable MissingBatches givesUp) {
        if (givesUp == null) {
            out.putLong(0).putLong(0).putLong(0).putLong(0);
        } else {
            out.putLong(givesUp.first().number())
                    .putLong(givesUp.first().eventsBefore())
                    .putLong(givesUp.next().number())
                    .putLong(givesUp.next().eventsBefore());
        }
    }

    private byte[] utf8(String text) {
        byte[] bytes = names.get(text);
        if (bytes == null) {
            if (names.size() >= NAMES_MAX) {
                names.clear();
            }
            bytes = text.getBytes(UTF_8);
            names.put(text, bytes);
        }
        return bytes;
    }

    /** Whether {@code offset} holds an undamaged frame header that ends within the buffer's limit. */
    boolean headerIsGood(ByteBuffer in, int offset) {
        if (in.limit() - offset < FRAME_HEADER_BYTES || in.getInt(offset) != FRAME_MAGIC) {
            return false;
        }
        int bodyBytes = bodyBytes(in, offset);
        return netnsBytes(in, offset) <= NETNS_MAX_BYTES
                && netnsIdBytes(in, offset) <= NETNS_MAX_BYTES
                && bodyBytes >= 0
                && bodyBytes <= BODY_MAX_BYTES
                && in.limit() >= bodyOffset(in, offset)
                && in.getInt(offset + FRAME_CRC_OFFSET) == headerCrc(in, offset)
                && isPossible(in, offset);
    }

    /** Whether this program could have written the header: a good checksum alone does not say so. */
    private static boolean isPossible(ByteBuffer in, int offset) {
        int kind = in.getShort(offset + FRAME_KIND_OFFSET);
        int zone = in.getInt(offset + FRAME_ZONE_OFFSET);
        int count = in.getInt(offset + FRAME_COUNT_OFFSET);
        boolean fits = switch (kind) {
            case BatchEnvelope.EVENTS -> zone >= 0 && zone <= StreamId.MAX_ZONE && count >= 1 && count <= COUNT_MAX;
            case BatchEnvelope.CONTROL -> zone == StreamId.CONTROL_ZONE && count == 1;
            case KIND_INDEX -> true;
            default -> false;
        };
        return fits
                && isCount(in, offset + FRAME_NUMBER_OFFSET)
                && in.getLong(offset + FRAME_NUMBER_OFFSET) > 0
                && isCount(in, offset + FRAME_EVENTS_BEFORE_OFFSET)
                && isCount(in, offset + FRAME_FIRST_SEQUENCE_OFFSET)
                && isRange(in, offset + FRAME_GIVES_UP_OFFSET);
    }

    private static boolean isCount(ByteBuffer in, int offset) {
        long value = in.getLong(offset);
        return value >= 0 && value <= MOST;
    }

    private static boolean isRange(ByteBuffer in, int offset) {
        for (int i = 0; i < 4; i++) {
            if (!isCount(in, offset + i * Long.BYTES)) {
                return false;
            }
        }
        return in.getLong(offset) <= in.getLong(offset + 2 * Long.BYTES)
                && in.getLong(offset + Long.BYTES) <= in.getLong(offset + 3 * Long.BYTES);
    }

    /** Whether the body is undamaged. Needs a good header at {@code offset}, and the whole body within the limit. */
    boolean bodyIsGood(ByteBuffer in, int offset) {
        int from = bodyOffset(in, offset);
        crc.reset();
        crc.update(in.duplicate().limit(from + bodyBytes(in, offset)).position(from));
        return in.getInt(offset + FRAME_BODY_CRC_OFFSET) == (int) crc.getValue();
    }

    /** Reads the envelope. Needs a good header at {@code offset}. */
    BatchEnvelope envelope(ByteBuffer in, int offset) {
        int names = offset + FRAME_HEADER_BYTES;
        int netnsBytes = netnsBytes(in, offset);
        StreamId stream = new StreamId(
                text(in, names, netnsBytes),
                text(in, names + netnsBytes, netnsIdBytes(in, offset)),
                in.getInt(offset + FRAME_ZONE_OFFSET));
        return new BatchEnvelope(
                in.getLong(offset + FRAME_NUMBER_OFFSET),
                in.getLong(offset + FRAME_EVENTS_BEFORE_OFFSET),
                in.getLong(offset + FRAME_LOG_INDEX_OFFSET),
                in.getShort(offset + FRAME_KIND_OFFSET),
                stream,
                in.getLong(offset + FRAME_FIRST_SEQUENCE_OFFSET),
                in.getInt(offset + FRAME_COUNT_OFFSET),
                in.getLong(offset + FRAME_FIRST_RECEIVED_OFFSET),
                in.getLong(offset + FRAME_LAST_RECEIVED_OFFSET),
                givesUp(in, offset + FRAME_GIVES_UP_OFFSET),
                leaf(in, offset + FRAME_LEAF_HASH_OFFSET));
    }

    private static @Nullable Hash leaf(ByteBuffer in, int at) {
        byte[] bytes = new byte[LEAF_HASH_BYTES];
        in.get(at, bytes);
        return Arrays.equals(bytes, NO_LEAF_HASH) ? null : Hash.of(bytes);
    }

    private static @Nullable MissingBatches givesUp(ByteBuffer in, int at) {
        SpoolPosition next = new SpoolPosition(in.getLong(at + 2 * Long.BYTES), in.getLong(at + 3 * Long.BYTES));
        return next.number() == 0
                ? null
                : new MissingBatches(new SpoolPosition(in.getLong(at), in.getLong(at + Long.BYTES)), next);
    }

    private static String text(ByteBuffer in, int offset, int lengthBytes) {
        byte[] bytes = new byte[lengthBytes];
        in.get(offset, bytes);
        return new String(bytes, UTF_8);
    }

    /** Length of the whole frame, padding included. Needs a good header at {@code offset}. */
    public static long frameBytes(ByteBuffer in, int offset) {
        return frameBytes(bodyOffset(in, offset) - offset - FRAME_HEADER_BYTES, bodyBytes(in, offset));
    }

    /** Buffer index of the body of the frame at {@code offset}. */
    static int bodyOffset(ByteBuffer in, int offset) {
        return offset + FRAME_HEADER_BYTES + netnsBytes(in, offset) + netnsIdBytes(in, offset);
    }

    static int bodyBytes(ByteBuffer in, int offset) {
        return in.getInt(offset + FRAME_BODY_LENGTH_OFFSET);
    }

    private static int netnsBytes(ByteBuffer in, int offset) {
        return in.getShort(offset + FRAME_NETNS_LENGTH_OFFSET) & 0xFFFF;
    }

    private static int netnsIdBytes(ByteBuffer in, int offset) {
        return in.getShort(offset + FRAME_NETNS_ID_LENGTH_OFFSET) & 0xFFFF;
    }

    private int headerCrc(ByteBuffer in, int offset) {
        crc.reset();
        crc.update(in.duplicate().limit(bodyOffset(in, offset)).position(offset + FRAME_CRC_FROM));
        return (int) crc.getValue();
    }
}
