package dev.ctstream.read;

import dev.ctstream.record.DecodedRecord;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.TreeMap;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.util.Utf8;
import org.jspecify.annotations.Nullable;

/**
 * Writes events as JSON, one object per line: the fields of the batch and of the event, flat, under their Avro names.
 * Absent values are null, every long is a number, bytes are hexadecimal.
 *
 * <p>Threads: confined to one thread.
 */
public final class EventJson implements EventPrinter {
    private final OutputStream out;
    private final JsonBuffer line = new JsonBuffer();
    private final IdentityHashMap<Schema, Members> members = new IdentityHashMap<>();
    private byte[] head = {};
    private long headOf = -1;

    /**
     * Prints to a stream.
     *
     * @param out buffered; its creator closes it
     */
    public EventJson(OutputStream out) {
        this.out = out;
    }

    @Override
    public void print(DecodedRecord event) throws IOException {
        if (event.recordNumber() != headOf) {
            line.clear();
            write(event.head());
            head = line.copy();
            headOf = event.recordNumber();
        }
        line.clear();
        line.raw('{');
        line.raw(head);
        write(event.body());
        line.replaceLast('}');
        line.raw('\n');
        line.writeTo(out);
    }

    @Override
    public void flush() throws IOException {
        out.flush();
    }

    /** Writes all fields of a record except the list of events, each followed by a comma. */
    private void write(GenericRecord record) {
        Members of = members.computeIfAbsent(record.getSchema(), Members::new);
        for (int i = 0; i < of.positions.length; i++) {
            line.raw(of.names[i]);
            value(record.get(of.positions[i]));
            line.raw(',');
        }
    }

    private void value(@Nullable Object value) {
        if (value == null) {
            line.nothing();
        } else if (value instanceof Utf8 text) {
            line.string(text.getBytes(), text.getByteLength());
        } else if (value instanceof Long || value instanceof Integer) {
            line.number(((Number) value).longValue());
        } else if (value instanceof GenericRecord nested) {
            line.raw('{');
            write(nested);
            line.replaceLast('}');
        } else if (value instanceof Boolean || value instanceof Double || value instanceof Float) {
            line.raw(value.toString().getBytes(StandardCharsets.US_ASCII));
        } else if (value instanceof ByteBuffer bytes) {
            byte[] copy = new byte[bytes.remaining()];
            bytes.duplicate().get(copy);
            line.string(HexFormat.of().formatHex(copy));
        } else if (value instanceof Iterable<?> items) {
            list(items);
        } else if (value instanceof Map<?, ?> entries) {
            object(entries);
        } else {
            line.string(value.toString());
        }
    }

    /** Writes a map in key order, so that equal records give equal lines. */
    private void object(Map<?, ?> entries) {
        Map<String, @Nullable Object> sorted = new TreeMap<>();
        entries.forEach((key, value) -> sorted.put(String.valueOf(key), value));
        boolean first = true;
        line.raw('{');
        for (Map.Entry<String, @Nullable Object> entry : sorted.entrySet()) {
            if (!first) {
                line.raw(',');
            }
            first = false;
            line.string(entry.getKey());
            line.raw(':');
            value(entry.getValue());
        }
        line.raw('}');
    }

    private void list(Iterable<?> items) {
        boolean first = true;
        line.raw('[');
        for (Object item : items) {
            if (!first) {
                line.raw(',');
            }
            first = false;
            value(item);
        }
        line.raw(']');
    }

    /** The fields of a schema that become members of the object, with their encoded names. */
    private static final class Members {
        private final int[] positions;
        private final byte[][] names;

        Members(Schema schema) {
            var fields = schema.getFields().stream()
                    .filter(field -> !field.name().equals("events"))
                    .toList();
            positions = fields.stream().mapToInt(Schema.Field::pos).toArray();
            names = fields.stream()
                    .map(field -> ("\"" + field.name() + "\":").getBytes(StandardCharsets.US_ASCII))
                    .toArray(byte[][]::new);
        }
    }
}
