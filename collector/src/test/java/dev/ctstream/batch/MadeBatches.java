package dev.ctstream.batch;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.EncoderFactory;

/** Closed batches as tests of later packages want them: a true header, and filler in place of the events. */
public final class MadeBatches {
    private MadeBatches() {}

    /**
     * A batch of events.
     *
     * @param bodyBytes how much filler follows the header; what it is depends on stream and sequence alone
     */
    public static EncodedBatch events(RunIdentity run, StreamId stream, long first, int count, int bodyBytes) {
        EncodedBatch batch = made(run, stream, first, bodyBytes, EncodedBatch.EVENTS);
        batch.count = count;
        return batch;
    }

    /** A control record. */
    public static EncodedBatch control(RunIdentity run, String netns, long sequence, int bodyBytes) {
        EncodedBatch batch =
                made(run, new StreamId(netns, StreamId.CONTROL_ZONE), sequence, bodyBytes, EncodedBatch.CONTROL);
        batch.count = 1;
        return batch;
    }

    /** A batch, or a control record (zone -1), that Avro reads: fields without default have made-up values. */
    public static EncodedBatch decodable(RunIdentity run, StreamId stream, long first, int count) throws IOException {
        boolean control = stream.zone() == StreamId.CONTROL_ZONE;
        GenericRecord record = filled(control ? Schemas.CONTROL : Schemas.BATCH, first);
        record.put("host_id", run.hostId());
        record.put("boot_id", run.bootId());
        record.put("netns", stream.netns());
        record.put("stream_epoch", run.streamEpoch());
        if (!control) {
            List<GenericRecord> events = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                events.add(filled(Schemas.EVENT, first + i));
            }
            record.put("ct_zone", stream.zone());
            record.put("events", events);
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        BinaryEncoder encoder = EncoderFactory.get().binaryEncoder(out, null);
        new GenericDatumWriter<GenericRecord>(record.getSchema()).write(record, encoder);
        encoder.flush();
        EncodedBatch batch = control
                ? control(run, stream.netns(), first, out.size())
                : events(run, stream, first, count, out.size());
        System.arraycopy(out.toByteArray(), 0, batch.array, 0, out.size());
        batch.end = out.size();
        return batch;
    }

    private static GenericRecord filled(Schema schema, long sequence) {
        GenericRecord record = new GenericData.Record(schema);
        for (Schema.Field field : schema.getFields()) {
            switch (field.schema().getType()) {
                case STRING -> record.put(field.pos(), field.name());
                case LONG -> record.put(field.pos(), sequence);
                case INT -> record.put(field.pos(), 4);
                case BOOLEAN -> record.put(field.pos(), false);
                default -> record.put(field.pos(), null);
            }
        }
        return record;
    }

    private static EncodedBatch made(RunIdentity run, StreamId stream, long first, int bodyBytes, int kind) {
        EncodedBatch batch = new EncodedBatch(BufferPool.UNPOOLED, new byte[bodyBytes + 512], new int[1]);
        int at = AvroWriter.writeEncoded(batch.array, 0, AvroWriter.encodedString(run.hostId()));
        at = AvroWriter.writeEncoded(batch.array, at, AvroWriter.encodedString(run.bootId()));
        at = AvroWriter.writeEncoded(batch.array, at, AvroWriter.encodedString(stream.netns()));
        at = kind == EncodedBatch.EVENTS ? AvroWriter.writeLong(batch.array, at, stream.zone()) : at;
        at = AvroWriter.writeLong(batch.array, at, run.streamEpoch());
        byte[] filler = new byte[bodyBytes];
        new SplittableRandom(stream.hashCode() * 31L + first).nextBytes(filler);
        System.arraycopy(filler, 0, batch.array, at, bodyBytes);
        batch.kind = kind;
        batch.stream = stream;
        batch.streamEpoch = run.streamEpoch();
        batch.firstSequence = first;
        batch.end = at + bodyBytes;
        batch.firstReceivedNanos = run.streamEpoch() + first * 1000;
        batch.lastReceivedNanos = run.streamEpoch() + first * 1000 + 999;
        return batch;
    }
}
