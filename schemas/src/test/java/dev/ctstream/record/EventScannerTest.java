package dev.ctstream.record;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ctstream.record.EventScanner.Field;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericRecord;
import org.junit.jupiter.api.Test;

/** The scanner reads the same values as the decoder. */
class EventScannerTest {
    private final EventScanner scanner = new EventScanner();
    private final List<String> scanned = new ArrayList<>();

    private List<String> scan(byte[] value) throws RecordException {
        scanned.clear();
        scanner.scan(
                value, OptionalLong.empty(), (event, first) -> scanned.add((first ? "first " : "") + values(event)));
        return scanned;
    }

    private static String values(EventScanner event) {
        StringBuilder values = new StringBuilder();
        for (Field field : Field.values()) {
            values.append(field.fieldName()).append('=');
            values.append(event.text(field).isEmpty() ? event.number(field) : event.text(field));
            values.append(event.has(field) ? " " : "? ");
        }
        return values.toString();
    }

    /** What {@link #values} gives for a decoded event. */
    private static String values(DecodedRecord event) {
        StringBuilder values = new StringBuilder();
        for (Field field : Field.values()) {
            Object value = event.value(field.fieldName());
            values.append(field.fieldName()).append('=').append(value == null ? "0? " : value + " ");
        }
        return values.toString();
    }

    private static List<String> decoded(byte[] value) throws Exception {
        List<String> events = new ArrayList<>();
        new RecordDecoder()
                .decode(
                        value,
                        OptionalLong.empty(),
                        event -> events.add((events.isEmpty() ? "first " : "") + values(event)));
        return events;
    }

    private static GenericRecord ended(long sequence) {
        GenericRecord event = EventRecords.event(sequence, "DESTROY");
        event.put("start_time_ns", 5L);
        event.put("stop_time_ns", Long.MIN_VALUE);
        event.put("begin_sequence", 3L);
        event.put("helper", "ftp");
        event.put("icmp_id", 65_535);
        return event;
    }

    @Test
    void everyFieldHasTheValueThatTheDecoderReads() throws Exception {
        GenericRecord batch = EventRecords.batch(
                65_535, List.of(ended(7), EventRecords.event(8, "NEW"), ended(9), EventRecords.event(10, "UPDATE")));
        GenericRecord flat = EventRecords.flat(3, 4, "NEW");
        for (GenericRecord record : List.of(batch, flat)) {
            for (byte[] value : List.of(EventRecords.singleObject(record), EventRecords.bare(record))) {
                assertThat(scan(value)).isEqualTo(decoded(value));
            }
        }
        assertThat(scan(EventRecords.singleObject(batch))).hasSize(4);
    }

    private static Schema without(Schema record, String... names) {
        List<Schema.Field> kept = record.getFields().stream()
                .filter(field -> !List.of(names).contains(field.name()))
                .map(field -> new Schema.Field(field, field.schema()))
                .toList();
        return Schema.createRecord(record.getName(), record.getDoc(), record.getNamespace(), false, kept);
    }

    @Test
    void aFieldThatTheWriterDoesNotHaveIsNullAfterAValue() throws Exception {
        Schema older = without(Schemas.FLAT, "start_time_ns", "snapshot_id");
        scanner.addSchema(older.toString());
        GenericRecord full = EventRecords.flat(3, 4, "DESTROY");
        full.put("start_time_ns", 5L);
        assertThat(scan(EventRecords.singleObject(full)).get(0)).contains("start_time_ns=5 ");
        GenericRecord old = new GenericData.Record(older);
        older.getFields().forEach(field -> old.put(field.name(), full.get(field.name())));
        assertThat(scan(EventRecords.singleObject(old)).get(0)).contains("start_time_ns=0? ", "snapshot_id=0? ");
    }

    @Test
    void aNullAfterAValueIsNull() throws Exception {
        scan(EventRecords.singleObject(EventRecords.batch(1, List.of(ended(7), EventRecords.event(8, "NEW")))));
        assertThat(scanner.has(Field.START_TIME_NS)).isFalse();
        assertThat(scanner.number(Field.START_TIME_NS)).isZero();
        assertThat(scanner.is(Field.EVENT_TYPE, "NEW".getBytes(StandardCharsets.US_ASCII)))
                .isTrue();
        assertThat(scanner.is(Field.EVENT_TYPE, "NE".getBytes(StandardCharsets.US_ASCII)))
                .isFalse();
    }

    @Test
    void controlRecordsHaveNoEvents() throws Exception {
        assertThat(scan(EventRecords.singleObject(EventRecords.control("STARTED"))))
                .isEmpty();
    }

    @Test
    void whatTheHandlerThrowsIsNotTakenForDamage() {
        byte[] value = EventRecords.singleObject(EventRecords.flat(3, 4, "NEW"));
        IllegalStateException full = new IllegalStateException("full");
        assertThatThrownBy(() -> scanner.scan(value, OptionalLong.empty(), (event, first) -> {
                    throw full;
                }))
                .isSameAs(full);
    }

    @Test
    void damagedRecordsAreRefused() {
        byte[] value = EventRecords.singleObject(EventRecords.flat(3, 4, "NEW"));
        assertThatThrownBy(() -> scan(java.util.Arrays.copyOf(value, value.length - 1)))
                .isInstanceOf(RecordException.class);
    }
}
