package dev.ctstream.read;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ctstream.record.RecordDecoder;
import dev.ctstream.record.Recorded;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.avro.file.DataFileReader;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericRecord;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AvroFileTest {
    @TempDir
    private Path folder;

    private final Recorded topic = new Recorded();
    private final Recorded.Run run = topic.run(0).started();

    private Path export(List<Recorded.Placed> records) throws IOException {
        Path file = folder.resolve("records.avro");
        try (OutputStream out = Files.newOutputStream(file)) {
            AvroPrinter printer = new AvroPrinter(out);
            Recorded.feed(new RecordDecoder(), records, (event, partition) -> printer.print(event));
            printer.end();
        }
        return file;
    }

    private static List<String> read(Path path, boolean control) throws Exception {
        List<String> sequences = new ArrayList<>();
        try (AvroFile file = AvroFile.open(path)) {
            assertThat(file.control()).isEqualTo(control);
            file.run(event -> sequences.add(event.text(control ? "kind" : "sequence")));
        }
        return sequences;
    }

    @Test
    void anExportIsReadBack() throws Exception {
        run.opened(7, 0, 2);
        run.opened(7, 3, 4);
        assertThat(read(export(topic.events), false)).containsExactly("0", "1", "2", "3", "4");
        assertThat(read(export(topic.control), true)).containsExactly("STARTED");
        assertThat(read(export(List.of()), false)).isEmpty();
    }

    @Test
    void anExportHasEveryFieldOfTheRecords() throws Exception {
        run.batch(7, 3, Recorded.event(5, "NEW", 1), Recorded.event(6, "INTERIM", 1));
        run.gap("spool", Recorded.range(7, 0, 4L));
        assertThat(records(export(topic.events))).containsExactlyElementsOf(records(topic.events));
        assertThat(records(export(topic.control))).containsExactlyElementsOf(records(topic.control));
    }

    /** As JSON, one text for each record. */
    private static List<String> records(List<Recorded.Placed> placed) {
        return placed.stream().map(one -> one.record().toString()).toList();
    }

    private static List<String> records(Path path) throws Exception {
        List<String> texts = new ArrayList<>();
        try (DataFileReader<GenericRecord> file =
                new DataFileReader<>(path.toFile(), new GenericDatumReader<GenericRecord>())) {
            file.forEach(record -> texts.add(record.toString()));
        }
        return texts;
    }

    @Test
    void recordsOfTwoTypesAreRejected() {
        run.opened(7, 0, 0);
        topic.events.addAll(topic.control);
        assertThatThrownBy(() -> export(topic.events)).hasMessageContaining("ConntrackControl does not belong");
    }

    @Test
    void aForeignOrDamagedFileIsNamed() throws Exception {
        Path file = Files.writeString(folder.resolve("x.avro"), "no Avro");
        assertThatThrownBy(() -> AvroFile.open(file))
                .isInstanceOf(ReadException.class)
                .hasMessageContaining("x.avro");
        run.opened(7, 0, 20);
        Path cut = export(topic.events);
        byte[] bytes = Files.readAllBytes(cut);
        Files.write(cut, java.util.Arrays.copyOf(bytes, bytes.length - 20));
        assertThatThrownBy(() -> read(cut, false))
                .isInstanceOf(ReadException.class)
                .hasMessageContaining("records.avro: damaged");
    }
}
