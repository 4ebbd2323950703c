package dev.ctstream.record;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.apache.avro.Schema;
import org.junit.jupiter.api.Test;

/** The reference of all fields in README.md, generated from the schemas. {@code -Ddocs.update=true} writes it. */
class FieldReferenceTest {
    private static final Path DOCUMENT = Path.of("README.md");
    private static final String BEGIN = "<!-- reference: generated from src/main/avro -->\n";
    private static final String END = "<!-- end of the reference -->";

    @Test
    void theDocumentHasEveryFieldAndFingerprint() throws IOException {
        String text = Files.readString(DOCUMENT);
        int begin = text.indexOf(BEGIN) + BEGIN.length();
        int end = text.indexOf(END);
        if (Boolean.getBoolean("docs.update")) {
            text = text.substring(0, begin) + reference() + text.substring(end);
            Files.writeString(DOCUMENT, text);
            end = text.indexOf(END);
        }
        assertThat(text.substring(begin, end))
                .as("mvn test -pl schemas -Dtest=FieldReferenceTest -Ddocs.update=true writes the reference")
                .isEqualTo(reference());
    }

    private static String reference() {
        StringBuilder out = new StringBuilder(32_768);
        out.append(
                "| Schema | CRC-64-AVRO, as `schema-fingerprint` has it | The same as bytes, as single-object values have it |\n");
        out.append("|---|---|---|\n");
        for (Schema schema : List.of(Schemas.BATCH, Schemas.FLAT, Schemas.CONTROL)) {
            long fingerprint = Schemas.fingerprint(schema);
            out.append(String.format(
                    "| `%s` | `%016x` | `%016x` |\n", schema.getName(), fingerprint, Long.reverseBytes(fingerprint)));
        }
        Set<Schema> records = new LinkedHashSet<>(SchemaFiles.records(Schemas.BATCH));
        records.addAll(SchemaFiles.records(Schemas.CONTROL));
        for (Schema record : records) {
            out.append("\n### ").append(record.getName()).append("\n\n");
            out.append(record.getDoc()).append("\n\n| Field | Type | Meaning |\n|---|---|---|\n");
            for (Schema.Field field : record.getFields()) {
                out.append("| `")
                        .append(field.name())
                        .append("` | ")
                        .append(type(field.schema()))
                        .append(" | ")
                        .append(field.doc().replace("|", "\\|"))
                        .append(" |\n");
            }
        }
        return out.toString();
    }

    /** A word for the type; ? = may be null. */
    private static String type(Schema schema) {
        if (schema.isUnion()) {
            return type(schema.getTypes().get(1)) + "?";
        }
        if (schema.getLogicalType() != null) {
            return schema.getLogicalType().getName();
        }
        return switch (schema.getType()) {
            case RECORD -> schema.getName();
            case ARRAY -> "array of " + type(schema.getElementType());
            case MAP -> "map of " + type(schema.getValueType());
            default -> schema.getType().getName();
        };
    }
}
