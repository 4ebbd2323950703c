package dev.ctstream.record;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.List;
import java.util.OptionalLong;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.BinaryDecoder;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.DatumReader;
import org.apache.avro.io.Decoder;
import org.apache.avro.io.EncoderFactory;
import org.jspecify.annotations.Nullable;

/**
 * Takes a record's value apart and leaves the bytes of its events as they are.
 *
 * <p>Threads: confined to one.
 */
public final class RawRecordReader {
    private static final String EVENTS = "events";
    private static final String SEQUENCE = "sequence";
    private static final String TIME = "event_time";

    private final DatumDecoder<RawRecord> datums = new DatumDecoder<>(
            (written, present) -> new Reader(written), false, List.of(Schemas.BATCH, Schemas.FLAT, Schemas.CONTROL));

    /** Adds another version of a schema; see {@link RecordDecoder#addSchema}. */
    public void addSchema(String json) throws RecordException {
        datums.addSchema(json);
    }

    /** Finds schemas by their ids; see {@link RecordDecoder#useRegistry}. */
    public void useRegistry(SchemaRegistry registry) {
        datums.useRegistry(registry);
    }

    /**
     * Reads a record.
     *
     * @param fingerprint from the record's header, if it had one
     * @throws RecordException when it cannot be decoded
     */
    public RawRecord read(byte[] value, OptionalLong fingerprint) throws RecordException {
        RawRecord record = datums.decode(value, fingerprint);
        int bytes = record.lengthBytes();
        record.datum(value, value.length - bytes, bytes);
        return record;
    }

    /** The same of a record that was decoded from a file, without framing. */
    public RawRecord read(GenericRecord record) throws RecordException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        BinaryEncoder encoder = EncoderFactory.get().directBinaryEncoder(out, null);
        try {
            new GenericDatumWriter<GenericRecord>(record.getSchema()).write(record, encoder);
        } catch (IOException e) {
            throw new RecordException("damaged: " + e, e);
        }
        return read(out.toByteArray(), OptionalLong.of(Schemas.fingerprint(record.getSchema())));
    }

    /** Walks the data of one writer's schema. */
    private static final class Reader implements DatumReader<RawRecord> {
        private final Schema written;
        private final boolean flat;

        Reader(Schema written) {
            this.written = written;
            flat = written.getField(EVENTS) == null && written.getField(SEQUENCE) != null;
        }

        @Override
        public void setSchema(Schema schema) {
            throw new UnsupportedOperationException();
        }

        @Override
        public RawRecord read(@Nullable RawRecord reuse, Decoder in) throws IOException {
            BinaryDecoder bytes = (BinaryDecoder) in;
            int before = bytes.inputStream().available();
            RawRecord record = new RawRecord(written);
            List<Schema.Field> fields = written.getFields();
            for (Schema.Field field : fields) {
                if (field.name().equals(EVENTS)) {
                    events(field.schema().getElementType(), bytes, before, record);
                } else if (flat && field.name().equals(SEQUENCE)) {
                    event(fields.subList(field.pos(), fields.size()), bytes, before, record);
                    break;
                } else {
                    record.field(field.pos(), new GenericDatumReader<Object>(field.schema()).read(null, bytes));
                }
            }
            record.datum(new byte[0], 0, before - bytes.inputStream().available());
            return record;
        }

        private static void events(Schema item, BinaryDecoder in, int before, RawRecord to) throws IOException {
            for (long items = in.readArrayStart(); items != 0; items = in.arrayNext()) {
                for (long i = 0; i < items; i++) {
                    event(item.getFields(), in, before, to);
                }
            }
        }

        private static void event(List<Schema.Field> fields, BinaryDecoder in, int before, RawRecord to)
                throws IOException {
            int begin = before - in.inputStream().available();
            long sequence = -1;
            long time = 0;
            for (Schema.Field field : fields) {
                switch (field.name()) {
                    case SEQUENCE -> sequence = in.readLong();
                    case TIME -> time = in.readLong();
                    default -> GenericDatumReader.skip(field.schema(), in);
                }
            }
            to.event(begin, before - in.inputStream().available(), sequence, time);
        }
    }
}
