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
    void aPinnedThreadUsesOnlyThatCpuAndItsChildrenInheritIt() throws Exception {
        String first = allowed().split("[-,]", 2)[0];
        CompletableFuture<String> pinned = new CompletableFuture<>();
        CompletableFuture<String> child = new CompletableFuture<>();
        new Thread(() -> {
                    try {
                        ProcessControl.pinThread(Integer.parseInt(first));
                        pinned.complete(allowed());
                        child.complete(allowedInAChild());
                    } catch (Exception e) {
                        pinned.completeExceptionally(e);
                        child.completeExceptionally(e);
                    }
                })
                .start();
        assertThat(pinned.get(20, TimeUnit.SECONDS)).isEqualTo(first);
        assertThat(child.get(20, TimeUnit.SECONDS)).isEqualTo(first);
    }

    @Test
    void aMissingCpuIsRefused() {
        for (int cpu : new int[] {-1, 1023, 1024}) {
            assertThatThrownBy(() -> ProcessControl.pinThread(cpu))
                    .isInstanceOf(NetlinkException.class)
                    .hasMessageContaining("run on CPU " + cpu + ": EINVAL");
        }
    }

    private static String allowedInAChild() throws Exception {
        Process process = new ProcessBuilder(
                        TestJvm.command("-cp", System.getProperty("java.class.path"), Child.class.getName()))
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        return new String(process.getInputStream().readAllBytes(), StandardCharsets.US_ASCII).strip();
    }

    /** Prints the CPUs that it may run on. */
    static final class Child {
        private Child() {}

        public static void main(String[] arguments) throws Exception {
            System.out.println(allowed());
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
