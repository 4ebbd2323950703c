package dev.ctstream.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.entry;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CpuTimesTest {
    private static final String STAT = "4711 (a ) name) S 1 4711 4711 0 -1 4194560 900 0 3 0 250 75 0 0 20 0 12 0 8\n";

    @Test
    void fieldsAreCountedFromTheLastParenthesisOfTheName() {
        assertThat(CpuTimes.statField(STAT, 11)).isEqualTo(250);
        assertThat(CpuTimes.statField(STAT, 12)).isEqualTo(75);
    }

    @Test
    void memoryIsInKibibytes() {
        String status = "Name:\tjava\nVmHWM:\t  2048 kB\nVmRSS:\t  1024 kB\n";
        assertThat(CpuTimes.statusBytes(status, "VmHWM:")).isEqualTo(2 << 20);
        assertThat(CpuTimes.statusBytes(status, "VmRSS:")).isEqualTo(1 << 20);
        assertThat(CpuTimes.statusBytes(status, "VmSwap:")).isZero();
    }

    @Test
    void runTimeIsTheFirstNumberInNanoseconds() {
        assertThat(CpuTimes.runSeconds("1500000000 12 7\n")).isEqualTo(1.5);
    }

    @ParameterizedTest
    @CsvSource({
        "ctstream-receiv, receive",
        "ctstream-spool, spool",
        "ctstream-publis, publish",
        "ctstream-contro, control",
        "kafka-producer-, kafka",
        "C2 CompilerThre, jit",
        "C1 CompilerThre, jit",
        "VM Thread, gc",
        "G1 Service, gc",
        "java, other",
        "conntrack, other"
    })
    void threadsAreGroupedByTheNamesThatTheKernelKeeps(String comm, String group) {
        assertThat(CpuTimes.group(comm)).isEqualTo(group);
    }

    @Test
    void usedTimeIsTheDifferenceAndMemoryIsTheLatest() {
        CpuTimes before = new CpuTimes(1, 2, Map.of("gc", 0.5, "jit", 1.0), 10, 20);
        CpuTimes after = new CpuTimes(4, 3, Map.of("gc", 0.75, "receive", 2.0), 11, 21);
        CpuTimes used = after.since(before);
        assertThat(used.seconds()).isEqualTo(4);
        assertThat(used.threadSeconds())
                .contains(entry("gc", 0.25), entry("receive", 2.0), entry("jit", -1.0)); // jit: its threads have ended
        assertThat(used.rssBytes()).isEqualTo(11);
    }

    @Test
    void countsLessThanATick() {
        CpuTimes before = new CpuTimes(0, 0, Map.of("other", 0.001), 1, 1);
        assertThat(new CpuTimes(0, 0, Map.of("other", 0.005), 1, 1)
                        .since(before)
                        .seconds())
                .isCloseTo(0.004, within(1e-9));
    }

    @Test
    void readsAProcessWhileItsThreadsWork() throws IOException {
        long pid = ProcessHandle.current().pid();
        CpuTimes before = CpuTimes.of(pid);
        long deadline = System.nanoTime() + 10_000_000_000L;
        while (CpuTimes.of(pid).since(before).seconds() < 0.05) {
            assertThat(System.nanoTime()).isLessThan(deadline);
        }
        assertThat(CpuTimes.of(pid).since(before).threadSeconds().get("other")).isPositive();
        assertThat(before.rssBytes()).isBetween(1L << 20, before.peakRssBytes());
    }
}
