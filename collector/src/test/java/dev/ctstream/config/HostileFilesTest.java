package dev.ctstream.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Configuration files that are something else, or that hold secrets where keys should be. */
class HostileFilesTest {
    @TempDir
    private Path folder;

    private static List<String> problems(Path file) {
        List<String> problems = new ArrayList<>();
        PropertiesFile.read(file, "--config", new ArrayList<>(), problems);
        return problems;
    }

    @Test
    void aDeviceIsNamed() {
        assertThat(problems(Path.of("/dev/zero"))).containsExactly("--config /dev/zero: a device; give a file");
        assertThatThrownBy(() -> SmallFile.text(Path.of("/dev/zero"))).isInstanceOf(IOException.class);
    }

    @Test
    void aDirectoryIsNamed() {
        assertThat(problems(folder))
                .singleElement()
                .asString()
                .contains(folder.toString(), "EISDIR (21) Is a directory; give a file");
    }

    @Test
    void aFileAtTheLimitIsRead() throws IOException {
        Path file = folder.resolve("large");
        Files.writeString(file, "#" + "x".repeat((1 << 20) - 1), StandardCharsets.UTF_8);
        assertThat(problems(file)).isEmpty();
        Files.writeString(file, "#" + "x".repeat(1 << 20), StandardCharsets.UTF_8);
        assertThat(problems(file)).containsExactly("--config " + file + ": longer than 1048576 bytes");
    }

    @Test
    void theRestOfASecretOnTheNextLineIsNotShownAsAKey() throws IOException {
        Path file = folder.resolve("torn");
        Files.writeString(file, "sasl.mechanism=PLAIN\nsasl.jaas.config=x required password=\n  'hush';\n");
        assertThatThrownBy(() -> Configuration.load(
                        new ConfigSources(Optional.of(file), Map.of(), Map.of(), HostFacts.current(), false)))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining(file + ":3")
                .message()
                .doesNotContain("hush");
    }

    /** The same in the file of a reading command, where a key of a plug-in may have any name. */
    @Test
    void theRestOfASecretInAFileOfAClientIsNotShownAsAKey() throws IOException {
        Path file = folder.resolve("torn");
        Files.writeString(
                file,
                "bootstrap.servers=k:1\nsasl.mechanism=PLAIN\nsasl.jaas.config=x required password=\n  'hush';\n");
        assertThatThrownBy(() -> ClientSettings.load(Optional.of(file), Map.of()))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining(file + ":4: not a line of the form key=value")
                .message()
                .doesNotContain("hush");
    }

    @Test
    void aServerWithAPasswordIsRefusedWithoutIt() {
        assertThatThrownBy(() -> Configuration.load(new ConfigSources(
                        Optional.empty(),
                        Map.of(),
                        Map.of("kafka.bootstrap.servers", "SASL://me:hush@k"),
                        HostFacts.current(),
                        false)))
                .isInstanceOf(ConfigurationException.class)
                .message()
                .doesNotContain("hush");
    }
}
