package dev.ctstream.spool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
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
        assumeTrue(Integer.valueOf(0).equals(Files.getAttribute(directory, "unix:uid")), "needs root");
        Path file = directory.resolve(name);
        Files.setAttribute(file, "unix:uid", NOBODY, LinkOption.NOFOLLOW_LINKS);
        assertRefused(file, "belongs to user " + NOBODY, "runs as user 0", "chown -R 0 " + directory);
    }
}
