package dev.ctstream.read;

import dev.ctstream.record.DecodedRecord;
import dev.ctstream.record.EmptyRecord;
import dev.ctstream.record.Schemas;
import java.io.IOException;
import java.io.OutputStream;
import org.apache.avro.Schema;
import org.apache.avro.file.CodecFactory;
import org.apache.avro.file.DataFileWriter;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.generic.GenericRecord;
import org.jspecify.annotations.Nullable;

/**
 * Writes records unchanged as an Avro container file: one datum for each Kafka record, deflated. All records must be of
 * one type, as in one topic.
 *
 * <p>Ownership: the creator of the stream closes it. Threads: confined to one thread.
 */
public final class AvroPrinter implements EventPrinter {
    private static final int DEFLATE_LEVEL = 5;

    private final OutputStream out;
    private @Nullable DataFileWriter<GenericRecord> writer;
    private @Nullable Schema schema;
    private long written = -1;

    /** Writes to a stream. */
    public AvroPrinter(OutputStream out) {
        this.out = out;
    }

    @Override
    public void print(DecodedRecord event) throws IOException {
        if (event.recordNumber() == written) {
            return; // the whole record is already written
        }
        written = event.recordNumber();
        GenericRecord record = event.head() == EmptyRecord.RECORD ? event.body() : event.head();
        Schema of = record.getSchema();
        DataFileWriter<GenericRecord> file = writer == null ? begin(of) : writer;
        if (!of.equals(schema)) {
            throw new IOException("a " + of.getName() + " does not belong in a file of another record type");
        }
        file.append(record);
    }

    private DataFileWriter<GenericRecord> begin(Schema of) throws IOException {
        DataFileWriter<GenericRecord> file = new DataFileWriter<>(new GenericDatumWriter<GenericRecord>(of));
        file.setCodec(CodecFactory.deflateCodec(DEFLATE_LEVEL));
        file.create(of, out);
        writer = file;
        schema = of;
        return file;
    }

    @Override
    public void flush() throws IOException {
        if (writer != null) {
            writer.flush();
        }
    }

    /** Completes the file. Without any record, it is a file of batches with no entries. */
    @Override
    public void end() throws IOException {
        DataFileWriter<GenericRecord> file = writer == null ? begin(Schemas.BATCH) : writer;
        file.flush();
    }
}
