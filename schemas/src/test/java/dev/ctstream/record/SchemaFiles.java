package dev.ctstream.record;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.apache.avro.Schema;

/** The present and the released schema files in the source tree. */
final class SchemaFiles {
    static final List<String> NAMES = List.of("ConntrackBatch", "ConntrackFlatEvent", "ConntrackControl");

    private static final Path PRESENT = Path.of("src/main/avro");
    private static final Path RELEASED = Path.of("src/test/resources/released");

    private SchemaFiles() {}

    static Schema present(String name) throws IOException {
        return parse(PRESENT.resolve(name + ".avsc"));
    }

    /**
     * One folder for each released version, oldest first; each holds all three files.
     */
    static List<Path> releases() throws IOException {
        try (Stream<Path> folders = Files.list(RELEASED)) {
            return folders.filter(Files::isDirectory)
                    .sorted((a, b) -> Integer.compare(number(a), number(b)))
                    .toList();
        }
    }

    static Schema released(Path release, String name) throws IOException {
        return parse(release.resolve(name + ".avsc"));
    }

    private static int number(Path release) {
        return Integer.parseInt(release.getFileName().toString());
    }

    private static Schema parse(Path file) throws IOException {
        return new Schema.Parser().parse(Files.readString(file));
    }

    /** All records in a schema, each once; the schema itself is first. */
    static List<Schema> records(Schema schema) {
        List<Schema> found = new ArrayList<>();
        visit(schema, record -> {
            if (!found.contains(record)) {
                found.add(record);
            }
        });
        return found;
    }

    private static void visit(Schema schema, Consumer<Schema> onRecord) {
        switch (schema.getType()) {
            case RECORD -> {
                onRecord.accept(schema);
                schema.getFields().forEach(field -> visit(field.schema(), onRecord));
            }
            case ARRAY -> visit(schema.getElementType(), onRecord);
            case MAP -> visit(schema.getValueType(), onRecord);
            case UNION -> schema.getTypes().forEach(type -> visit(type, onRecord));
            default -> {} // primitive
        }
    }
}
