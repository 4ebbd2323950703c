package dev.ctstream.segment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.Test;

class FileWindowTest {
    @Test
    void tolerantReadFillsUnreadableBlocksWithZeros() throws IOException {
        // Address 0 of a process is never mapped: reading it through /proc/self/mem is an input/output error.
        Path mem = Path.of("/proc/self/mem");
        ByteBuffer into = ByteBuffer.allocate(8192);
        try (FileChannel channel = FileChannel.open(mem, StandardOpenOption.READ)) {
            assertThatThrownBy(() -> FileWindow.readFully(channel, into, 0, false))
                    .hasMessageContaining("error");
            into.put(5, (byte) 7);
            FileWindow.readFully(channel, into.clear(), 0, true);
            assertThat(into.hasRemaining()).isFalse();
            assertThat(into.get(5)).isZero();
        }
    }
}
