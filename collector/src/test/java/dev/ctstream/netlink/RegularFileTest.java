package dev.ctstream.netlink;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(value = 20, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class RegularFileTest {
    @TempDir
    private Path folder;

    @Test
    void whatIsNoFileIsRefusedByName() throws Exception {
        Path pipe = folder.resolve("pipe");
        new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor();
        assertThatThrownBy(() -> RegularFile.require(pipe)).hasMessage(pipe + ": a named pipe; give a file");
        assertThatThrownBy(() -> RegularFile.require(folder)).hasMessage(folder + ": Is a directory");
        assertThatThrownBy(() -> RegularFile.require(Path.of("/dev/zero")))
                .hasMessage("/dev/zero: a device; give a file");
        assertThatThrownBy(() -> RegularFile.require(folder.resolve("none"))).isInstanceOf(NoSuchFileException.class);
    }

    @Test
    void filesLinksToThemAndOwnDescriptorsAreTaken() throws Exception {
        Path file = Files.createFile(folder.resolve("file"));
        Path link = Files.createSymbolicLink(folder.resolve("link"), file);
        for (Path good : new Path[] {file, link, Path.of("/dev/stdin"), Path.of("/dev/fd/0")}) {
            assertThatCode(() -> RegularFile.require(good)).doesNotThrowAnyException();
        }
        assertThatCode(() -> RegularFile.require(link, LinkOption.NOFOLLOW_LINKS))
                .doesNotThrowAnyException();
    }
}
