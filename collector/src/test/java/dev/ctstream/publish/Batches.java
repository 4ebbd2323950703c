package dev.ctstream.publish;

import dev.ctstream.batch.MadeBatches;
import dev.ctstream.record.ExtremeEvents;
import dev.ctstream.record.RunIdentity;
import dev.ctstream.record.Schemas;
import dev.ctstream.record.StreamId;
import dev.ctstream.segment.BatchEnvelope;
import dev.ctstream.spool.QueuedBatch;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.DecoderFactory;
import org.apache.avro.io.EncoderFactory;
import org.jspecify.annotations.Nullable;

/** Writes batches and reads records with Avro's generic classes. */
final class Batches {
    /** The run before {@link #RUN}. */
    static final RunIdentity EARLIER = new RunIdentity("host-a", "boot-a", 1_600_000_000_000_000_000L);

    static final RunIdentity RUN = new RunIdentity("host-a", "boot-a", 1_700_000_000_000_000_000L);

    private static final byte[][] VARIED = variedEvents();

    private Batches() {}

    static QueuedBatch events(long number, StreamId stream, long firstSequence, int count) {
        return events(number, stream, firstSequence, count, null);
    }

    static QueuedBatch events(
            long number, StreamId stream, long firstSequence, int count, @Nullable RunIdentity earlier) {
        RunIdentity run = earlier == null ? RUN : earlier;
        GenericRecord batch = identified(Schemas.BATCH, run, stream);
        batch.put("ct_zone", stream.zone());
        List<GenericRecord> events = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            GenericRecord event = filled(Schemas.EVENT);
            event.put("sequence", firstSequence + i);
            event.put("event_time", eventMillis(firstSequence + i));
            event.put("mark", firstSequence);
            events.add(event);
        }
        batch.put("events", events);
        return queued(envelope(number, BatchEnvelope.EVENTS, stream, firstSequence, count), run, batch);
    }

    /** The same batch, received at another time. */
    static QueuedBatch received(QueuedBatch batch, long millis) {
        BatchEnvelope was = batch.envelope();
        long nanos = TimeUnit.MILLISECONDS.toNanos(millis);
        BatchEnvelope envelope = new BatchEnvelope(
                was.number(),
                was.eventsBefore(),
                was.logIndex(),
                was.kind(),
                was.stream(),
                was.firstSequence(),
                was.count(),
                nanos,
                nanos,
                null);
        return new QueuedBatch(envelope, batch.identity(), batch.array(), batch.offset(), batch.lengthBytes(), null);
    }

    /** An arbitrary time that does not rise with the sequence. */
    static long eventMillis(long sequence) {
        return 1_700_000_000_000L + sequence * 7919 % 1000;
    }

    static QueuedBatch control(long number, String netns, long sequence) {
        StreamId stream = MadeBatches.stream(netns, StreamId.CONTROL_ZONE);
        GenericRecord control = identified(Schemas.CONTROL, RUN, stream);
        control.put("control_sequence", sequence);
        return queued(envelope(number, BatchEnvelope.CONTROL, stream, sequence, 1), RUN, control);
    }

    /**
     * As {@link #events}, with the addresses, ports, ids and counters of a busy host: they compress as real ones do.
     * {@code sequence} is an event's first field, so what follows it is encoded once.
     */
    static QueuedBatch varied(long number, StreamId stream, long firstSequence, int count) {
        GenericRecord batch = identified(Schemas.BATCH, RUN, stream);
        batch.put("ct_zone", stream.zone());
        batch.put("events", List.of());
        byte[] empty = write(batch);
        ByteArrayOutputStream out = new ByteArrayOutputStream(count * 400);
        out.write(empty, 0, empty.length - 1); // without the end of the array
        BinaryEncoder encoder = EncoderFactory.get().binaryEncoder(out, null);
        int first = new SplittableRandom(firstSequence * 31 + stream.zone()).nextInt(VARIED.length);
        try {
            encoder.writeLong(count);
            for (int i = 0; i < count; i++) {
                encoder.writeLong(firstSequence + i);
                encoder.writeFixed(VARIED[(first + i) % VARIED.length]);
            }
            encoder.writeLong(0);
            encoder.flush();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        byte[] datum = out.toByteArray();
        return new QueuedBatch(
                envelope(number, BatchEnvelope.EVENTS, stream, firstSequence, count),
                RUN,
                datum,
                0,
                datum.length,
                null);
    }

    /** A batch of {@link ExtremeEvents}. */
    static QueuedBatch extreme(long number, StreamId stream, long firstSequence, int count) {
        GenericRecord batch = identified(Schemas.BATCH, RUN, stream);
        List<GenericRecord> events = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            events.add(ExtremeEvents.event(firstSequence + i));
        }
        batch.put("ct_zone", stream.zone());
        batch.put("lost_total", 0xffff_ffffL);
        batch.put("events", events);
        return queued(envelope(number, BatchEnvelope.EVENTS, stream, firstSequence, count), RUN, batch);
    }

    /** The record of a batch. */
    static GenericRecord read(Schema schema, QueuedBatch batch) {
        byte[] bytes = Arrays.copyOfRange(batch.array(), batch.offset(), batch.offset() + batch.lengthBytes());
        return read(schema, bytes, 0);
    }

    private static byte[][] variedEvents() {
        SplittableRandom random = new SplittableRandom(1);
        byte[][] events = new byte[1 << 14][];
        for (int i = 0; i < events.length; i++) {
            byte[] event = write(variedEvent(random, i));
            int sequenceBytes = i < 64 ? 1 : i < 8192 ? 2 : 3;
            events[i] = Arrays.copyOfRange(event, sequenceBytes, event.length);
        }
        return events;
    }

    private static GenericRecord variedEvent(SplittableRandom random, long sequence) {
        GenericRecord event = filled(Schemas.EVENT);
        long nanos = 1_700_000_000_000_000_000L + sequence * 20_000 + random.nextInt(5_000);
        String client = "10.0.0." + random.nextInt(256);
        String server = "192.0.2." + random.nextInt(256);
        int port = 1024 + random.nextInt(64_000);
        event.put("sequence", sequence);
        event.put("event_type", sequence % 2 == 0 ? "NEW" : "DESTROY");
        event.put("origin", "kernel");
        event.put("event_time", nanos / 1_000_000);
        event.put("received_time_ns", nanos);
        event.put("source_address", client);
        event.put("destination_address", server);
        event.put("reply_source_address", server);
        event.put("reply_destination_address", client);
        event.put("source_port", port);
        event.put("reply_destination_port", port);
        event.put("ct_id", random.nextLong(1L << 32));
        event.put("bytes_original", 40 + random.nextLong(1_000));
        event.put("bytes_reply", 40 + random.nextLong(10_000));
        event.put("start_time_ns", nanos - random.nextLong(1_000_000_000L));
        event.put("stop_time_ns", nanos);
        return event;
    }

    private static BatchEnvelope envelope(long number, int kind, StreamId stream, long firstSequence, int count) {
        long now = TimeUnit.MILLISECONDS.toNanos(System.currentTimeMillis());
        return new BatchEnvelope(number, 0, number, kind, stream, firstSequence, count, now, now, null);
    }

    private static QueuedBatch queued(BatchEnvelope envelope, RunIdentity run, GenericRecord datum) {
        byte[] bytes = write(datum);
        byte[] within = new byte[bytes.length + 7]; // a datum seldom begins its buffer
        System.arraycopy(bytes, 0, within, 3, bytes.length);
        return new QueuedBatch(envelope, run, within, 3, bytes.length, null);
    }

    private static GenericRecord identified(Schema schema, RunIdentity run, StreamId stream) {
        GenericRecord record = filled(schema);
        record.put("host_id", run.hostId());
        record.put("boot_id", run.bootId());
        record.put("stream_epoch", run.streamEpoch());
        record.put("netns", stream.netns());
        record.put("netns_id", stream.netnsId());
        return record;
    }

    /** A record with a value in every mandatory field. */
    private static GenericRecord filled(Schema schema) {
        GenericRecord record = new GenericData.Record(schema);
        for (Schema.Field field : schema.getFields()) {
            switch (field.schema().getType()) {
                case STRING -> record.put(field.name(), "a text of " + field.name());
                case INT -> record.put(field.name(), 1);
                case LONG -> record.put(field.name(), 1L);
                default -> {}
            }
        }
        return record;
    }

    static byte[] write(GenericRecord datum) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        BinaryEncoder encoder = EncoderFactory.get().binaryEncoder(out, null);
        try {
            new GenericDatumWriter<GenericRecord>(datum.getSchema()).write(datum, encoder);
            encoder.flush();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return out.toByteArray();
    }

    /** Reads a datum from an offset to the end of the array. */
    static GenericRecord read(Schema schema, byte[] bytes, int offset) {
        var decoder = DecoderFactory.get().binaryDecoder(bytes, offset, bytes.length - offset, null);
        try {
            GenericRecord datum = new GenericDatumReader<GenericRecord>(schema).read(null, decoder);
            if (!decoder.isEnd()) {
                throw new AssertionError("bytes are left after the datum");
            }
            return datum;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static List<Long> sequences(GenericRecord batch) {
        List<Long> sequences = new ArrayList<>();
        for (Object event : (List<?>) batch.get("events")) {
            sequences.add((Long) ((GenericRecord) event).get("sequence"));
        }
        return sequences;
    }
}
