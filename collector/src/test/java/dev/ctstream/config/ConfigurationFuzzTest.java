package dev.ctstream.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Mistyped and damaged configuration files: they are read, or have their problems in words, without the password. */
class ConfigurationFuzzTest {
    private static final long SEED = Long.getLong("test.seed", 20_261_129);
    private static final int FILES = 300;

    private static final byte[] GOOD = """
            # ctstream
            kafka.bootstrap.servers=localhost:9092,[::1]:9092
            host.id=h
            events=new,update,destroy
            netns=self,blue,/run/netns/x
            batch.max-events=500
            spool.max-bytes=512 MiB
            partition.zone.width=0=all,7=3,*=2
            http.listen=[::1]:9090
            http.hosts=a,.b
            delivery = counted \\

            record.layout: batch
            kafka.acks=all
            kafka.linger.ms=5
            kafka.ssl.key.password=hushhush
            """.getBytes(StandardCharsets.UTF_8);

    private final SplittableRandom random = new SplittableRandom(SEED);

    @TempDir
    private Path folder;

    @Test
    @Timeout(value = 60, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void eachFileIsReadOrHasItsProblems() throws IOException {
        Path file = folder.resolve("c.properties");
        int refused = 0;
        for (int i = 0; i < FILES; i++) {
            byte[] bytes = mistyped();
            Files.write(file, bytes);
            try {
                Configuration.load(
                        new ConfigSources(Optional.of(file), Map.of(), Map.of(), HostFacts.current(), false));
            } catch (ConfigurationException e) {
                refused++;
                assertThat(e.problems()).isNotEmpty().noneMatch(String::isBlank);
                assertThat(String.join("\n", e.problems()))
                        .as("file %d, -Dtest.seed=%d", i, SEED)
                        .doesNotContain("Exception", "java.", "hushhush");
            } catch (RuntimeException e) {
                throw new AssertionError(
                        "file " + i + ", -Dtest.seed=" + SEED + ":\n" + new String(bytes, StandardCharsets.ISO_8859_1),
                        e);
            }
        }
        assertThat(refused).isBetween(FILES / 4, FILES - 1);
    }

    private byte[] mistyped() {
        byte[] bytes = GOOD.clone();
        for (int i = random.nextInt(1, 5); i > 0; i--) {
            int at = random.nextInt(bytes.length - 40); // not in the password: another one could not be looked for
            bytes[at] = (byte) (random.nextBoolean() ? random.nextInt() : ",=:;/[]-+9\\\n ".charAt(random.nextInt(13)));
        }
        return bytes;
    }
}
