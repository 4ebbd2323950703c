package dev.ctstream.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PeersTest {
    @TempDir
    private Path folder;

    @Test
    void findsAPeerAsAnExecutableInAnAbsoluteFolderOfThePath() throws IOException {
        Files.createDirectories(folder.resolve("a").resolve("conntrack"));
        Path notExecutable = file("b");
        Path executable = file("c");
        assertThat(executable.toFile().setExecutable(true)).isTrue();
        Path relative = Path.of("").toAbsolutePath().relativize(folder.resolve("c"));
        String path = "::" + relative + ":" + folder.resolve("a") + ":" + notExecutable.getParent();
        assertThat(chosen(path + ":" + executable.getParent())).isEqualTo(executable.toString());
    }

    @Test
    void theFloorIsCompiledInTheReadersFolder() throws IOException {
        Path compiler = Files.createFile(folder.resolve("cc"));
        assertThat(compiler.toFile().setExecutable(true)).isTrue();
        Reader.Program program = Objects.requireNonNull(Peers.named("floor8", Map.of("PATH", folder.toString())));
        assertThat(program.commandIn(Path.of("/f")))
                .containsExactly("/bin/sh", "-c", compiler + " -O2 -o /f/drain /f/drain.c && exec /f/drain 8");
        Peers.prepare(program, folder);
        assertThat(folder.resolve("drain.c")).content().contains("NETLINK_ADD_MEMBERSHIP");
    }

    private Path file(String name) throws IOException {
        return Files.createFile(Files.createDirectory(folder.resolve(name)).resolve("conntrack"));
    }

    private static String chosen(String path) throws IOException {
        Reader.Program program = Objects.requireNonNull(Peers.named("conntrack", Map.of("PATH", path)));
        return program.command().get(0);
    }
}
