package dev.ctstream.batch;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericRecord;
import org.jspecify.annotations.Nullable;

/** What an event's record should say, by field name; nested records are maps. What is not put must be null. */
final class ExpectedEvent {
    final Map<String, @Nullable Object> fields = new HashMap<>();

    ExpectedEvent put(String field, @Nullable Object value) {
        fields.put(field, value);
        return this;
    }

    ExpectedEvent nested(String record, String field, Object value) {
        @SuppressWarnings("unchecked")
        Map<String, Object> nest = (Map<String, Object>) fields.computeIfAbsent(record, name -> new HashMap<>());
        nest.put(field, value);
        return this;
    }

    void verify(GenericRecord record) {
        assertThat(withoutNulls(record)).isEqualTo(fields);
    }

    /** The record as maps of plain values. */
    static Map<String, @Nullable Object> withoutNulls(GenericRecord record) {
        Map<String, @Nullable Object> fields = new LinkedHashMap<>();
        for (Schema.Field field : record.getSchema().getFields()) {
            Object value = record.get(field.pos());
            if (value instanceof GenericRecord nest) {
                fields.put(field.name(), withoutNulls(nest));
            } else if (value instanceof CharSequence text) {
                fields.put(field.name(), text.toString());
            } else if (value != null) {
                fields.put(field.name(), value);
            }
        }
        return fields;
    }
}
