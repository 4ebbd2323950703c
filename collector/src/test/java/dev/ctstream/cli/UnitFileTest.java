package dev.ctstream.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class UnitFileTest {
    @Test
    void systemdDoesNotRepeatAStartThatCannotSucceed() throws IOException {
        assertThat(Files.readAllLines(Path.of("deploy/systemd/ctstream.service")))
                .contains("RestartPreventExitStatus=" + ExitCode.USAGE + " " + ExitCode.PRIVILEGE);
    }
}
