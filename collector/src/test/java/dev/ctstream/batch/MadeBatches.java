package dev.ctstream.batch;

import dev.ctstream.record.RunIdentity;
import dev.ctstream.record.Schemas;
import dev.ctstream.record.StreamId;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.EncoderFactory;

/** Closed batches for the tests of later packages: a real header, and filler instead of events. */
public final class MadeBatches {
    private MadeBatches() {}

    /** A stream of a namespace whose identity derives from its name. */
    public static StreamId stream(String netns, int zone) {
        return new StreamId(netns, "id-" + netns, zone);
    }

    /**
     * A batch of events without a log_index yet.
     *
     * @param bodyBytes bytes of filler instead of events; its contents depend on stream and sequence only
     */
    public static EncodedBatch events(RunIdentity run, StreamId stream, long first, int count, int bodyBytes) {
        return closed(run, stream, first, count, filler(stream, first, bodyBytes));
    }

    /** The datum of a control record: host, boot, namespace and epoch, then filler. */
    public static byte[] control(RunIdentity run, String netns, long sequence, int bodyBytes) {
        byte[] head = AvroWriter.encodedStrings(run.hostId(), run.bootId(), netns);
        byte[] datum = Arrays.copyOf(head, head.length + AvroWriter.LONG_MAX_BYTES + bodyBytes);
        int at = AvroWriter.writeLong(datum, head.length, run.streamEpoch());
        System.arraycopy(filler(stream(netns, StreamId.CONTROL_ZONE), sequence, bodyBytes), 0, datum, at, bodyBytes);
        return Arrays.copyOf(datum, at + bodyBytes);
    }

    /** A batch that Avro can decode; fields without a default have made-up values. */
    public static EncodedBatch decodable(RunIdentity run, StreamId stream, long first, int count) throws IOException {
        List<GenericRecord> events = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            events.add(filled(Schemas.EVENT, first + i));
        }
        EncodedBatch batch = closed(run, stream, first, count, encoded(events));
        batch.firstEventMillis = first;
        batch.lastEventMillis = first + count - 1;
        return batch;
    }

    /** The datum of a control record that Avro can decode; fields without a default have made-up values. */
    public static byte[] decodableControl(RunIdentity run, StreamId stream, long sequence) throws IOException {
        GenericRecord record = filled(Schemas.CONTROL, sequence);
        record.put("host_id", run.hostId());
        record.put("boot_id", run.bootId());
        record.put("netns", stream.netns());
        record.put("netns_id", stream.netnsId());
        record.put("stream_epoch", run.streamEpoch());
        return encoded(List.of(record));
    }

    private static byte[] encoded(List<GenericRecord> records) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        BinaryEncoder encoder = EncoderFactory.get().binaryEncoder(out, null);
        for (GenericRecord record : records) {
            new GenericDatumWriter<GenericRecord>(record.getSchema()).write(record, encoder);
        }
        encoder.flush();
        return out.toByteArray();
    }

    private static byte[] filler(StreamId stream, long first, int bytes) {
        byte[] filler = new byte[bytes];
        new SplittableRandom(stream.hashCode() * 31L + first).nextBytes(filler);
        return filler;
    }

    private static EncodedBatch closed(RunIdentity run, StreamId stream, long first, int count, byte[] events) {
        StreamId control = StreamId.control(stream.netns(), stream.netnsId());
        NamespaceStreams namespace = new NamespaceStreams(run, "node-1", control);
        int bytes = namespace.header().maxBytes() + events.length + AvroWriter.ARRAY_END_BYTES;
        EncodedBatch batch = new EncodedBatch(BufferPool.UNPOOLED, new byte[bytes], new int[count]);
        batch.begin(Objects.requireNonNull(namespace.make(stream.zone(), false)));
        batch.beginEvent(first, run.streamEpoch() + first * 1000);
        System.arraycopy(events, 0, batch.array, batch.end, events.length);
        batch.endEvent(batch.end + events.length, TimeUnit.NANOSECONDS.toMillis(run.streamEpoch()) + first);
        batch.count = count;
        batch.lastReceivedNanos = batch.firstReceivedNanos + 999;
        batch.close(0);
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
}
