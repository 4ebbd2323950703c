package dev.ctstream.record;

import java.util.Optional;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericRecord;
import org.jspecify.annotations.Nullable;

/**
 * One event as a consumer sees it: its own fields and those of its batch, under their Avro names, in either layout. A
 * control record has the same view.
 *
 * <p>Ownership: borrowed; valid until the handler that receives it returns.
 */
public final class DecodedRecord {
    private GenericRecord head = EmptyRecord.RECORD;
    private GenericRecord body = EmptyRecord.RECORD;
    private long recordNumber;

    DecodedRecord() {}

    /** Points this at an event of a batch. */
    DecodedRecord in(GenericRecord batch, GenericRecord event, long number) {
        head = batch;
        body = event;
        recordNumber = number;
        return this;
    }

    /** Points this at a record that is itself one event or one control record. */
    DecodedRecord alone(GenericRecord record, long number) {
        return in(EmptyRecord.RECORD, record, number);
    }

    /** Value of a field; null when the field is null or the schema does not have it. Text is Avro's Utf8. */
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

    /** The batch that contains the event; {@link EmptyRecord#RECORD} when there is none. */
    public GenericRecord head() {
        return head;
    }

    /** The event, or the control record. */
    public GenericRecord body() {
        return body;
    }

    /** Number of the Kafka record, rising. Events with the same number share one head. */
    public long recordNumber() {
        return recordNumber;
    }

    private static @Nullable Object valueOf(GenericRecord record, String name) {
        Schema.Field field = record.getSchema().getField(name);
        return field == null ? null : record.get(field.pos());
    }
}
