package dev.ctstream.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.netlink.TestJvm;
import dev.ctstream.record.Recorded;
import java.io.File;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.apache.avro.file.DataFileWriter;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.generic.GenericRecord;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Records that no collector writes, read by a program of its own: Avro looks at its limits once, when it is loaded. */
class HostileRecordsTest {
    private static final int HUGE = 45 << 20;

    @TempDir
    private Path folder;

    @Test
    @Timeout(value = 60, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void aHugeStringIsNamedAndTakesNoMemory() throws Exception {
        Recorded topic = new Recorded();
        topic.run(0).started().opened(7, 0, 2);
        GenericRecord record = topic.events.get(0).record();
        record.put("host_name", "x".repeat(HUGE));
        Path file = folder.resolve("huge.avro");
        try (DataFileWriter<GenericRecord> out = new DataFileWriter<>(new GenericDatumWriter<>(record.getSchema()))) {
            out.create(record.getSchema(), file.toFile());
            out.append(record);
        }
        Path said = folder.resolve("said");
        Process process = new ProcessBuilder(TestJvm.command(
                        "-Xmx96m",
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        System.getProperty("java.class.path"),
                        "dev.ctstream.cli.Main",
                        "verify",
                        "--file",
                        file.toString()))
                .redirectErrorStream(true)
                .redirectOutput(said.toFile())
                .start();
        process.getOutputStream().close();
        int code = process.waitFor();
        String text = Files.readString(said, StandardCharsets.UTF_8);
        assertThat(text)
                .contains("read " + file + ": damaged: String length " + HUGE + " exceeds")
                .doesNotContain("Exception", "java.", "\tat ");
        assertThat(code).as(text).isEqualTo(1);
        assertThat(new File(file.toString()).length()).isGreaterThan(HUGE);
    }
}
