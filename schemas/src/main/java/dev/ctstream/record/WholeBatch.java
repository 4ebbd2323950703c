package dev.ctstream.record;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Collection;
import java.util.SortedMap;
import java.util.TreeMap;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.EncoderFactory;

/** Puts the records of one batch together again, so that the batch is one record of {@link Framing#SINGLE_OBJECT}. */
public final class WholeBatch {
    private WholeBatch() {}

    /**
     * One value for a control record, or for all pieces of a batch, in either layout.
     *
     * @param pieces in any order, perhaps some of them more than once; at least one
     * @throws RecordException when a piece is missing, or was written with an older schema and must be put together
     */
    public static byte[] of(Collection<RawRecord> pieces) throws RecordException {
        RawRecord first = pieces.iterator().next();
        long count = first.number("batch_event_count").orElse(0L);
        if (first.control() || (first.written().getField("events") != null && first.events() == count)) {
            return framed(first.written(), first.array(), first.offset(), first.lengthBytes());
        }
        SortedMap<Long, RawRecord> ordered = new TreeMap<>();
        pieces.forEach(piece -> ordered.put(piece.firstSequence(), piece));
        long next = first.number("batch_first_sequence").orElse(0L);
        long end = next + count;
        long least = Long.MAX_VALUE;
        long greatest = Long.MIN_VALUE;
        for (RawRecord piece : ordered.values()) {
            if (piece.firstSequence() != next) {
                throw new RecordException("a piece of the batch is missing");
            }
            if (!piece.written().equals(Schemas.FLAT) && !piece.written().equals(Schemas.BATCH)) {
                throw new RecordException("the batch was written in pieces by another version of ctstream");
            }
            next += piece.events();
            least = Math.min(least, piece.leastTime());
            greatest = Math.max(greatest, piece.greatestTime());
        }
        if (next != end) {
            throw new RecordException("a piece of the batch is missing");
        }
        byte[] datum = datum(first, ordered, count, least, greatest);
        return framed(Schemas.BATCH, datum, 0, datum.length);
    }

    private static byte[] datum(
            RawRecord head, SortedMap<Long, RawRecord> pieces, long count, long least, long greatest) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        BinaryEncoder encoder = EncoderFactory.get().directBinaryEncoder(out, null);
        try {
            for (Schema.Field field : Schemas.BATCH.getFields()) {
                switch (field.name()) {
                    case "first_event_time" -> encoder.writeLong(least);
                    case "last_event_time" -> encoder.writeLong(greatest);
                    case "events" -> {
                        encoder.writeArrayStart();
                        encoder.setItemCount(count);
                        for (RawRecord piece : pieces.values()) {
                            for (int i = 0; i < piece.events(); i++) {
                                encoder.writeFixed(piece.array(), piece.eventOffset(i), piece.eventBytes(i));
                            }
                        }
                        encoder.writeLong(0); // no further block
                    }
                    default -> new GenericDatumWriter<>(field.schema()).write(head.value(field.name()), encoder);
                }
            }
            encoder.flush();
        } catch (IOException e) {
            throw new UncheckedIOException("encode a batch", e); // cannot happen: the output is in memory
        }
        return out.toByteArray();
    }

    private static byte[] framed(Schema schema, byte[] array, int offset, int lengthBytes) {
        return ByteBuffer.allocate(Framing.SINGLE_OBJECT_BYTES + lengthBytes)
                .order(ByteOrder.LITTLE_ENDIAN)
                .put(Framing.SINGLE_OBJECT.prefix(schema, 0))
                .put(array, offset, lengthBytes)
                .array();
    }
}
