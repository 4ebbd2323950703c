package dev.ctstream.record;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.generic.IndexedRecord;
import org.jspecify.annotations.Nullable;

/**
 * Events whose fields have all kinds of values, extremes included, and a plain form of events in which those of different
 * readers can be compared. Event 0 has only what is mandatory; events 1 and 2 have every field.
 */
public final class ExtremeEvents {
    private static final long U32_MAX = 0xffff_ffffL;
    private static final long[] LONGS = {
        0, 1, U32_MAX, -1 /* u64 */, Long.MAX_VALUE, Long.MIN_VALUE, 1L << 53, (1L << 53) + 1
    };
    private static final int[] INTS = {0, 1, 255, 65_535, Integer.MAX_VALUE};
    private static final String[] TEXTS = {
        "192.0.2.1",
        "255.255.255.255",
        "::",
        "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
        "fe80::1",
        "",
        "münchen \"ß\" \\ \u0001 \ud83d\ude00",
    };

    private ExtremeEvents() {}

    /** An event; the same number gives the same event. */
    public static GenericRecord event(long number) {
        return record(Schemas.EVENT, number, new SplittableRandom(number));
    }

    private static GenericRecord record(Schema schema, long number, SplittableRandom random) {
        GenericRecord record = new GenericData.Record(schema);
        for (Schema.Field field : schema.getFields()) {
            boolean optional = field.schema().isUnion();
            Schema type = optional ? field.schema().getTypes().get(1) : field.schema();
            if (!optional || number == 1 || number == 2 || (number != 0 && random.nextBoolean())) {
                record.put(field.pos(), value(type, number, random));
            }
        }
        if (schema.equals(Schemas.EVENT)) {
            record.put("sequence", number);
            record.put("event_time", random.nextLong(4_000_000_000_000L)); // a time that each language has
            record.put("received_time_ns", random.nextLong(Long.MAX_VALUE)); // becomes the record's timestamp
        }
        return record;
    }

    private static Object value(Schema type, long number, SplittableRandom random) {
        return switch (type.getType()) {
            case LONG -> number == 1 ? U32_MAX : number == 2 ? -1L : LONGS[random.nextInt(LONGS.length)];
            case INT -> number == 1 ? 65_535 : INTS[random.nextInt(INTS.length)];
            case STRING -> number == 1 ? TEXTS[3] : TEXTS[random.nextInt(TEXTS.length)];
            case BOOLEAN -> number == 1 || random.nextBoolean();
            case RECORD -> record(type, number, random);
            default -> throw new IllegalArgumentException("an event has no " + type);
        };
    }

    /** The fields of a ConntrackFlatEvent under their names, from a batch and one of its events. */
    public static Map<String, @Nullable Object> plain(IndexedRecord batch, IndexedRecord event) {
        Map<String, @Nullable Object> plain = plain(event);
        for (Schema.Field field : batch.getSchema().getFields()) {
            if (Schemas.FLAT.getField(field.name()) != null) {
                plain.put(field.name(), plain(batch.get(field.pos())));
            }
        }
        return plain;
    }

    /** The fields of a record under their names: whole numbers as Long, text as String, records as maps. */
    public static Map<String, @Nullable Object> plain(IndexedRecord record) {
        Map<String, @Nullable Object> plain = new TreeMap<>();
        record.getSchema().getFields().forEach(field -> plain.put(field.name(), plain(record.get(field.pos()))));
        return plain;
    }

    /** A value in the form of {@link #plain(IndexedRecord)}. */
    public static @Nullable Object plain(@Nullable Object value) {
        if (value instanceof IndexedRecord record) {
            return plain(record);
        }
        if (value instanceof List<?> items) {
            List<@Nullable Object> plain = new ArrayList<>();
            items.forEach(item -> plain.add(plain(item)));
            return plain;
        }
        if (value instanceof Instant time) {
            return time.toEpochMilli();
        }
        if (value instanceof Number number) {
            return number.longValue();
        }
        return value instanceof CharSequence text ? text.toString() : value;
    }
}
