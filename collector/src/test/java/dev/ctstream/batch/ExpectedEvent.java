package dev.ctstream.batch;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericRecord;
import org.jspecify.annotations.Nullable;

/** The expected record of an event, by field name; nested records are maps. Fields that are not put must be null. */
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

    /**
     * Puts the fields that derive from the others.
     *
     * @param timeoutSeen whether the run has seen a DESTROY with a timeout before this event
     */
    ExpectedEvent derive(boolean timeoutSeen) {
        boolean source = !Objects.equals(fields.get("reply_destination_address"), fields.get("source_address"))
                || differ("reply_destination_port", "source_port")
                || differ("reply_icmp_id", "icmp_id");
        boolean destination = !Objects.equals(fields.get("reply_source_address"), fields.get("destination_address"))
                || differ("reply_source_port", "destination_port");
        put("nat", source ? destination ? "both" : "source" : destination ? "destination" : "none");
        if (fields.get("status") instanceof Integer status) {
            put("replied", (status & 2) != 0).put("assured", (status & 4) != 0);
        }
        if (ends()) {
            if (fields.get("start_time_ns") instanceof Long start && fields.get("stop_time_ns") instanceof Long stop) {
                put("duration_ns", stop - start);
            }
            if (!Long.valueOf(0).equals(fields.get("requester_port_id"))) {
                put("end_reason", "deleted");
            } else if (fields.get("timeout_seconds") != null) {
                put("end_reason", "removed");
            } else if (timeoutSeen) {
                put("end_reason", "expired");
            }
        }
        return this;
    }

    /** Whether this is a DESTROY with a timeout. */
    boolean endsWithTimeout() {
        return ends() && fields.get("timeout_seconds") != null;
    }

    private boolean ends() {
        return "DESTROY".equals(fields.get("event_type"));
    }

    private boolean differ(String first, String second) {
        Object one = fields.get(first);
        Object other = fields.get(second);
        return one != null && other != null && !one.equals(other);
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
