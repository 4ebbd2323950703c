package dev.ctstream.batch;

import org.jspecify.annotations.Nullable;

/**
 * A closed batch: one Avro datum without framing, and what must be known of it without reading it.
 *
 * <pre>
 *  array:  | unused | header | count | event 0 | event 1 | … | 0 | unused |
 *                   ^offset()        ^eventOffset(0)              ^offset() + lengthBytes()
 *
 *  header = host_id boot_id netns ct_zone stream_epoch lost_total      ConntrackBatch without its events
 *  count  = items of the one block of the array, 0 = end of the array
 * </pre>
 *
 * <p>Header and one event, put together, are a ConntrackFlatEvent; a part of the events between a new count and a 0 is
 * a ConntrackBatch again. A control record has no events: its datum is a ConntrackControl.
 *
 * <p>Ownership: exactly one owner at a time; handing it over passes the ownership. The last owner gives it back with
 * {@link BatchRing#release}, and must not look at it afterwards: its buffer is filled again.
 *
 * <p>Threads: confined to the owner's thread; a hand-over must make its contents visible, as {@link BatchRing} does.
 */
public final class EncodedBatch {
    /** Kind: a ConntrackBatch. */
    public static final int EVENTS = 0;
    /** Kind: a ConntrackControl. */
    public static final int CONTROL = 1;

    final int sizeClass; // of the pool; BufferPool.UNPOOLED
    final byte[] array;
    final int[] eventOffsets;

    int kind = EVENTS;
    StreamId stream = NONE;
    long streamEpoch;
    long firstSequence;
    int count;
    int offset;
    int headerLengthBytes;
    int end;
    long firstReceivedNanos;
    long lastReceivedNanos;

    @Nullable
    EncodedBatch nextEmpty; // of the pool

    private static final StreamId NONE = new StreamId("", StreamId.CONTROL_ZONE);

    EncodedBatch(int sizeClass, byte[] array, int[] eventOffsets) {
        this.sizeClass = sizeClass;
        this.array = array;
        this.eventOffsets = eventOffsets;
    }

    /** {@link #EVENTS} or {@link #CONTROL}. */
    public int kind() {
        return kind;
    }

    /** Namespace and zone; for a control record the zone is {@link StreamId#CONTROL_ZONE}. */
    public StreamId stream() {
        return stream;
    }

    /** The run that numbered the events, ns since 1970-01-01 UTC. */
    public long streamEpoch() {
        return streamEpoch;
    }

    /** Sequence of the first event, or the control sequence; the others follow without a gap. */
    public long firstSequence() {
        return firstSequence;
    }

    /** Events in the batch; 1 for a control record. */
    public int count() {
        return count;
    }

    /** The bytes from {@link #offset()}, {@link #lengthBytes()} of them, are the datum; the others mean nothing. */
    public byte[] array() {
        return array;
    }

    public int offset() {
        return offset;
    }

    public int lengthBytes() {
        return end - offset;
    }

    /** Bytes from {@link #offset()} that a ConntrackFlatEvent begins with; 0 for a control record. */
    public int headerLengthBytes() {
        return headerLengthBytes;
    }

    /**
     * Where an event begins in {@link #array()}.
     *
     * @param index from 0 to {@link #count()}; the last one is where the last event ends
     */
    public int eventOffset(int index) {
        return index == count ? end - AvroWriter.ARRAY_END_BYTES : eventOffsets[index];
    }

    /** When the first event was received, ns since 1970-01-01 UTC. */
    public long firstReceivedNanos() {
        return firstReceivedNanos;
    }

    /** When the last event was received, ns since 1970-01-01 UTC. */
    public long lastReceivedNanos() {
        return lastReceivedNanos;
    }

    /** Makes the batch an empty one of the stream. */
    void begin(StreamId of, long epoch, int headRoomBytes) {
        kind = EVENTS;
        stream = of;
        streamEpoch = epoch;
        count = 0;
        offset = 0;
        headerLengthBytes = 0;
        end = headRoomBytes;
    }

    /** Takes over what an open batch holds. */
    void continueFrom(EncodedBatch smaller, int headRoomBytes) {
        begin(smaller.stream, smaller.streamEpoch, headRoomBytes);
        System.arraycopy(smaller.array, headRoomBytes, array, headRoomBytes, smaller.end - headRoomBytes);
        System.arraycopy(smaller.eventOffsets, 0, eventOffsets, 0, smaller.count);
        count = smaller.count;
        end = smaller.end;
        firstSequence = smaller.firstSequence;
        firstReceivedNanos = smaller.firstReceivedNanos;
        lastReceivedNanos = smaller.lastReceivedNanos;
    }

    /** What the batch takes in memory, whatever it holds. */
    int capacityBytes() {
        return array.length + Integer.BYTES * eventOffsets.length;
    }
}
