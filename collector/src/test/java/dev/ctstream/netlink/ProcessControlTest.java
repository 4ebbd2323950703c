package dev.ctstream.netlink;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
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

    @Test
    void aPreferredThreadHasALowerNiceValueAndTheCompilersHaveItToo() throws Exception {
        int ordinary = nice(Path.of("/proc/thread-self"));
        CompletableFuture<Boolean> allowed = new CompletableFuture<>();
        CompletableFuture<List<Integer>> values = new CompletableFuture<>();
        new Thread(() -> {
                    try {
                        boolean first = ProcessControl.preferThread();
                        allowed.complete(ProcessControl.preferThread());
                        assertThat(allowed.join()).isEqualTo(first);
                        int preferred = nice(Path.of("/proc/thread-self"));
                        int compiler = nice(compiler());
                        if (allowed.join()) {
                            ProcessControl.preferThreadNoLonger();
                        }
                        values.complete(List.of(preferred, compiler, nice(Path.of("/proc/thread-self"))));
                    } catch (Exception e) {
                        values.completeExceptionally(e);
                    }
                })
                .start();
        List<Integer> seen = values.get(20, TimeUnit.SECONDS);
        int preferred = allowed.join() ? ordinary - 10 : ordinary;
        assertThat(seen.get(0)).isEqualTo(preferred);
        assertThat(seen.get(1)).isEqualTo(preferred); // also after other threads were preferred
        assertThat(seen.get(2)).isEqualTo(ordinary);
    }

    private static Path compiler() throws Exception {
        try (Stream<Path> tasks = Files.list(Path.of("/proc/self/task"))) {
            return tasks.filter(task -> name(task).startsWith("C1 Compiler"))
                    .findFirst()
                    .orElseThrow();
        }
    }

    private static String name(Path task) {
        try {
            return Files.readString(task.resolve("comm"));
        } catch (IOException e) {
            return ""; // it has just ended
        }
    }

    /** Field 19 of {@code /proc/PID/stat}; the name before it may contain spaces. */
    private static int nice(Path task) throws IOException {
        String stat = Files.readString(task.resolve("stat"));
        return Integer.parseInt(stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1)[19 - 3]);
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
