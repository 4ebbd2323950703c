package dev.ctstream.spool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SpoolVersionTest {
    @TempDir
    private Path temporary;

    private static byte[] versionTwo() throws IOException {
        try (InputStream in = SpoolVersionTest.class.getResourceAsStream("/spool/version-2.segment")) {
            return Objects.requireNonNull(in).readAllBytes();
        }
    }

    @Test
    void aSpoolOfAnUnreleasedVersionIsRejectedWithAClearMessage() throws IOException {
        Path segment = temporary.resolve("0000000000000001.segment");
        Files.write(segment, versionTwo());
        SpoolWriter.setVersion(segment, 1);
        assertThatThrownBy(() -> new TestSpool(TestSpool.config(temporary)))
                .hasMessageContaining("0000000000000001.segment")
                .hasMessageContaining("version 1")
                .hasMessageContaining("another spool.directory");
    }

    @Test
    void aSpoolOfVersionTwoIsReplayed() throws IOException {
        Files.write(temporary.resolve("0000000000000001.segment"), versionTwo());
        try (TestSpool spool = new TestSpool(TestSpool.config(temporary))) {
            assertThat(spool.readAll()).isEqualTo(List.of(41L, 42L, 43L));
            spool.append(1, 1);
            assertThat(spool.readAll()).isEqualTo(List.of(44L));
            assertThat(spool.losses).isEmpty();
        }
    }
}
