package dev.ctstream.batch;

import dev.ctstream.record.StreamId;
import org.jspecify.annotations.Nullable;

/**
 * A batch as one Avro datum without framing, and its metadata, which later stages use without decoding it.
 *
 * <pre>
 *  array:  | unused | header | event 0 | event 1 | … | 0 | unused |
 *                   ^offset()^eventOffset(0)             ^offset() + lengthBytes()
 * </pre>
 *
 * <p>{@link BatchHeader} lists the header's fields; the 0 ends the array of events. The header's common part followed
 * by one event is a ConntrackFlatEvent. The receive thread reserves space for the longest header; {@link #number}
 * writes the header.
 *
 * <p>Ownership: exactly one owner at a time; handing over the batch passes the ownership. The last owner returns it
 * with {@link BatchRing#release} and must not access it afterwards, because its buffer is reused.
 *
 * <p>Threads: confined to the owner's thread. A hand-over must make the contents visible, as {@link BatchRing} does.
 */
public final class EncodedBatch {
    /** The log_index of a batch that was not appended. */
    public static final long NO_LOG_INDEX = -1;

    final int sizeClass; // of the pool; BufferPool.UNPOOLED
    final byte[] array;
    final int[] eventOffsets;

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

    long refusedBatches;
    long refusedFirstNanos;
    long refusedLastNanos;

    @Nullable
    BatchHeader header; // null before the first use

    @Nullable
    EncodedBatch nextEmpty; // of the pool

    private static final StreamId NONE = StreamId.control("", "");

    EncodedBatch(int sizeClass, byte[] array, int[] eventOffsets) {
        this.sizeClass = sizeClass;
        this.array = array;
        this.eventOffsets = eventOffsets;
    }

    /** Namespace and zone. */
    public StreamId stream() {
        return stream;
    }

    /** Start of the run that numbered the events, ns since 1970-01-01 UTC. */
    public long streamEpoch() {
        return streamEpoch;
    }

    /** Sequence of the first event; the others follow without a gap. */
    public long firstSequence() {
        return firstSequence;
    }

    /** Events in the batch. */
    public int count() {
        return count;
    }

    /**
     * Sets the {@code log_index} and writes the header; then the bytes are a datum. The owner calls this before it
     * appends the batch, and may call it again with another index.
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

    /**
     * Batches of the stream that the ring refused since the one before this; their sequences are those between the two.
     */
    public long refusedBatches() {
        return refusedBatches;
    }

    /** When the first event of the {@link #refusedBatches} was received, ns since 1970-01-01 UTC. */
    public long refusedFirstNanos() {
        return refusedFirstNanos;
    }

    /** When the last event of the {@link #refusedBatches} was received. */
    public long refusedLastNanos() {
        return refusedLastNanos;
    }

    /** Number of the append within the run; {@link #NO_LOG_INDEX} before {@link #number}. */
    public long logIndex() {
        return logIndex;
    }

    /**
     * The array that holds the datum: {@link #lengthBytes()} bytes from {@link #offset()}. The other bytes have no
     * meaning. Until {@link #number} has written the header, these bytes are only the events.
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

    /** Bytes from {@link #offset()} that are also the beginning of a ConntrackFlatEvent. */
    public int commonLengthBytes() {
        return commonLengthBytes;
    }

    /**
     * The offset of an event in {@link #array()}.
     *
     * @param index from 0 to {@link #count()}; for {@code count()} the result is the end of the last event
     */
    public int eventOffset(int index) {
        return index == count ? end - AvroWriter.ARRAY_END_BYTES : eventOffsets[index];
    }

    /** Events that the kernel had dropped at this namespace's socket when the batch was closed. */
    public long lostTotal() {
        return lostTotal;
    }

    /** When the first event was received, ns since 1970-01-01 UTC. */
    public long firstReceivedNanos() {
        return firstReceivedNanos;
    }

    /** When the last event was received, ns since 1970-01-01 UTC. */
    public long lastReceivedNanos() {
        return lastReceivedNanos;
    }

    /** Makes this an empty batch of the stream. */
    void begin(StreamState of) {
        NamespaceStreams namespace = of.namespace;
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
        refusedBatches = 0;
    }

    /** Records the start of an event at {@link #end}, before it is encoded. */
    void beginEvent(long sequence, long receivedNanos) {
        if (count == 0) {
            firstSequence = sequence;
            firstReceivedNanos = receivedNanos;
        }
        lastReceivedNanos = receivedNanos;
        eventOffsets[count++] = end;
    }

    /** Records the end of an event that was encoded up to {@code newEnd}. */
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

    /** Copies the contents of an open batch of the same stream. */
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

    /** The longest that the datum can be: its events and the longest header. */
    public int maxLengthBytes() {
        return end;
    }

    /** Length of a closed batch with its header; the log_index, which is not known yet, counts as one byte. */
    int encodedBytes() {
        BatchHeader namespace = header;
        return end - eventsOffset + (namespace == null ? 0 : namespace.lengthBytes(this));
    }

    /** Memory of the batch's buffers, independent of their contents. */
    int capacityBytes() {
        return array.length + Integer.BYTES * eventOffsets.length;
    }
}
