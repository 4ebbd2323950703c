package dev.ctstream.spool;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.ctstream.batch.EncodedBatch;
import dev.ctstream.batch.RunIdentity;
import dev.ctstream.batch.StreamId;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Which sequences of which streams a part of the spool holds; also the body of a segment's index frame.
 *
 * <pre>
 * body = range count (u32), then for each range
 *   u16 netns length, netns UTF-8, i32 zone, i64 first, i64 next, i64 count, i64 batches, i64 first nanos, i64 last nanos
 * </pre>
 *
 * <p>Threads: confined to one thread.
 */
final class StreamRanges {
    /**
     * The sequences of one stream, from the first to before {@code next}; {@code count} is smaller than the distance
     * where batches were already lost before they reached the spool.
     */
    record Range(
            StreamId stream,
            long firstSequence,
            long nextSequence,
            long count,
            long batches,
            long firstNanos,
            long lastNanos) {

        private static final int FIXED_BYTES = 2 + 4 + 6 * 8;

        /** {@code EncodedBatch.EVENTS} or {@code CONTROL}. */
        int kind() {
            return stream.zone() == StreamId.CONTROL_ZONE ? EncodedBatch.CONTROL : EncodedBatch.EVENTS;
        }

        /** All of it as lost. */
        Loss lost(Loss.Cause cause, RunIdentity identity) {
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

        Range plus(BatchEnvelope batch) {
            return new Range(
                    stream,
                    Math.min(firstSequence, batch.firstSequence()),
                    Math.max(nextSequence, batch.nextSequence()),
                    count + batch.count(),
                    batches + 1,
                    Math.min(firstNanos, batch.firstReceivedNanos()),
                    Math.max(lastNanos, batch.lastReceivedNanos()));
        }
    }

    private final Map<StreamId, Range> ranges = new HashMap<>();

    void add(BatchEnvelope batch) {
        Range known = ranges.get(batch.stream());
        ranges.put(
                batch.stream(),
                known != null
                        ? known.plus(batch)
                        : new Range(
                                batch.stream(),
                                batch.firstSequence(),
                                batch.nextSequence(),
                                batch.count(),
                                1,
                                batch.firstReceivedNanos(),
                                batch.lastReceivedNanos()));
    }

    void clear() {
        ranges.clear();
    }

    boolean isEmpty() {
        return ranges.isEmpty();
    }

    List<Range> list() {
        return new ArrayList<>(ranges.values());
    }

    byte[] encode() {
        int size = 4;
        Map<String, byte[]> names = new HashMap<>();
        for (Range range : ranges.values()) {
            size += Range.FIXED_BYTES
                    + names.computeIfAbsent(range.stream().netns(), name -> name.getBytes(UTF_8)).length;
        }
        ByteBuffer out = ByteBuffer.allocate(size).putInt(ranges.size());
        for (Range range : ranges.values()) {
            byte[] name = names.getOrDefault(range.stream().netns(), new byte[0]);
            out.putShort((short) name.length)
                    .put(name)
                    .putInt(range.stream().zone())
                    .putLong(range.firstSequence())
                    .putLong(range.nextSequence())
                    .putLong(range.count())
                    .putLong(range.batches())
                    .putLong(range.firstNanos())
                    .putLong(range.lastNanos());
        }
        return out.array();
    }

    /** Decodes an index frame's body, whose checksum was found right. */
    static List<Range> decode(ByteBuffer body) {
        ByteBuffer in = body.duplicate();
        int count = in.getInt();
        List<Range> list = new ArrayList<>(Math.min(count, in.remaining() / Range.FIXED_BYTES + 1));
        for (int i = 0; i < count; i++) {
            byte[] name = new byte[in.getShort() & 0xFFFF];
            in.get(name);
            StreamId stream = new StreamId(new String(name, UTF_8), in.getInt());
            list.add(new Range(
                    stream, in.getLong(), in.getLong(), in.getLong(), in.getLong(), in.getLong(), in.getLong()));
        }
        return list;
    }
}
