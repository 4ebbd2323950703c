package dev.ctstream.read;

import dev.ctstream.netlink.ErrorText;
import dev.ctstream.netlink.RegularFile;
import dev.ctstream.record.EventHandler;
import dev.ctstream.record.RawRecord;
import dev.ctstream.record.RawRecordReader;
import dev.ctstream.record.RecordDecoder;
import dev.ctstream.record.RecordException;
import dev.ctstream.record.Schemas;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.apache.avro.AvroRuntimeException;
import org.apache.avro.Schema;
import org.apache.avro.file.DataFileReader;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericRecord;
import org.jspecify.annotations.Nullable;

/**
 * An Avro container file of ctstream's records, as {@link AvroPrinter} and other programs export them from a topic.
 *
 * <p>Threads: confined to one.
 */
public final class AvroFile implements AutoCloseable {
    private final Path path;
    private final DataFileReader<GenericRecord> records;
    private final boolean control;
    private final RecordDecoder decoder = new RecordDecoder();

    private AvroFile(Path path, DataFileReader<GenericRecord> records, boolean control) {
        this.path = path;
        this.records = records;
        this.control = control;
    }

    /**
     * Opens a file and checks its schema.
     *
     * @throws ReadException when it cannot be read or holds other records
     */
    public static AvroFile open(Path path) throws ReadException {
        DataFileReader<GenericRecord> records;
        try {
            GenericDatumReader<GenericRecord> datum = new GenericDatumReader<>();
            RegularFile.require(path);
            records = new DataFileReader<>(path.toFile(), datum);
            for (Schema known : List.of(Schemas.BATCH, Schemas.FLAT, Schemas.CONTROL)) {
                if (known.getFullName().equals(records.getSchema().getFullName())) {
                    datum.setExpected(known);
                    return new AvroFile(path, records, known.equals(Schemas.CONTROL));
                }
            }
            String name = records.getSchema().getFullName();
            records.close();
            throw new ReadException("read " + path + ": it holds " + name + ", which is not a record type of ctstream");
        } catch (IOException | AvroRuntimeException e) {
            throw new ReadException(
                    "read " + path + ": " + ErrorText.reason(e) + "; files are made with ctstream read -o avro", e);
        }
    }

    /** Whether it holds control records. */
    public boolean control() {
        return control;
    }

    /**
     * Passes all events to the handler.
     *
     * @throws ReadException when the file is damaged
     * @throws IOException from the handler
     */
    public void run(EventHandler handler) throws ReadException, IOException {
        run(handler, null);
    }

    /** Receives each record as it is. */
    public interface RawHandler {
        /**
         * Receives a record before its events.
         *
         * @param number of the record in the file, from 0
         */
        void onRecord(RawRecord record, long number) throws IOException;

        /** Receives that a record is damaged. */
        void onDamaged(long number) throws IOException;
    }

    /** As {@link #run(EventHandler)}, and passes each record as it is to another handler, if there is one. */
    public void run(EventHandler handler, @Nullable RawHandler raw) throws ReadException, IOException {
        RawRecordReader reader = new RawRecordReader();
        GenericRecord reused = null;
        boolean more = true;
        for (long number = 0; more; number++) {
            reused = next(reused);
            if (reused != null && raw != null) {
                pass(reader, reused, number, raw);
            }
            more = reused != null && decoder.emit(reused, handler);
        }
    }

    private static void pass(RawRecordReader reader, GenericRecord record, long number, RawHandler raw)
            throws IOException {
        RawRecord taken;
        try {
            taken = reader.read(record);
        } catch (RecordException e) {
            raw.onDamaged(number);
            return;
        }
        raw.onRecord(taken, number);
    }

    private @Nullable GenericRecord next(@Nullable GenericRecord reused) throws ReadException {
        try {
            if (records.hasNext()) {
                return records.next(reused);
            }
            // Avro treats a truncated block as the end of the file.
            long complete = records.previousSync();
            long length = path.toFile().length();
            if (complete != length) {
                throw new IOException("cut off: " + (length - complete) + " bytes after the last complete block");
            }
            return null;
        } catch (IOException | RuntimeException e) { // Avro throws many kinds of exceptions for damaged bytes
            throw new ReadException("read " + path + ": damaged: " + ErrorText.reason(e), e);
        }
    }

    @Override
    public void close() throws IOException {
        records.close();
    }
}
