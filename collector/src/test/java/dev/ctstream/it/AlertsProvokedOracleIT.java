package dev.ctstream.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Faults, a collector, a broker, and a Prometheus with the alert rules. Left to the script, by hand: the clock, whose flag
 * belongs to the whole machine, and what takes longer than all others together.
 */
class AlertsProvokedOracleIT {
    private static final Set<String> BY_HAND = Set.of(
            "CtstreamClockUnsynchronized",
            "CtstreamCeilingReached",
            "CtstreamNotReady",
            "CtstreamNothingAcknowledged",
            "CtstreamSpoolOld",
            "CtstreamSpoolFilling",
            "CtstreamEventsDropped",
            "CtstreamLossesOwed",
            "CtstreamSpoolWriteFailures");
    private static final long MOST_SECONDS = 400;

    @TempDir
    private Path folder;

    @Test
    void alertsAreProvokedForRealFireAndEnd() throws Exception {
        Set<String> names = Files.readAllLines(Path.of("deploy/prometheus/ctstream.rules.yml")).stream()
                .filter(line -> line.contains("- alert: "))
                .map(line -> line.substring(line.indexOf(": ") + 2))
                .filter(name -> !BY_HAND.contains(name))
                .collect(Collectors.toCollection(TreeSet::new));
        assertThat(names).hasSize(13);
        List<String> command = new ArrayList<>(List.of("src/test/alerts/provoke"));
        command.add(
                LaunchedProgram.launcher(folder).resolve("../..").normalize().toString());
        command.addAll(names);
        Path out = folder.resolve("out");
        Path err = folder.resolve("err");
        ProcessBuilder builder =
                new ProcessBuilder(command).redirectOutput(out.toFile()).redirectError(err.toFile());
        builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
        Process script = builder.start();
        try {
            assertThat(script.waitFor(MOST_SECONDS, TimeUnit.SECONDS))
                    .as(() -> text(err))
                    .isTrue();
        } finally {
            script.destroyForcibly();
        }
        assertThat(script.exitValue()).as(() -> text(out) + text(err)).isZero();
        assertThat(text(out).lines().skip(2).map(line -> line.split(" ", -1)[1]))
                .containsExactlyInAnyOrderElementsOf(names);
    }

    private static String text(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            return "";
        }
    }
}
