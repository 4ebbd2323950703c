package dev.ctstream.spool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What another user could have written is refused: it would be published under this host's name. */
class SpoolOwnerTest {
    private static final String EVENTS = "0000000000000001.segment";
    private static final String CONTROL = "control/0000000000000001.segment";
    private static final int NOBODY = 65_534;

    @TempDir
    private Path temporary;

    private Path directory = Path.of("");

    @BeforeEach
    void fill() throws IOException {
        directory = temporary.resolve("spool");
        try (TestSpool spool = new TestSpool(TestSpool.config(directory))) {
            spool.append(1, 3);
        }
    }

    private void assertRefused(Path file, String... words) throws IOException {
        assertThatThrownBy(() -> new TestSpool(TestSpool.config(directory)).close())
                .isInstanceOf(IOException.class)
                .hasMessageContaining(file.toString())
                .hasMessageContainingAll(words);
    }

    private void mode(String file, String mode) throws IOException {
        Files.setPosixFilePermissions(directory.resolve(file), PosixFilePermissions.fromString(mode));
    }

    @Test
    void theNamesOfNewDirectoriesAreOnDisk() throws IOException {
        Path made = temporary.resolve("var").resolve("spool");
        RecordedFiles files = new RecordedFiles(made);
        try (TestSpool spool =
                new TestSpool(TestSpool.Setup.of(TestSpool.config(made)).files(files))) {
            spool.append(1, 1);
        }
        assertThat(files.calls())
                .extracting(RecordedFiles.Call::toString)
                .containsSubsequence("sync-directory ../..", "sync-directory ..", "create control/next.reserved");
    }

    @Test
    void ownFilesAreTaken() throws IOException {
        try (TestSpool spool = new TestSpool(TestSpool.config(directory))) {
            assertThat(spool.readAll()).hasSize(3);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "control"})
    void aDirectoryThatEverybodyMayWriteIsRefused(String name) throws IOException {
        mode(name, "rwxrwxrwx");
        assertRefused(
                directory.resolve(name),
                "spool directory ",
                "can be written by other users",
                "chmod -R go-w " + directory);
    }

    @ParameterizedTest
    @ValueSource(strings = {EVENTS, CONTROL, "state"})
    void aFileThatTheGroupMayWriteIsRefused(String name) throws IOException {
        mode(name, "rw-rw----");
        assertRefused(directory.resolve(name), "can be written by other users", "chmod -R go-w " + directory);
    }

    @ParameterizedTest
    @ValueSource(strings = {EVENTS, CONTROL, "state", "lock"})
    void aLinkInPlaceOfAFileIsRefused(String name) throws IOException {
        Path file = directory.resolve(name);
        Path elsewhere = temporary.resolve("elsewhere");
        Files.move(file, elsewhere);
        byte[] bytes = Files.readAllBytes(elsewhere);
        Files.createSymbolicLink(file, elsewhere);
        assertRefused(file, "is a link", "remove it");
        assertThat(elsewhere).hasBinaryContent(bytes);
    }

    @Test
    void aLinkInPlaceOfTheControlDirectoryIsRefused() throws IOException {
        Files.move(directory.resolve("control"), temporary.resolve("elsewhere"));
        Files.createSymbolicLink(directory.resolve("control"), temporary.resolve("elsewhere"));
        assertRefused(directory.resolve("control"), "is a link", "remove it");
    }

    @Test
    void theDirectoryItselfMayBeALinkToOne() throws IOException {
        Path link = temporary.resolve("link");
        Files.createSymbolicLink(link, directory);
        try (TestSpool spool = new TestSpool(TestSpool.config(link))) {
            assertThat(spool.readAll()).hasSize(3);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "control", EVENTS, CONTROL, "state"})
    void whatBelongsToAnotherUserIsRefused(String name) throws IOException {
        Path file = directory.resolve(name);
        long own = SpoolFileSystem.HOST.ownUserId();
        long other = own == 0 ? NOBODY : own + 1;
        SpoolFileSystem files = SpoolFileSystem.HOST;
        if (own == 0) {
            Files.setAttribute(file, "unix:uid", NOBODY, LinkOption.NOFOLLOW_LINKS);
        } else { // only root may give a file away, so the file system says that it was done
            files = withOwner(file, other);
        }
        TestSpool.Setup setup = TestSpool.Setup.of(TestSpool.config(directory)).files(files);
        assertThatThrownBy(() -> new TestSpool(setup).close())
                .isInstanceOf(IOException.class)
                .hasMessageContaining(file.toString())
                .hasMessageContainingAll(
                        "belongs to user " + other, "runs as user " + own, "chown -R " + own + " " + directory);
    }

    private static SpoolFileSystem withOwner(Path file, long owner) {
        return new SpoolFileSystem() {
            @Override
            @Nullable
            Facts facts(Path path) throws IOException {
                Facts facts = super.facts(path);
                return facts == null || !path.equals(file)
                        ? facts
                        : new Facts(owner, facts.groupId(), facts.mode(), facts.directory(), facts.link(), facts.key());
            }
        };
    }
}
