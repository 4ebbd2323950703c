package dev.ctstream.read;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.record.RecordDecoder;
import dev.ctstream.record.Recorded;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Damaged Avro files: each is read, or refused by its name, in words. */
class AvroFileFuzzTest {
    private static final long SEED = Long.getLong("test.seed", 20_261_129);
    private static final int FILES = 600;

    @TempDir
    private Path folder;

    @Test
    @Timeout(value = 60, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void eachFileIsReadOrRefusedByItsName() throws IOException {
        byte[] good = export();
        SplittableRandom random = new SplittableRandom(SEED);
        Path file = folder.resolve("x.avro");
        int refused = 0;
        for (int i = 0; i < FILES; i++) {
            int length = random.nextInt(8) == 0 ? random.nextInt(good.length) : good.length;
            byte[] bad = new byte[length];
            System.arraycopy(good, 0, bad, 0, length);
            for (int change = length == 0 ? 0 : random.nextInt(1, 4); change > 0; change--) {
                bad[random.nextInt(length)] = (byte) random.nextInt();
            }
            Files.write(file, bad);
            try (AvroFile avro = AvroFile.open(file)) {
                avro.run(event -> true);
            } catch (ReadException e) {
                refused++;
                assertThat(e)
                        .as("file %d, -Dtest.seed=%d", i, SEED)
                        .message()
                        .startsWith("read " + file + ": ")
                        .doesNotContain("Exception", "java.", "org.apache");
            } catch (RuntimeException e) {
                throw new AssertionError("file " + i + ", -Dtest.seed=" + SEED, e);
            }
        }
        assertThat(refused).isBetween(FILES / 4, FILES - 1);
    }

    private static byte[] export() throws IOException {
        Recorded topic = new Recorded();
        topic.run(0).started().opened(7, 0, 20);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        AvroPrinter printer = new AvroPrinter(out);
        Recorded.feed(new RecordDecoder(), topic.events, (event, partition) -> printer.print(event));
        printer.end();
        return out.toByteArray();
    }
}
