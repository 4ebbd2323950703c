package dev.ctstream.batch;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.record.Schemas;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.BinaryDecoder;
import org.apache.avro.io.DecoderFactory;

/** Reads datums with Avro's own reader; a datum must use all of its bytes. */
final class Datums {
    private Datums() {}

    static GenericRecord read(EncodedBatch batch) {
        batch.number(TestBatcher.LOG_INDEX);
        return read(Schemas.BATCH, batch.array(), batch.offset(), batch.lengthBytes());
    }

    static GenericRecord read(Schema schema, byte[] bytes, int offset, int lengthBytes) {
        BinaryDecoder decoder = DecoderFactory.get().binaryDecoder(bytes, offset, lengthBytes, null);
        try {
            GenericRecord datum = new GenericDatumReader<GenericRecord>(schema).read(null, decoder);
            assertThat(decoder.isEnd()).as("no bytes after the datum").isTrue();
            return datum;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @SuppressWarnings("unchecked")
    static List<GenericRecord> events(EncodedBatch batch) {
        return (List<GenericRecord>) read(batch).get("events");
    }

    /** The event layout: the header's common part followed by one event. */
    static List<GenericRecord> flatEvents(EncodedBatch batch) {
        batch.number(TestBatcher.LOG_INDEX);
        List<GenericRecord> events = new ArrayList<>();
        for (int i = 0; i < batch.count(); i++) {
            byte[] header =
                    Arrays.copyOfRange(batch.array(), batch.offset(), batch.offset() + batch.commonLengthBytes());
            byte[] event = Arrays.copyOfRange(batch.array(), batch.eventOffset(i), batch.eventOffset(i + 1));
            byte[] flat = Arrays.copyOf(header, header.length + event.length);
            System.arraycopy(event, 0, flat, header.length, event.length);
            events.add(read(Schemas.FLAT, flat, 0, flat.length));
        }
        return events;
    }

    static List<Long> sequences(EncodedBatch batch) {
        return events(batch).stream().map(event -> (Long) event.get("sequence")).toList();
    }
}
