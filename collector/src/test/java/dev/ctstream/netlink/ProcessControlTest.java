package dev.ctstream.netlink;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class ProcessControlTest {
    private static final String ALLOWED = "Cpus_allowed_list:";

    @Test
    void aPinnedThreadMayUseThatCpuOnlyAndPassesItOn() throws Exception {
        String first = allowed().split("[-,]", 2)[0];
        CompletableFuture<String> pinned = new CompletableFuture<>();
        CompletableFuture<String> child = new CompletableFuture<>();
        new Thread(() -> {
                    try {
                        ProcessControl.pinThread(Integer.parseInt(first));
                        pinned.complete(allowed());
                        Process grep = new ProcessBuilder("grep", ALLOWED, "/proc/self/status").start();
                        child.complete(new String(grep.getInputStream().readAllBytes(), StandardCharsets.US_ASCII));
                    } catch (Exception e) {
                        pinned.completeExceptionally(e);
                        child.completeExceptionally(e);
                    }
                })
                .start();
        assertThat(pinned.get(20, TimeUnit.SECONDS)).isEqualTo(first);
        assertThat(child.get(20, TimeUnit.SECONDS).strip()).isEqualTo(ALLOWED + "\t" + first);
    }

    @Test
    void aCpuThatIsNotThereIsRefused() {
        for (int cpu : new int[] {-1, 1023, 1024}) {
            assertThatThrownBy(() -> ProcessControl.pinThread(cpu))
                    .isInstanceOf(NetlinkException.class)
                    .hasMessageContaining("run on CPU " + cpu + ": EINVAL");
        }
    }

    private static String allowed() throws Exception {
        return Files.readAllLines(Path.of("/proc/thread-self/status")).stream()
                .filter(line -> line.startsWith(ALLOWED))
                .map(line -> line.substring(ALLOWED.length()).strip())
                .findFirst()
                .orElseThrow();
    }
}
