package dev.ctstream.spool;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ctstream.netlink.ErrorText;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KeptFileTest {
    @TempDir
    private Path folder;

    @Test
    void itIsReplacedAsAWholeAndOnlyItsOwnerMayReadIt() throws IOException {
        Path file = folder.resolve("kept");
        try (KeptFile kept = KeptFile.open(file)) {
            assertThat(kept.read(10)).isEmpty();
            Files.writeString(folder.resolve("kept.new"), "what a crash left");
            kept.replace("first".getBytes(UTF_8));
            kept.replace("second".getBytes(UTF_8));
            assertThat(kept.read(10)).asString(UTF_8).isEqualTo("second");
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                    .isEqualTo("rw-------");
            assertThat(folder.resolve("kept.new")).doesNotExist();
            assertThatThrownBy(() -> kept.read(5)).hasMessageContaining("longer than 5 bytes");
        }
    }

    @Test
    void oneProcessKeepsItAtATime() throws IOException {
        Path file = folder.resolve("kept");
        try (KeptFile kept = KeptFile.open(file)) {
            assertThatThrownBy(() -> KeptFile.open(folder.resolve("../" + folder.getFileName() + "/kept")))
                    .hasMessageContaining("another process keeps it up to date");
            kept.replace(new byte[0]);
        }
        KeptFile.open(file).close();
    }

    /** Each step is on disk before the next one: first what is in the new file, then its name. */
    @Test
    void aFileIsReplacedInTheOrderThatSurvivesAPowerLoss() throws IOException {
        RecordedFiles files = new RecordedFiles(folder);
        files.replace(folder.resolve("kept"), UTF_8.encode("text"));
        assertThat(files.calls())
                .map(RecordedFiles.Call::toString)
                .containsExactly(
                        "delete kept.new",
                        "create kept.new",
                        "write kept.new",
                        "sync kept.new",
                        "rename kept",
                        "sync-directory ");
    }

    @Test
    void aLinkIsNotFollowed() throws IOException {
        Files.writeString(folder.resolve("other"), "text");
        Files.createSymbolicLink(folder.resolve("kept"), folder.resolve("other"));
        try (KeptFile kept = KeptFile.open(folder.resolve("kept"))) {
            assertThatThrownBy(() -> kept.read(10))
                    .satisfies(e -> assertThat(ErrorText.of(e)).contains("symbolic link"));
        }
    }
}
