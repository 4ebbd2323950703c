package dev.ctstream.record;

import java.util.Optional;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericRecord;
import org.jspecify.annotations.Nullable;

/**
 * One event as a consumer sees it: the fields of its batch and its own, under their Avro names, whatever the layout. A
 * control record is shown the same way.
 *
 * <p>Ownership: borrowed; valid until the handler that it was given to returns.
 */
public final class DecodedRecord {
    private GenericRecord head = EmptyRecord.RECORD;
    private GenericRecord body = EmptyRecord.RECORD;
    private long recordNumber;

    DecodedRecord() {}

    /** Stands on an event of a batch. */
    DecodedRecord in(GenericRecord batch, GenericRecord event, long number) {
        head = batch;
        body = event;
        recordNumber = number;
        return this;
    }

    /** Stands on a record that is an event, or a control record, by itself. */
    DecodedRecord alone(GenericRecord record, long number) {
        return in(EmptyRecord.RECORD, record, number);
    }

    /** Value of a field, null when the record has none or does not know the field; text as Avro's Utf8. */
    public @Nullable Object value(String name) {
        Object value = valueOf(body, name);
        return value == null ? valueOf(head, name) : value;
    }

    /** Value of a text field; empty when there is none. */
    public String text(String name) {
        Object value = value(name);
        return value == null ? "" : value.toString();
    }

    /** Value of a number field. */
    public Optional<Long> number(String name) {
        return value(name) instanceof Number number ? Optional.of(number.longValue()) : Optional.empty();
    }

    /** Conntrack zone; -1 for a control record. */
    public int zone() {
        return value("ct_zone") instanceof Integer zone ? zone : -1;
    }

    /** Whether this is a control record. */
    public boolean control() {
        return body.getSchema().getField("control_sequence") != null;
    }

    /** The stream that the event's sequence belongs to: host, boot, epoch, the namespace's identity, zone. */
    public String stream() {
        return text("host_id") + "/" + text("boot_id") + "/" + text("stream_epoch") + "/" + text("netns_id") + "/"
                + zone();
    }

    /** The batch that the event is in; {@link EmptyRecord#RECORD} when it is in none. */
    public GenericRecord head() {
        return head;
    }

    /** The event, or the control record. */
    public GenericRecord body() {
        return body;
    }

    /** Rises with each Kafka record; the head is the same while it does not. */
    public long recordNumber() {
        return recordNumber;
    }

    private static @Nullable Object valueOf(GenericRecord record, String name) {
        Schema.Field field = record.getSchema().getField(name);
        return field == null ? null : record.get(field.pos());
    }
}
