package dev.ctstream.batch;

import dev.ctstream.record.RunIdentity;
import dev.ctstream.record.StreamId;

/**
 * Writes the fields before the events of a ConntrackBatch. Each namespace of a run has one: host, run and namespace are
 * encoded once, the other fields for each batch.
 *
 * <pre>
 *  common part, which is also the beginning of a ConntrackFlatEvent:
 *      host_id boot_id netns ct_zone stream_epoch lost_total host_name netns_id log_index
 *      batch_first_sequence batch_event_count
 *  then, in a ConntrackBatch only:
 *      first_event_time last_event_time, number of events in the array's one block
 * </pre>
 *
 * <p>The numbers have variable length, so the header is written backwards from the first event. It is written when the
 * batch is appended, because only then is its {@code log_index} known.
 *
 * <p>Threads: immutable; any thread.
 */
public final class BatchHeader {
    /** ct_zone, batch_event_count and the block's count. */
    private static final int INTS = 3;
    /** stream_epoch, lost_total, log_index, batch_first_sequence and the two times. */
    private static final int LONGS = 6;

    private final byte[] names;
    private final byte[] identity;
    private final long streamEpoch;

    /** The header of a namespace's batches. */
    BatchHeader(RunIdentity run, String hostName, StreamId control) {
        names = AvroWriter.encodedStrings(run.hostId(), run.bootId(), control.netns());
        identity = AvroWriter.encodedStrings(hostName, control.netnsId());
        streamEpoch = run.streamEpoch();
    }

    /** Bytes that an open batch reserves before its first event. */
    int maxBytes() {
        return names.length + identity.length + INTS * AvroWriter.INT_MAX_BYTES + LONGS * AvroWriter.LONG_MAX_BYTES;
    }

    /** Bytes of the header with a log_index of one byte. */
    int lengthBytes(EncodedBatch batch) {
        return names.length
                + identity.length
                + 1
                + AvroWriter.lengthBytes(batch.stream.zone())
                + AvroWriter.lengthBytes(streamEpoch)
                + AvroWriter.lengthBytes(batch.lostTotal)
                + AvroWriter.lengthBytes(batch.firstSequence)
                + 2 * AvroWriter.lengthBytes(batch.count)
                + AvroWriter.lengthBytes(batch.firstEventMillis)
                + AvroWriter.lengthBytes(batch.lastEventMillis);
    }

    /** Writes the header before the first event; may be called again with another log_index. */
    void write(EncodedBatch batch) {
        byte[] to = batch.array;
        int at = AvroWriter.writeLongBefore(to, batch.eventsOffset, batch.count);
        at = AvroWriter.writeLongBefore(to, at, batch.lastEventMillis);
        at = AvroWriter.writeLongBefore(to, at, batch.firstEventMillis);
        int commonEnd = at;
        at = AvroWriter.writeLongBefore(to, at, batch.count);
        at = AvroWriter.writeLongBefore(to, at, batch.firstSequence);
        at = AvroWriter.writeLongBefore(to, at, batch.logIndex);
        at = AvroWriter.writeEncodedBefore(to, at, identity);
        at = AvroWriter.writeLongBefore(to, at, batch.lostTotal);
        at = AvroWriter.writeLongBefore(to, at, streamEpoch);
        at = AvroWriter.writeLongBefore(to, at, batch.stream.zone());
        at = AvroWriter.writeEncodedBefore(to, at, names);
        batch.offset = at;
        batch.commonLengthBytes = commonEnd - at;
    }
}
