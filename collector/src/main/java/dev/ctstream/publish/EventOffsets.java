package dev.ctstream.publish;

import dev.ctstream.batch.EncodedBatch;
import dev.ctstream.record.Schemas;
import dev.ctstream.spool.QueuedBatch;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.concurrent.TimeUnit;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.io.BinaryDecoder;
import org.apache.avro.io.DecoderFactory;
import org.jspecify.annotations.Nullable;

/**
 * Byte offsets in an encoded ConntrackBatch: the end of the common header fields, and the start of each event.
 *
 * <p>Ownership: borrows the batch's array. Threads: one.
 */
final class EventOffsets {
    private static final String FIRST_TIME = "first_event_time"; // the first field that a flat event does not have
    private static final String EVENTS = "events";

    private final byte[] array;
    private final int commonLengthBytes;
    private final int[] starts; // one more entry than events: the last is the end of the last event
    private @Nullable BinaryDecoder decoder;

    private EventOffsets(byte[] array, int commonLengthBytes, int[] starts) {
        this.array = array;
        this.commonLengthBytes = commonLengthBytes;
        this.starts = starts;
    }

    /** Finds the offsets of a batch of events. A batch that was read from disk is walked through with Avro. */
    static EventOffsets of(QueuedBatch batch) {
        EncodedBatch memory = batch.memory();
        if (memory == null) {
            return walk(batch);
        }
        int[] starts = new int[memory.count() + 1];
        for (int i = 0; i < starts.length; i++) {
            starts[i] = memory.eventOffset(i);
        }
        return new EventOffsets(batch.array(), memory.commonLengthBytes(), starts);
    }

    private static EventOffsets walk(QueuedBatch batch) {
        int end = batch.offset() + batch.lengthBytes();
        BinaryDecoder decoder =
                DecoderFactory.get().binaryDecoder(batch.array(), batch.offset(), batch.lengthBytes(), null);
        try {
            int commonLengthBytes = 0;
            for (Schema.Field field : Schemas.BATCH.getFields()) {
                if (field.name().equals(FIRST_TIME)) {
                    commonLengthBytes = position(decoder, end) - batch.offset();
                }
                if (!field.name().equals(EVENTS)) {
                    GenericDatumReader.skip(field.schema(), decoder);
                }
            }
            int[] starts = new int[batch.envelope().count() + 1];
            int event = 0;
            for (long block = decoder.readArrayStart(); block > 0; block = decoder.arrayNext()) {
                for (long i = 0; i < block; i++) {
                    starts[event++] = position(decoder, end);
                    GenericDatumReader.skip(Schemas.EVENT, decoder);
                }
                starts[event] = position(decoder, end);
            }
            return new EventOffsets(batch.array(), commonLengthBytes, starts);
        } catch (IOException e) {
            throw new UncheckedIOException("batch " + batch.envelope() + " is not a ConntrackBatch", e);
        }
    }

    private static int position(BinaryDecoder decoder, int end) throws IOException {
        return end - decoder.inputStream().available();
    }

    int commonLengthBytes() {
        return commonLengthBytes;
    }

    int count() {
        return starts.length - 1;
    }

    /** Offset of an event in the array; for index {@link #count()}, the end of the last event. */
    int start(int index) {
        return starts[index];
    }

    /** The {@code event_time} of an event, ms since 1970-01-01 UTC. */
    long eventMillis(int index) {
        return number(index, "event_time");
    }

    /** The {@code received_time_ns} of an event in ms since 1970-01-01 UTC; it does not fall within a batch. */
    long receivedMillis(int index) {
        return TimeUnit.NANOSECONDS.toMillis(number(index, "received_time_ns"));
    }

    private long number(int index, String name) {
        decoder = DecoderFactory.get().binaryDecoder(array, starts[index], starts[index + 1] - starts[index], decoder);
        try {
            for (Schema.Field field : Schemas.EVENT.getFields()) {
                if (field.name().equals(name)) {
                    return decoder.readLong();
                }
                GenericDatumReader.skip(field.schema(), decoder);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("event " + index + " is not a ConntrackEvent", e);
        }
        throw new IllegalStateException("a ConntrackEvent has no " + name);
    }
}
