package dev.ctstream.spool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ctstream.segment.CheckedBlock;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SpoolVersionTest {
    @TempDir
    private Path temporary;

    private static byte[] resource(String name) throws IOException {
        try (InputStream in = SpoolVersionTest.class.getResourceAsStream("/spool/" + name)) {
            return Objects.requireNonNull(in, name).readAllBytes();
        }
    }

    @Test
    void aSpoolOfAnUnreleasedVersionIsRejectedWithAClearMessage() throws IOException {
        Path segment = temporary.resolve("0000000000000001.segment");
        Files.write(segment, resource("version-2.segment"));
        SpoolWriter.setVersion(segment, 1);
        assertThatThrownBy(() -> new TestSpool(TestSpool.config(temporary)))
                .hasMessageContaining("0000000000000001.segment")
                .hasMessageContaining("version 1")
                .hasMessageContaining("another spool.directory");
    }

    @Test
    void aSpoolOfVersionTwoIsRejectedAndKept() throws IOException {
        Path segment = temporary.resolve("0000000000000001.segment");
        Files.write(segment, resource("version-2.segment"));
        assertThatThrownBy(() -> new TestSpool(TestSpool.config(temporary)))
                .hasMessageContaining("0000000000000001.segment")
                .hasMessageContaining("version 2")
                .hasMessageContaining("publish the spool with the build that wrote it");
        assertThat(segment).hasBinaryContent(resource("version-2.segment"));
    }

    @Test
    void aControlSegmentOfALaterVersionIsRejectedAndKept() throws IOException {
        Path segment = temporary.resolve("control/0000000000000001.segment");
        Files.createDirectories(temporary.resolve("control"));
        byte[] bytes = resource("version-3-control.segment");
        Files.write(segment, bytes);
        SpoolWriter.makeLater(segment);
        assertThatThrownBy(() -> new TestSpool(TestSpool.config(temporary)))
                .hasMessageContaining("control/0000000000000001.segment")
                .hasMessageContaining("version 4")
                .hasMessageContaining("use the version of ctstream that wrote it");
        assertThat(Files.size(segment)).isEqualTo(bytes.length);
    }

    /** The state file of version 1, which had one chain, with a good checksum. */
    @Test
    void aStateFileOfVersionOneIsRejectedAndKept() throws IOException {
        Path state = SpoolDirectory.stateFile(temporary);
        ByteBuffer slot = ByteBuffer.allocate(4096);
        slot.putInt(0xC7F1_57A7)
                .putShort((short) 1)
                .putShort((short) 100)
                .putInt(0)
                .putLong(5);
        CheckedBlock.seal(slot, 100, 8);
        Files.write(state, slot.array());
        assertThatThrownBy(() -> new TestSpool(TestSpool.config(temporary)))
                .hasMessageContaining(state.toString())
                .hasMessageContaining("version 1")
                .hasMessageContaining("another spool.directory");
        assertThat(state).hasBinaryContent(slot.array());
    }

    @Test
    void aSpoolOfVersionThreeIsReplayed() throws IOException {
        Files.write(temporary.resolve("0000000000000001.segment"), resource("version-3.segment"));
        try (TestSpool spool = new TestSpool(TestSpool.config(temporary))) {
            assertThat(spool.readAll()).isEqualTo(List.of(41L, 42L));
            spool.append(1, 1);
            assertThat(spool.readAll()).isEqualTo(List.of(43L));
            assertThat(spool.gaps()).isEmpty();
        }
    }
}
