package dev.ctstream.record;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.generic.GenericRecordBuilder;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.EncoderFactory;

/** Records like those of a collector, encoded by Avro's own writer. */
public final class EventRecords {
    private EventRecords() {}

    /** An event of a TCP flow, without counters, times and rare fields. */
    public static GenericRecord event(long sequence, String type) {
        return fill(new GenericRecordBuilder(Schemas.EVENT), sequence, type).build();
    }

    static GenericRecordBuilder fill(GenericRecordBuilder builder, long sequence, String type) {
        return builder.set("sequence", sequence)
                .set("event_type", type)
                .set("origin", "kernel")
                .set("event_time", 1_700_000_000_123L)
                .set("received_time_ns", 1_700_000_000_123_456_789L)
                .set("ip_version", 4)
                .set("protocol", 6)
                .set("source_address", "10.0.0.1")
                .set("destination_address", "10.0.0.2")
                .set("reply_source_address", "10.0.0.2")
                .set("reply_destination_address", "10.0.0.1")
                .set("source_port", 40_000)
                .set("destination_port", 80)
                .set("reply_source_port", 80)
                .set("reply_destination_port", 40_000)
                .set("ct_id", 4_294_967_295L)
                .set("requester_port_id", 0L)
                .set("nat", "none");
    }

    public static GenericRecord batch(int zone, List<GenericRecord> events) {
        return head(
                        new GenericRecordBuilder(Schemas.BATCH),
                        zone,
                        (Long) events.get(0).get("sequence"),
                        events.size())
                .set("first_event_time", 1_700_000_000_123L)
                .set("last_event_time", 1_700_000_000_123L)
                .set("events", events)
                .build();
    }

    public static GenericRecord flat(int zone, long sequence, String type) {
        return fill(head(new GenericRecordBuilder(Schemas.FLAT), zone, sequence, 1), sequence, type)
                .build();
    }

    public static GenericRecord control(String kind) {
        return new GenericRecordBuilder(Schemas.CONTROL)
                .set("host_id", "h")
                .set("boot_id", "b")
                .set("netns", "host")
                .set("stream_epoch", 5L)
                .set("control_sequence", 0L)
                .set("kind", kind)
                .set("time", 1_700_000_000_123L)
                .set("host_name", "web-1")
                .set("netns_id", "1")
                .build();
    }

    private static GenericRecordBuilder head(GenericRecordBuilder builder, int zone, long firstSequence, int count) {
        return builder.set("host_id", "h")
                .set("boot_id", "b")
                .set("netns", "host")
                .set("ct_zone", zone)
                .set("stream_epoch", 5L)
                .set("lost_total", 0L)
                .set("host_name", "web-1")
                .set("netns_id", "1")
                .set("log_index", 0L)
                .set("batch_first_sequence", firstSequence)
                .set("batch_event_count", count);
    }

    public static byte[] bare(GenericRecord record) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        BinaryEncoder encoder = EncoderFactory.get().binaryEncoder(bytes, null);
        try {
            new GenericDatumWriter<GenericRecord>(record.getSchema(), GenericData.get()).write(record, encoder);
            encoder.flush();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }

    public static byte[] singleObject(GenericRecord record) {
        return framed(
                ByteBuffer.allocate(10)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .put((byte) 0xC3)
                        .put((byte) 1)
                        .putLong(fingerprint(record.getSchema())),
                bare(record));
    }

    public static byte[] confluent(int id, GenericRecord record) {
        return framed(ByteBuffer.allocate(5).put((byte) 0).putInt(id), bare(record));
    }

    public static long fingerprint(Schema schema) {
        return Schemas.fingerprint(schema);
    }

    private static byte[] framed(ByteBuffer header, byte[] body) {
        return ByteBuffer.allocate(header.capacity() + body.length)
                .put(header.flip())
                .put(body)
                .array();
    }
}
