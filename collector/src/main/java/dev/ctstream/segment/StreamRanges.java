package dev.ctstream.segment;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.ctstream.record.GapCause;
import dev.ctstream.record.RunIdentity;
import dev.ctstream.record.StreamId;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The sequences that a part of the spool holds, by stream. Also the body of a segment's index frame.
 *
 * <pre>
 * body = range count (u32), then for each range u16 netns length, netns UTF-8, u16 netns id length, netns id UTF-8, i32
 * zone, i64 first, i64 next, i64 count, i64 batches, i64 first nanos, i64 last nanos
 * </pre>
 *
 * <p>Threads: confined to one thread.
 */
public final class StreamRanges {
    private static final int COUNT_BYTES = 4;
    private static final int RANGE_FIXED_BYTES = 2 + 2 + 4 + 6 * 8;

    private final Map<StreamId, Range> ranges = new LinkedHashMap<>();
    private int encodedBytes = COUNT_BYTES;

    /**
     * The sequences of one stream, from {@code firstSequence} (inclusive) to {@code nextSequence} (exclusive). The
     * count is smaller than their difference if batches were lost before they reached the spool.
     */
    public static final class Range {
        private final StreamId stream;
        private final long firstSequence;
        private long nextSequence;
        private long count;
        private long batches;
        private final long firstNanos;
        private long lastNanos;

        private Range(BatchEnvelope batch) {
            stream = batch.stream();
            firstSequence = batch.firstSequence();
            firstNanos = batch.firstReceivedNanos();
        }

        private Range(StreamId stream, ByteBuffer in) {
            this.stream = stream;
            firstSequence = in.getLong();
            nextSequence = in.getLong();
            count = in.getLong();
            batches = in.getLong();
            firstNanos = in.getLong();
            lastNanos = in.getLong();
        }

        private boolean isPossible() {
            return stream.zone() >= StreamId.CONTROL_ZONE
                    && firstSequence >= 0
                    && nextSequence > firstSequence
                    && nextSequence <= SegmentFormat.MOST
                    && count >= 1
                    && count <= nextSequence - firstSequence
                    && batches >= 1
                    && batches <= count;
        }

        private void add(BatchEnvelope batch) {
            nextSequence = batch.nextSequence();
            count += batch.count();
            batches++;
            lastNanos = batch.lastReceivedNanos();
        }

        private void encode(ByteBuffer out) {
            putText(out, stream.netns());
            putText(out, stream.netnsId());
            out.putInt(stream.zone())
                    .putLong(firstSequence)
                    .putLong(nextSequence)
                    .putLong(count)
                    .putLong(batches)
                    .putLong(firstNanos)
                    .putLong(lastNanos);
        }

        /** The stream. */
        public StreamId stream() {
            return stream;
        }

        /** Sequence of its first event. */
        public long firstSequence() {
            return firstSequence;
        }

        public long nextSequence() {
            return nextSequence;
        }

        /** Number of events, or of control records. */
        long count() {
            return count;
        }

        /** Number of events; 0 for control records. */
        public long events() {
            return kind() == BatchEnvelope.EVENTS ? count : 0;
        }

        /** Number of batches. */
        public long batches() {
            return batches;
        }

        /** When the first event was received, ns since the epoch. */
        public long firstNanos() {
            return firstNanos;
        }

        /** When the last event was received, ns since the epoch. */
        public long lastNanos() {
            return lastNanos;
        }

        /** {@link BatchEnvelope#EVENTS} or {@link BatchEnvelope#CONTROL}. */
        public int kind() {
            return stream.zone() == StreamId.CONTROL_ZONE ? BatchEnvelope.CONTROL : BatchEnvelope.EVENTS;
        }

        /** The whole range as a loss. */
        public Loss lost(GapCause cause, RunIdentity identity) {
            return new Loss(
                    cause,
                    identity,
                    kind(),
                    stream,
                    firstSequence,
                    nextSequence,
                    count,
                    batches,
                    firstNanos,
                    lastNanos);
        }
    }

    /** Adds a batch; it must come after all others of its stream. */
    public void add(BatchEnvelope batch) {
        Range range = ranges.get(batch.stream());
        if (range == null) {
            range = new Range(batch);
            ranges.put(batch.stream(), range);
            encodedBytes += RANGE_FIXED_BYTES
                    + batch.stream().netns().getBytes(UTF_8).length
                    + batch.stream().netnsId().getBytes(UTF_8).length;
        }
        range.add(batch);
    }

    /** Removes a stream and returns its range; null when there is none. */
    @Nullable
    public Range remove(StreamId stream) {
        return ranges.remove(stream);
    }

    /** Removes all streams. */
    public void clear() {
        ranges.clear();
        encodedBytes = COUNT_BYTES;
    }

    /** Whether there is no stream. */
    public boolean isEmpty() {
        return ranges.isEmpty();
    }

    /** The ranges of all streams. */
    public Collection<Range> all() {
        return ranges.values();
    }

    /** Length of {@link #encode}. */
    int encodedBytes() {
        return encodedBytes;
    }

    byte[] encode() {
        ByteBuffer out = ByteBuffer.allocate(encodedBytes).putInt(ranges.size());
        for (Range range : ranges.values()) {
            range.encode(out);
        }
        return out.array();
    }

    /**
     * Decodes the body of an index frame; the caller has verified its checksum.
     *
     * @return null when no collector wrote it
     */
    static @Nullable List<Range> decode(ByteBuffer body) {
        ByteBuffer in = body.duplicate();
        List<Range> list = new ArrayList<>();
        try {
            for (int left = in.getInt(); left > 0; left--) {
                Range range = new Range(new StreamId(text(in), text(in), in.getInt()), in);
                if (!range.isPossible()) {
                    return null;
                }
                list.add(range);
            }
            return list;
        } catch (BufferUnderflowException | IllegalArgumentException e) {
            return null;
        }
    }

    private static void putText(ByteBuffer out, String text) {
        byte[] bytes = text.getBytes(UTF_8);
        out.putShort((short) bytes.length).put(bytes);
    }

    private static String text(ByteBuffer in) {
        byte[] bytes = new byte[in.getShort() & 0xFFFF];
        in.get(bytes);
        return new String(bytes, UTF_8);
    }
}
