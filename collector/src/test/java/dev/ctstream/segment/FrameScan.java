package dev.ctstream.segment;

import dev.ctstream.record.RunIdentity;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The frames in bytes of a segment file, and bytes in which something is changed. */
public final class FrameScan {
    private static final int EPOCH_LENGTH = Long.BYTES;

    private FrameScan() {}

    /**
     * A frame.
     *
     * @param offset in the bytes
     * @param whole whether its body is good, too
     */
    public record Frame(int offset, int bytes, BatchEnvelope envelope, boolean whole) {
        /** Whether it is a batch or a control record, and not an index. */
        public boolean isBatch() {
            return envelope.kind() != SegmentFormat.KIND_INDEX;
        }
    }

    /** The frames whose headers are good. */
    public static List<Frame> frames(byte[] bytes) {
        FrameCodec codec = new FrameCodec();
        ByteBuffer in = ByteBuffer.wrap(bytes);
        List<Frame> frames = new ArrayList<>();
        int at = 0;
        while (at + SegmentFormat.FRAME_HEADER_BYTES <= bytes.length) {
            if (codec.headerIsGood(in, at)) {
                int length = (int) FrameCodec.frameBytes(in, at);
                boolean whole = at + length <= bytes.length && codec.bodyIsGood(in, at);
                frames.add(new Frame(at, length, codec.envelope(in, at), whole));
                at += whole ? length : SegmentFormat.ALIGNMENT_BYTES;
            } else {
                at += SegmentFormat.ALIGNMENT_BYTES;
            }
        }
        return frames;
    }

    /** The body of a frame in the bytes. */
    public static byte[] body(byte[] bytes, Frame frame) {
        ByteBuffer in = ByteBuffer.wrap(bytes);
        int from = FrameCodec.bodyOffset(in, frame.offset());
        return Arrays.copyOfRange(bytes, from, from + FrameCodec.bodyBytes(in, frame.offset()));
    }

    /** The run whose header the bytes begin with; null = none. */
    public static @Nullable RunIdentity run(byte[] bytes) {
        try {
            return SegmentHeader.decode(ByteBuffer.wrap(bytes, 0, Math.min(bytes.length, SegmentFormat.FRAMES_OFFSET)))
                    .identity();
        } catch (IOException | IndexOutOfBoundsException e) {
            return null;
        }
    }

    /** The same segment, in which no frame gives up anything. */
    public static byte[] withoutGivingUp(byte[] segment) {
        byte[] changed = segment.clone();
        ByteBuffer in = ByteBuffer.wrap(changed);
        for (Frame frame : frames(segment)) {
            if (frame.envelope().givesUp() != null) {
                int at = frame.offset() + SegmentFormat.FRAME_GIVES_UP_OFFSET;
                Arrays.fill(changed, at, at + 4 * Long.BYTES, (byte) 0);
                ByteBuffer header =
                        in.slice(frame.offset(), FrameCodec.bodyOffset(in, frame.offset()) - frame.offset());
                CRC crc = new CRC(header);
                in.putInt(frame.offset() + SegmentFormat.FRAME_CRC_OFFSET, crc.value());
            }
        }
        return changed;
    }

    private record CRC(ByteBuffer header) {
        int value() {
            java.util.zip.CRC32C crc = new java.util.zip.CRC32C();
            crc.update(header.duplicate().position(SegmentFormat.FRAME_CRC_FROM));
            return (int) crc.getValue();
        }
    }

    /** The same segment, by a run whose epoch is one less. */
    public static byte[] byEarlierEpoch(byte[] segment) {
        byte[] changed = segment.clone();
        for (int copy = 0; copy < 2; copy++) {
            int at = copy * SegmentFormat.SEGMENT_HEADER_BYTES;
            if (changed.length >= at + SegmentFormat.SEGMENT_HEADER_BYTES) {
                earlier(
                        changed,
                        at,
                        SegmentFormat.SEGMENT_EPOCH_OFFSET,
                        SegmentFormat.SEGMENT_LENGTH_OFFSET,
                        SegmentFormat.SEGMENT_CRC_OFFSET);
            }
        }
        return changed;
    }

    /** Lowers an epoch in a block with a checksum, unless the block is empty. */
    public static void earlier(byte[] bytes, int at, int epochOffset, int lengthOffset, int crcOffset) {
        ByteBuffer block = ByteBuffer.wrap(bytes, at, bytes.length - at).slice();
        int length = block.getShort(lengthOffset) & 0xFFFF;
        if (length >= epochOffset + EPOCH_LENGTH && CheckedBlock.isGood(block, length, crcOffset)) {
            block.putLong(epochOffset, block.getLong(epochOffset) - 1);
            CheckedBlock.seal(block, length, crcOffset);
        }
    }

    /** The same segment without its last batch, and without what follows that. */
    public static byte[] withoutNewest(byte[] segment) {
        List<Frame> frames = frames(segment).stream().filter(Frame::isBatch).toList();
        return frames.isEmpty()
                ? segment
                : Arrays.copyOf(segment, frames.get(frames.size() - 1).offset());
    }
}
