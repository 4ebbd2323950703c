package dev.ctstream.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.ctstream.netlink.FreshNamespace;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code ctstream demo}, started as by the launcher's script: inside a private namespace. */
class DemoKernelIT {
    private static final Duration SOON = Duration.ofSeconds(60);
    private static final Pattern EVENT = Pattern.compile(" (?:NEW|DESTROY) +(?:zone +(\\d+) +)?(\\w+) ");

    @TempDir
    private Path folder;

    private Path temporary;

    @BeforeEach
    void folders() throws IOException {
        temporary = Files.createDirectory(folder.resolve("temporary"));
    }

    @Test
    void showsAllProtocolsAndZonesWithoutLossAndLeavesNoFiles() throws Exception {
        FreshNamespace.run(() -> {
            try (LaunchedProgram demo = demo("3")) {
                assertThat(demo.exitCode()).as(demo::err).isZero();
                String out = demo.out();
                assertThat(count("read back  (\\d+) events", out)).isEqualTo(count("received   (\\d+) events", out));
                assertThat(count("lost       (\\d+)", out)).isZero();
                assertThat(count("read back .* (\\d+) NEW", out))
                        .isEqualTo(count("made       (\\d+) connections", out))
                        .isEqualTo(count("read back .* (\\d+) DESTROY", out))
                        .isGreaterThanOrEqualTo(3 * 16);
                assertThat(values(2, out)).contains("tcp", "udp", "icmp");
                assertThat(values(1, out)).contains("1", "7");
                assertThat(out).contains("zones [0, 1, 2, 7, 65535], protocols [1, 6, 17, 58]");
                assertThat(leftFiles()).isEmpty();
            }
        });
    }

    @Test
    void leavesNoFilesWhenKilled() throws Exception {
        FreshNamespace.run(() -> {
            try (LaunchedProgram demo = demo("30")) {
                demo.awaitStderr("making connections");
                await().atMost(SOON).until(() -> demo.out().contains(" DESTROY "));
                List<ProcessHandle> children = demo.children();
                assertThat(children).hasSize(1);
                assertThat(leftFiles()).isNotEmpty();
                demo.kill();
                await().atMost(SOON).until(() -> !children.get(0).isAlive());
                assertThat(leftFiles()).isEmpty();
            }
        });
    }

    private LaunchedProgram demo(String seconds) throws IOException {
        return LaunchedProgram.start(
                folder,
                Map.of("CTSTREAM_IN_NAMESPACE", "1"),
                List.of("-Djava.io.tmpdir=" + temporary),
                "demo",
                "--seconds",
                seconds);
    }

    /** The files in its temporary directory. */
    private List<Path> leftFiles() throws IOException {
        try (Stream<Path> files = Files.walk(temporary)) {
            return files.filter(file -> !file.equals(temporary)).toList();
        }
    }

    private static long count(String pattern, String out) {
        Matcher matcher = Pattern.compile(pattern).matcher(out);
        assertThat(matcher.find()).as(pattern + " in " + out).isTrue();
        return Long.parseLong(matcher.group(1));
    }

    private static List<String> values(int group, String out) {
        return EVENT.matcher(out)
                .results()
                .map(result -> result.group(group))
                .distinct()
                .toList();
    }
}
