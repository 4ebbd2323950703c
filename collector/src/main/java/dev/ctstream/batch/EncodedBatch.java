package dev.ctstream.batch;

import dev.ctstream.record.StreamId;
import org.jspecify.annotations.Nullable;

/**
 * A closed batch: one Avro datum without framing, and what must be known of it without reading it.
 *
 * <pre>
 *  array:  | unused | header | event 0 | event 1 | … | 0 | unused |
 *                   ^offset()^eventOffset(0)             ^offset() + lengthBytes()
 * </pre>
 *
 * <p>{@link BatchHeader} has the header's fields; the 0 ends the array of events. The header's common part and one event,
 * put together, are a ConntrackFlatEvent. The receive thread leaves room for the longest header; {@link #number} writes it.
 * A control record has no events: its datum is a ConntrackControl, and is whole from the beginning.
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

    /** The log_index of a control record, and of a batch that was not appended. */
    public static final long NO_LOG_INDEX = -1;

    final int sizeClass; // of the pool; BufferPool.UNPOOLED
    final byte[] array;
    final int[] eventOffsets;

    int kind = EVENTS;
    StreamId stream = NONE;
    long streamEpoch;
    long firstSequence;
    int count;
    int eventsOffset;
    int offset;
    int commonLengthBytes;
    int end;
    long firstReceivedNanos;
    long lastReceivedNanos;
    long firstEventMillis;
    long lastEventMillis;
    long lostTotal;
    long logIndex = NO_LOG_INDEX;

    @Nullable
    BatchHeader header; // null for a control record

    @Nullable
    EncodedBatch nextEmpty; // of the pool

    private static final StreamId NONE = StreamId.control("", "");

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

    /**
     * Gives a batch of events its place in the log and writes its header, after which its bytes are a datum. The owner calls
     * it before it appends the batch, and may repeat it with another number. A control record stays as it is.
     *
     * @param index number of the append within the run, from 0
     */
    public void number(long index) {
        BatchHeader namespace = header;
        if (namespace != null) {
            logIndex = index;
            namespace.write(this);
        }
    }

    /** Number of the append within the run; {@link #NO_LOG_INDEX} for a control record. */
    public long logIndex() {
        return logIndex;
    }

    /**
     * The bytes from {@link #offset()}, {@link #lengthBytes()} of them, are the datum; the others mean nothing. Before
     * {@link #number} has written the header, they are the events alone.
     */
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
    public int commonLengthBytes() {
        return commonLengthBytes;
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
    void begin(StreamState of) {
        NamespaceStreams namespace = of.namespace;
        kind = EVENTS;
        stream = of.id;
        streamEpoch = namespace.streamEpoch();
        header = namespace.header();
        count = 0;
        eventsOffset = header.maxBytes();
        offset = eventsOffset;
        commonLengthBytes = 0;
        end = eventsOffset;
        firstEventMillis = Long.MAX_VALUE;
        lastEventMillis = Long.MIN_VALUE;
        logIndex = NO_LOG_INDEX;
    }

    /** Notes the event that begins at {@link #end}, before it is encoded. */
    void beginEvent(long sequence, long receivedNanos) {
        if (count == 0) {
            firstSequence = sequence;
            firstReceivedNanos = receivedNanos;
        }
        lastReceivedNanos = receivedNanos;
        eventOffsets[count++] = end;
    }

    /** Notes the event that was encoded up to {@code newEnd}. */
    void endEvent(int newEnd, long eventMillis) {
        end = newEnd;
        firstEventMillis = Math.min(firstEventMillis, eventMillis);
        lastEventMillis = Math.max(lastEventMillis, eventMillis);
    }

    /** Ends the array of events; the header is written later. */
    void close(long lostInNamespace) {
        lostTotal = lostInNamespace;
        array[end++] = AvroWriter.ARRAY_END;
    }

    /** Takes over what an open batch of the same stream holds. */
    void continueFrom(EncodedBatch smaller, StreamState of) {
        begin(of);
        System.arraycopy(smaller.array, eventsOffset, array, eventsOffset, smaller.end - eventsOffset);
        System.arraycopy(smaller.eventOffsets, 0, eventOffsets, 0, smaller.count);
        count = smaller.count;
        end = smaller.end;
        firstSequence = smaller.firstSequence;
        firstReceivedNanos = smaller.firstReceivedNanos;
        lastReceivedNanos = smaller.lastReceivedNanos;
        firstEventMillis = smaller.firstEventMillis;
        lastEventMillis = smaller.lastEventMillis;
    }

    /** What the batch takes in memory, whatever it holds. */
    int capacityBytes() {
        return array.length + Integer.BYTES * eventOffsets.length;
    }
}
