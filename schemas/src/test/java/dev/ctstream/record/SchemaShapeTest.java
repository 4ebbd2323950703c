package dev.ctstream.record;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.apache.avro.JsonProperties;
import org.apache.avro.LogicalTypes;
import org.apache.avro.Schema;
import org.apache.avro.Schema.Field;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/** Rules for all schemas: the flat event is batch plus event, absent values are null, and every field has a doc. */
class SchemaShapeTest {
    static final List<String> NAMES = SchemaFiles.NAMES;

    @Test
    void flatEventHasTheBatchsCommonFieldsThenTheEventsFields() throws IOException {
        Schema batch = SchemaFiles.present("ConntrackBatch");
        List<Field> expected = new ArrayList<>(batch.getFields());
        Field events = expected.remove(expected.size() - 1);
        assertThat(events.name()).isEqualTo("events");
        assertThat(expected.remove(expected.size() - 1).name()).isEqualTo("last_event_time");
        assertThat(expected.remove(expected.size() - 1).name()).isEqualTo("first_event_time");
        expected.addAll(events.schema().getElementType().getFields());

        List<Field> flat = SchemaFiles.present("ConntrackFlatEvent").getFields();
        assertThat(flat).hasSameSizeAs(expected);
        for (int i = 0; i < flat.size(); i++) {
            assertThat(flat.get(i).name()).isEqualTo(expected.get(i).name());
            assertThat(flat.get(i).doc()).isEqualTo(expected.get(i).doc());
            assertThat(flat.get(i).schema()).isEqualTo(expected.get(i).schema());
        }
    }

    @Test
    void batchAndControlHaveTheSameIdentityFields() throws IOException {
        List<Field> batch = SchemaFiles.present("ConntrackBatch").getFields();
        List<Field> control = SchemaFiles.present("ConntrackControl").getFields();
        List<String> identity = List.of("host_id", "boot_id", "netns", "stream_epoch", "host_name", "netns_id");
        assertThat(batch.stream().map(Field::name)).containsSubsequence(identity);
        assertThat(control.stream().map(Field::name)).containsSubsequence(identity);
        for (String name : identity) {
            assertThat(type(batch, name)).as(name).isEqualTo(type(control, name));
        }
    }

    private static Schema type(List<Field> fields, String name) {
        return fields.stream()
                .filter(field -> field.name().equals(name))
                .findFirst()
                .orElseThrow()
                .schema();
    }

    @ParameterizedTest
    @FieldSource("NAMES")
    void everyRecordAndFieldHasADoc(String name) throws IOException {
        for (Schema schema : SchemaFiles.records(SchemaFiles.present(name))) {
            assertThat(schema.getDoc()).as(schema.getFullName()).isNotBlank();
            assertThat(schema.getNamespace()).isEqualTo("dev.ctstream.record");
            for (Field field : schema.getFields()) {
                assertThat(field.doc())
                        .as(schema.getName() + "." + field.name())
                        .isNotBlank();
                assertThat(field.name()).matches("[a-z][a-z0-9]*(_[a-z0-9]+)*");
            }
        }
    }

    @ParameterizedTest
    @FieldSource("NAMES")
    void optionalFieldsAreUnionsWithNullFirstAndDefaultNull(String name) throws IOException {
        for (Schema schema : SchemaFiles.records(SchemaFiles.present(name))) {
            for (Field field : schema.getFields()) {
                if (field.schema().isUnion()) {
                    assertThat(field.schema().getTypes()).hasSize(2);
                    assertThat(field.schema().getTypes().get(0).getType()).isEqualTo(Schema.Type.NULL);
                    assertThat(field.defaultVal()).isEqualTo(JsonProperties.NULL_VALUE);
                } else {
                    assertThat(field.hasDefaultValue()).as(field.name()).isFalse();
                }
            }
        }
    }

    @ParameterizedTest
    @FieldSource("NAMES")
    void noSchemaHasAnEnum(String name) throws IOException {
        assertThat(SchemaFiles.present(name).toString()).doesNotContain("\"enum\"");
    }

    @Test
    void eventTimeIsATimestampInMilliseconds() throws IOException {
        Field field = SchemaFiles.present("ConntrackFlatEvent").getField("event_time");
        assertThat(field.schema().getLogicalType()).isEqualTo(LogicalTypes.timestampMillis());
    }

    @ParameterizedTest
    @FieldSource("NAMES")
    void generatedClassesHaveTheSameSchema(String name) throws Exception {
        Object generated =
                Class.forName("dev.ctstream.record." + name).getField("SCHEMA$").get(null);
        Schema withoutStringHints = new Schema.Parser()
                .parse(generated
                        .toString()
                        .replace("{\"type\":\"string\",\"avro.java.string\":\"String\"}", "\"string\""));
        assertThat(withoutStringHints.toString().replace(",\"avro.java.string\":\"String\"", ""))
                .isEqualTo(SchemaFiles.present(name).toString());
    }
}
