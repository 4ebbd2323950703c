package dev.ctstream.admin;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Many processes reserve a zone at once. */
class ZoneReservationKernelIT {
    private static final int PROCESSES = 100;
    private static final int FROM = 1000;
    private static final int ROOM = 10;

    @TempDir
    private Path folder;

    @Test
    void aHundredProcessesGetAHundredZones() throws Exception {
        try (AdminSite site = AdminSite.open()) {
            List<Process> processes = new ArrayList<>();
            for (int i = 0; i < PROCESSES; i++) {
                processes.add(start(site.path(), i));
            }
            Files.writeString(folder.resolve("go"), "");
            int[] codes = new int[PROCESSES];
            for (int i = 0; i < PROCESSES; i++) {
                assertThat(processes.get(i).waitFor(5, TimeUnit.MINUTES)).isTrue();
                codes[i] = processes.get(i).exitValue();
            }
            Set<Integer> zones = new TreeSet<>();
            for (int i = 0; i < PROCESSES; i++) {
                String out = Files.readString(folder.resolve("out" + i), StandardCharsets.UTF_8);
                assertThat(codes[i]).as(out).isZero();
                zones.add(Integer.parseInt(out.strip()));
            }
            assertThat(zones).hasSize(PROCESSES);
            assertThat(zones).allMatch(zone -> zone >= FROM && zone < FROM + PROCESSES + ROOM);
            assertThat(inUse(site)).containsAll(zones).hasSize(PROCESSES + 1); // and the decoys
            site.assertDecoysIntact();
        }
    }

    /**
     * The process waits for the file "go", so that all reservations run at the same time despite the JVMs' different
     * start times.
     */
    private Process start(String netns, int number) throws IOException {
        return new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx32m",
                        "-XX:+UseSerialGC",
                        "-XX:TieredStopAtLevel=1",
                        "-Xshare:auto",
                        "-cp",
                        System.getProperty("java.class.path"),
                        "dev.ctstream.it.AwaitFile",
                        folder.resolve("go").toString(),
                        "zones",
                        "allocate",
                        "--reserve",
                        "--netns",
                        netns,
                        "--from",
                        "" + FROM,
                        "--to",
                        "" + (FROM + PROCESSES + ROOM - 1))
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("out" + number).toFile())
                .start();
    }

    private static Set<Integer> inUse(AdminSite site) throws IOException {
        Set<Integer> zones = new TreeSet<>();
        site.entries().zones(EntryFilter.ALL).forEach(zone -> zones.add(zone.zone()));
        return zones;
    }
}
