package dev.ctstream.record;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
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
 * A {@link Serde} for each of our records as its generated class. They read every framing, and write that of the setting
 * {@code record.framing}, else {@link Framing#SINGLE_OBJECT}. {@link Framing#CONFLUENT} needs {@link RegistrySettings} among
 * the settings that {@link Serde#configure} gets; a serializer registers its schema under {@code TOPIC-value} unless {@code
 * schema.registry.auto.register.schemas=false}.
 *
 * <p>Threads: each serde is confined to one thread. Errors: {@link SerializationException} names what is wrong.
 */
public final class RecordSerdes {
    private static final String FRAMING = "record.framing";

    private RecordSerdes() {}

    /** The event topic with {@code record.layout=batch}. */
    public static Serde<ConntrackBatch> batch() {
        return serde(ConntrackBatch.class, ConntrackBatch.getClassSchema(), Schemas.BATCH);
    }

    /** The event topic with {@code record.layout=event}. */
    public static Serde<ConntrackFlatEvent> flatEvent() {
        return serde(ConntrackFlatEvent.class, ConntrackFlatEvent.getClassSchema(), Schemas.FLAT);
    }

    /** The control topic. */
    public static Serde<ConntrackControl> control() {
        return serde(ConntrackControl.class, ConntrackControl.getClassSchema(), Schemas.CONTROL);
    }

    private static <T extends SpecificRecord> Serde<T> serde(Class<T> type, Schema generated, Schema published) {
        return Serdes.serdeFrom(new Writer<>(generated, published), new Reader<>(type, generated));
    }

    private static final class Writer<T extends SpecificRecord> implements Serializer<T> {
        private final Schema schema; // as it is published: without what the generated class adds
        private final SpecificDatumWriter<T> datums;
        private final Map<String, byte[]> prefixes = new HashMap<>(); // by topic
        private Framing framing = Framing.SINGLE_OBJECT;
        private @Nullable SubjectSchemas subjects;

        Writer(Schema generated, Schema published) {
            schema = published;
            datums = new SpecificDatumWriter<>(generated, GeneratedRecords.DATA);
        }

        @Override
        public void configure(Map<String, ?> settings, boolean isKey) {
            if (settings.get(FRAMING) instanceof String word) {
                framing = framing(word);
            }
            if (framing == Framing.CONFLUENT) {
                subjects = new SubjectSchemas(
                        new SchemaRegistry(RegistrySettings.of(settings)), SubjectSchemas.mayRegister(settings));
            }
        }

        private static Framing framing(String word) {
            try {
                return Framing.of(word);
            } catch (IllegalArgumentException e) {
                throw new SerializationException(
                        FRAMING + "=" + word + ": must be one of confluent, single-object, bare", e);
            }
        }

        private byte[] prefix(String topic) {
            byte[] known = prefixes.get(topic);
            if (known == null) {
                known = framing.prefix(schema, subjects == null ? Framing.NO_ID : id(subjects, topic));
                prefixes.put(topic, known);
            }
            return known;
        }

        private int id(SubjectSchemas registered, String topic) {
            try {
                return registered.id(topic, schema);
            } catch (RegistryException e) {
                throw new SerializationException("topic " + topic + ": " + e.getMessage(), e);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new SerializationException("topic " + topic + ": interrupted", e);
            }
        }

        @Override
        public byte @Nullable [] serialize(String topic, @Nullable T record) {
            if (record == null) {
                return null;
            }
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            out.writeBytes(prefix(topic));
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
        public void configure(Map<String, ?> settings, boolean isKey) {
            if (RegistrySettings.isIn(settings)) {
                decoder.useRegistry(new SchemaRegistry(RegistrySettings.of(settings)));
            }
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
