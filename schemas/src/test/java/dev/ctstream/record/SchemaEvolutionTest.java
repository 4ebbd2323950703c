package dev.ctstream.record;

import static org.apache.avro.SchemaCompatibility.checkReaderWriterCompatibility;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.apache.avro.Schema;
import org.apache.avro.Schema.Field;
import org.apache.avro.SchemaCompatibility.SchemaCompatibilityType;
import org.apache.avro.SchemaCompatibility.SchemaPairCompatibility;
import org.junit.jupiter.api.Test;

/**
 * The evolution rule, FULL_TRANSITIVE and stricter. For every released version, old readers read new records, new
 * readers read old records, and a schema has only gained fields with defaults.
 *
 * <p>At a release, the files of {@code src/main/avro} are copied to {@code src/test/resources/released/N}. Modified
 * copies of the present schemas show that the rule can fail.
 */
class SchemaEvolutionTest {
    @Test
    void everyReleaseHasAllSchemas() throws IOException {
        assertThat(SchemaFiles.releases()).isNotEmpty();
        for (Path release : SchemaFiles.releases()) {
            assertThat(release).isDirectory();
            for (String name : SchemaFiles.NAMES) {
                assertThat(release.resolve(name + ".avsc")).isRegularFile();
            }
        }
    }

    @Test
    void presentSchemasAndEveryReleaseReadEachOther() throws IOException {
        for (Path release : SchemaFiles.releases()) {
            for (String name : SchemaFiles.NAMES) {
                Schema released = SchemaFiles.released(release, name);
                mustReadEachOther(SchemaFiles.present(name), released);
            }
        }
    }

    @Test
    void presentSchemasOnlyAddToEveryRelease() throws IOException {
        for (Path release : SchemaFiles.releases()) {
            for (String name : SchemaFiles.NAMES) {
                mustOnlyAdd(SchemaFiles.present(name), SchemaFiles.released(release, name));
            }
        }
    }

    @Test
    void aNewFieldWithADefaultIsAllowed() throws IOException {
        Schema old = SchemaFiles.present("ConntrackBatch");
        Schema changed = changed(old, "{\"name\":\"events\"", added("[\"null\",\"int\"],\"default\":null"));
        mustReadEachOther(changed, old);
        mustOnlyAdd(changed, old);
    }

    @Test
    void aNewFieldWithoutADefaultIsRefused() throws IOException {
        Schema old = SchemaFiles.present("ConntrackBatch");
        Schema changed = changed(old, "{\"name\":\"events\"", added("\"int\""));
        assertThatThrownBy(() -> mustReadEachOther(changed, old)).isInstanceOf(AssertionError.class);
    }

    @Test
    void aRenamedFieldIsRefusedEvenWithADefault() throws IOException {
        Schema old = SchemaFiles.present("ConntrackBatch");
        Schema changed = changed(old, "\"name\":\"helper\"", "\"name\":\"helper_name\"");
        mustReadEachOther(changed, old); // each side fills in the default, so Avro alone would silently drop the value
        assertThatThrownBy(() -> mustOnlyAdd(changed, old)).isInstanceOf(AssertionError.class);
    }

    @Test
    void aRetypedFieldOfANestedRecordIsRefused() throws IOException {
        Schema old = SchemaFiles.present("ConntrackBatch");
        Schema changed = changed(old, "\"name\":\"ct_id\",\"type\":\"long\"", "\"name\":\"ct_id\",\"type\":\"int\"");
        assertThatThrownBy(() -> mustReadEachOther(changed, old)).isInstanceOf(AssertionError.class);
        assertThatThrownBy(() -> mustOnlyAdd(changed, old)).isInstanceOf(AssertionError.class);
    }

    private static String added(String type) {
        return "{\"name\":\"added\",\"type\":" + type + "},{\"name\":\"events\"";
    }

    private static Schema changed(Schema old, String from, String to) {
        String json = old.toString();
        assertThat(json).contains(from);
        return new Schema.Parser().parse(json.replace(from, to));
    }

    private static void mustReadEachOther(Schema present, Schema released) {
        assertThat(result(present, released)).isEqualTo(SchemaCompatibilityType.COMPATIBLE);
        assertThat(result(released, present)).isEqualTo(SchemaCompatibilityType.COMPATIBLE);
    }

    private static SchemaCompatibilityType result(Schema reader, Schema writer) {
        SchemaPairCompatibility pair = checkReaderWriterCompatibility(reader, writer);
        return pair.getType();
    }

    /**
     * The present schema has the released fields in the same order with the same types; its other fields have defaults.
     */
    private static void mustOnlyAdd(Schema present, Schema released) {
        List<Schema> presentRecords = SchemaFiles.records(present);
        for (Schema old : SchemaFiles.records(released)) {
            Schema now = presentRecords.stream()
                    .filter(record -> record.getFullName().equals(old.getFullName()))
                    .findFirst()
                    .orElseThrow(() -> new AssertionError("record is missing: " + old.getFullName()));
            List<String> kept = now.getFields().stream()
                    .map(Field::name)
                    .filter(name -> old.getField(name) != null)
                    .toList();
            assertThat(kept)
                    .containsExactlyElementsOf(
                            old.getFields().stream().map(Field::name).toList());
            for (Field field : now.getFields()) {
                Field before = old.getField(field.name());
                if (before == null) {
                    assertThat(field.hasDefaultValue()).as(field.name()).isTrue();
                } else {
                    assertThat(shape(field.schema())).as(field.name()).isEqualTo(shape(before.schema()));
                }
            }
        }
    }

    /** A type without the contents of nested records, which are compared separately. */
    private static String shape(Schema schema) {
        return switch (schema.getType()) {
            case RECORD -> schema.getFullName();
            case ARRAY -> "array<" + shape(schema.getElementType()) + ">";
            case MAP -> "map<" + shape(schema.getValueType()) + ">";
            case UNION ->
                schema.getTypes().stream()
                        .map(SchemaEvolutionTest::shape)
                        .toList()
                        .toString();
            default -> schema.getType() + "/" + schema.getLogicalType();
        };
    }
}
