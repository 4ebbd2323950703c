package dev.ctstream.admin;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.netlink.TestJvm;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Many processes, and threads in them, reserve a zone at once. Each has a netlink socket of its own. */
class ZoneReservationKernelIT {
    private static final int PROCESSES = 10;
    private static final int THREADS = 10; // of each process
    private static final int ZONES = PROCESSES * THREADS;
    private static final int FROM = 1000;
    private static final int ROOM = 10;

    @Test
    void aHundredAllocatorsInTenProcessesGetAHundredZones() throws Exception {
        List<Process> processes = new ArrayList<>();
        try (AdminSite site = AdminSite.open()) {
            List<BufferedReader> outputs = new ArrayList<>();
            for (int i = 0; i < PROCESSES; i++) {
                Process process = start(site.path());
                processes.add(process);
                outputs.add(process.inputReader(StandardCharsets.UTF_8));
            }
            for (BufferedReader output : outputs) {
                assertThat(output.readLine()).isEqualTo("ready");
            }
            for (Process process : processes) {
                process.getOutputStream().close();
            }
            Set<Integer> zones = new TreeSet<>();
            for (int i = 0; i < PROCESSES; i++) {
                assertThat(processes.get(i).waitFor(5, TimeUnit.MINUTES)).isTrue();
                String out = String.join("\n", outputs.get(i).lines().toList());
                assertThat(processes.get(i).exitValue()).as(out).isZero();
                out.lines().map(Integer::valueOf).forEach(zones::add);
            }
            assertThat(zones).hasSize(ZONES);
            assertThat(zones).allMatch(zone -> zone >= FROM && zone < FROM + ZONES + ROOM);
            assertThat(inUse(site)).containsAll(zones).hasSize(ZONES + 1); // and the decoys
            site.assertDecoysIntact();
        } finally {
            processes.forEach(Process::destroyForcibly);
        }
    }

    private static Process start(String netns) throws IOException {
        return new ProcessBuilder(TestJvm.command(
                        "-Xmx32m",
                        "-XX:+UseSerialGC",
                        "-XX:TieredStopAtLevel=1",
                        "-Xshare:auto",
                        "-cp",
                        System.getProperty("java.class.path"),
                        ReserveZones.class.getName(),
                        netns,
                        "" + FROM,
                        "" + (FROM + ZONES + ROOM - 1),
                        "" + THREADS))
                .redirectErrorStream(true)
                .start();
    }

    private static Set<Integer> inUse(AdminSite site) throws IOException {
        Set<Integer> zones = new TreeSet<>();
        site.entries().zones(EntryFilter.ALL).forEach(zone -> zones.add(zone.zone()));
        return zones;
    }
}
