package dev.ctstream.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ProcessTextTest {
    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    @Test
    void argumentsAreTheBytesThatWereGiven() throws CommandFailure {
        byte[] commandLine = bytes("/usr/bin/java\0-cp\0/größe/*\0Main\0run\0-D\0host.id=münchen\0\0");
        assertThat(ProcessText.arguments(commandLine, "run", "-D", "host.id=m??nchen", ""))
                .containsExactly("run", "-D", "host.id=münchen", "");
        assertThat(ProcessText.arguments(commandLine)).isEmpty();
    }

    @Test
    void aJvmThatAnotherProgramStartedKeepsItsArguments() throws CommandFailure {
        assertThat(ProcessText.arguments(bytes("program\0--option\0"), "run", "--check"))
                .containsExactly("run", "--check");
        assertThat(ProcessText.arguments(bytes(""), "run")).containsExactly("run");
    }

    @Test
    void anArgumentThatIsNotUtf8IsNamed() {
        byte[] latin = "java\0Main\0run\0-Dhost.id=münchen\0".getBytes(StandardCharsets.ISO_8859_1);
        assertThatThrownBy(() -> ProcessText.arguments(latin, "run", "-Dhost.id=m?nchen"))
                .isInstanceOf(CommandFailure.class)
                .hasMessage("argument is not UTF-8: -Dhost.id=");
    }

    @Test
    void theEnvironmentIsTheBytesThatWereGiven() throws CommandFailure {
        Map<String, String> decoded = Map.of("CTSTREAM_HOST_ID", "m??nchen", "LATIN", "?", "HOME", "/root");
        byte[] kernel = "CTSTREAM_HOST_ID=mü=nchen\0LATIN=ü\0HOME=/root\0".getBytes(StandardCharsets.ISO_8859_1);
        assertThatThrownBy(() -> ProcessText.environment(kernel, decoded))
                .isInstanceOf(CommandFailure.class)
                .hasMessage("environment variable is not UTF-8: CTSTREAM_HOST_ID");
        byte[] other = "LATIN=ü\0HOME=/root\0".getBytes(StandardCharsets.ISO_8859_1);
        assertThat(ProcessText.environment(other, decoded)).isEqualTo(decoded);
        assertThat(ProcessText.environment(bytes("CTSTREAM_HOST_ID=mü=nchen\0"), decoded))
                .containsEntry("CTSTREAM_HOST_ID", "mü=nchen")
                .containsEntry("HOME", "/root");
    }
}
