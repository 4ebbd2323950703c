package dev.ctstream.spool;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.metrics.Check;
import dev.ctstream.metrics.Check.Result;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SpoolCheckTest {
    private static final long MIB = 1 << 20;

    @TempDir
    private Path folder;

    @Test
    void aDirectoryThatIsMissingMayBeCreatedAndIsNot() {
        Path path = folder.resolve("a/b/c");
        assertThat(look(path, MIB)).allMatch(Check::isOk).hasSize(2);
        assertThat(folder).isEmptyDirectory();
    }

    @Test
    void aDirectoryThatIsThereIsLeftAsItIs() throws IOException {
        Path path = Files.createDirectory(folder.resolve("a"));
        assertThat(look(path, MIB)).allMatch(Check::isOk);
        assertThat(path).isEmptyDirectory();
    }

    @Test
    void whatOthersMayWriteIsRefusedAsTheStartRefusesIt() throws IOException {
        Path path = Files.createDirectory(folder.resolve("a"));
        Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rwxrwxrwx"));
        assertThat(look(path, MIB)).singleElement().satisfies(check -> {
            assertThat(check.result()).isEqualTo(Result.FAIL);
            assertThat(check.found())
                    .isEqualTo("spool directory " + path
                            + " can be written by other users, who could forge records of this host");
            assertThat(check.remedy()).isEqualTo("run chmod -R go-w " + path);
        });
    }

    @Test
    void aPathThatCannotBecomeADirectoryIsNamed() throws IOException {
        Path file = Files.writeString(folder.resolve("file"), "x");
        for (Path path : List.of(file, file.resolve("below"), Path.of("/proc/ctstream-spool"))) {
            assertThat(look(path, MIB)).singleElement().satisfies(check -> {
                assertThat(check.failed()).isTrue();
                assertThat(check.found()).startsWith("spool directory " + path + " cannot be used: ");
                assertThat(check.remedy()).isEqualTo("make it writable for this user, or set spool.directory");
            });
        }
    }

    @Test
    void moreThanTheDiskHasIsAWarning() {
        assertThat(look(folder.resolve("a"), Long.MAX_VALUE / 4).get(1)).satisfies(check -> {
            assertThat(check.name()).isEqualTo("spool-room");
            assertThat(check.result()).isEqualTo(Result.WARN);
        });
    }

    private static List<Check> look(Path path, long maxBytes) {
        return SpoolCheck.look(
                new SpoolConfig(path, maxBytes, 64 << 10, 256 << 10, 1000, SpoolConfig.WhenFull.DROP_OLDEST), false);
    }
}
