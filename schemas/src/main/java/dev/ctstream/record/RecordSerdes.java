package dev.ctstream.record;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.List;
import java.util.OptionalLong;
import org.apache.avro.Schema;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.EncoderFactory;
import org.apache.avro.specific.SpecificDatumReader;
import org.apache.avro.specific.SpecificDatumWriter;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.Serializer;
import org.jspecify.annotations.Nullable;

/**
 * A {@link Serde} for each of our records as its generated class. They read the framings that need no registry, and write
 * {@link Framing#SINGLE_OBJECT}.
 *
 * <p>Threads: each serde is confined to one thread. Errors: {@link SerializationException} names what is wrong.
 */
public final class RecordSerdes {
    private RecordSerdes() {}

    /** The event topic with {@code record.layout=batch}. */
    public static Serde<ConntrackBatch> batch() {
        return serde(ConntrackBatch.class, ConntrackBatch.getClassSchema());
    }

    /** The event topic with {@code record.layout=event}. */
    public static Serde<ConntrackFlatEvent> flatEvent() {
        return serde(ConntrackFlatEvent.class, ConntrackFlatEvent.getClassSchema());
    }

    /** The control topic. */
    public static Serde<ConntrackControl> control() {
        return serde(ConntrackControl.class, ConntrackControl.getClassSchema());
    }

    private static <T extends SpecificRecord> Serde<T> serde(Class<T> type, Schema schema) {
        return Serdes.serdeFrom(new Writer<>(schema), new Reader<>(type, schema));
    }

    private static final class Writer<T extends SpecificRecord> implements Serializer<T> {
        private final byte[] prefix;
        private final SpecificDatumWriter<T> datums;

        Writer(Schema schema) {
            prefix = Framing.SINGLE_OBJECT.prefix(schema);
            datums = new SpecificDatumWriter<>(schema, GeneratedRecords.DATA);
        }

        @Override
        public byte @Nullable [] serialize(String topic, @Nullable T record) {
            if (record == null) {
                return null;
            }
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            out.writeBytes(prefix);
            BinaryEncoder encoder = EncoderFactory.get().directBinaryEncoder(out, null);
            try {
                datums.write(record, encoder);
                encoder.flush();
            } catch (IOException e) {
                throw new SerializationException("topic " + topic + ": " + e.getMessage(), e);
            }
            return out.toByteArray();
        }
    }

    private static final class Reader<T extends SpecificRecord> implements Deserializer<T> {
        private final Class<T> type;
        private final DatumDecoder<SpecificRecord> decoder;

        Reader(Class<T> type, Schema schema) {
            this.type = type;
            decoder = new DatumDecoder<>(
                    (written, present) -> new SpecificDatumReader<>(written, present, GeneratedRecords.DATA),
                    false,
                    List.of(schema));
        }

        @Override
        public @Nullable T deserialize(String topic, byte @Nullable [] value) {
            return deserialize(topic, OptionalLong.empty(), value);
        }

        @Override
        public @Nullable T deserialize(String topic, Headers headers, byte @Nullable [] value) {
            return deserialize(topic, EventsDeserializer.fingerprint(headers), value);
        }

        private @Nullable T deserialize(String topic, OptionalLong fingerprint, byte @Nullable [] value) {
            if (value == null) {
                return null;
            }
            try {
                return type.cast(decoder.decode(value, fingerprint));
            } catch (RecordException e) {
                throw new SerializationException("topic " + topic + ": " + e.getMessage(), e);
            }
        }
    }
}
