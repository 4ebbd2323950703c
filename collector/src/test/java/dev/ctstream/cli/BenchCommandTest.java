package dev.ctstream.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

class BenchCommandTest {
    private final CommandLine line = BenchCommand.line(Console.system());

    @Test
    void aJvmOptionMayLookLikeOneOfOurs() {
        line.parseArgs("--jvm=-Dx=1", "--jvm", "-Xint", "-D", "batch.max-events=3");
        CommandLine.Model.CommandSpec spec = line.getCommandSpec();
        assertThat(spec.findOption("--jvm").<List<String>>getValue()).containsExactly("-Dx=1", "-Xint");
        assertThat(spec.findOption("-D").<Map<String, String>>getValue()).containsOnlyKeys("batch.max-events");
    }

    @Test
    void aMissingOptionIsNamed() {
        assertThatThrownBy(() -> line.parseArgs("--jvm")).hasMessageContaining("--jvm needs a JVM option");
    }
}
