package dev.ctstream.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.admin.AdminSite;
import dev.ctstream.admin.EntryFilter;
import dev.ctstream.cli.Console;
import dev.ctstream.cli.Main;
import dev.ctstream.conntrack.Flows;
import dev.ctstream.netlink.TestJvm;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The commands on a real table: a file of commands with their expected results, and cases that need more than one line.
 */
class EntriesCommandKernelIT {
    private static final int PRIVILEGE = 3;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();
    private AdminSite site;
    private String path;

    @TempDir
    private Path folder;

    @BeforeEach
    void open() throws IOException {
        site = AdminSite.open();
        path = site.path();
    }

    @AfterEach
    void close() {
        site.close();
    }

    private int run(String... arguments) {
        out.reset();
        err.reset();
        List<String> all = new ArrayList<>(List.of(arguments));
        boolean targeted =
                all.size() > 1 && !all.contains("--netns") && !all.get(1).startsWith("-");
        if (targeted) {
            all.addAll(2, List.of("--netns", path));
        }
        Console console = new Console(out, new PrintStream(err, true, StandardCharsets.UTF_8), Map.of(), false, false);
        return Main.execute(console, all.toArray(new String[0]));
    }

    private String output() {
        return out.toString(StandardCharsets.UTF_8) + err.toString(StandardCharsets.UTF_8);
    }

    @Test
    void everyCommandHasItsExpectedResult() throws IOException {
        List<String> faults = new ArrayList<>();
        int lines = 0;
        for (String line : table()) {
            if (line.isBlank() || line.startsWith("#")) {
                continue;
            }
            lines++;
            String[] parts = line.split(" \\| ", 3);
            int code = run(parts[1].strip().split(" ", -1));
            String expected = parts[2];
            boolean fits = expected.startsWith("~")
                    ? Pattern.compile(expected.substring(1).stripTrailing())
                            .matcher(output())
                            .find()
                    : output().contains(expected.strip());
            if (code != Integer.parseInt(parts[0].strip()) || !fits) {
                faults.add(line + "\n  gave " + code + " " + output());
            }
        }
        assertThat(faults).isEmpty();
        assertThat(lines).isGreaterThan(100);
        site.assertDecoysIntact();
    }

    private static List<String> table() throws IOException {
        try (InputStream in =
                Objects.requireNonNull(EntriesCommandKernelIT.class.getResourceAsStream("/entries/commands.txt"))) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8).lines().toList();
        }
    }

    @Test
    void aFileIsReportedLineByLine() throws IOException {
        Path csv = folder.resolve("flows.csv");
        Files.writeString(csv, """
                protocol,source,source-port,destination,destination-port,timeout,zone
                udp,10.2.0.1,1,10.2.0.2,2,1000,7
                udp,10.2.0.1,1,10.2.0.2,2,1000,7
                udp,10.2.0.1,99999,10.2.0.2,2,1000,7
                tcp,fd02::1,1,fd02::2,2,1000,65535
                """);
        assertThat(run("entries", "create", "--file", csv.toString())).isEqualTo(1);
        assertThat(out.toString(StandardCharsets.UTF_8))
                .startsWith("line 2: created udp 10.2.0.1:1 > 10.2.0.2:2 zone 7\nline 5: created tcp");
        assertThat(err.toString(StandardCharsets.UTF_8))
                .contains("ctstream: line 3: create entry udp", "EEXIST (17)")
                .contains("ctstream: line 4: source-port '99999' is not a number in 0..65535")
                .endsWith("ctstream: created 2, failed 2\n");
        assertThat(run("entries", "create", "--file", csv.toString(), "-o", "json"))
                .isEqualTo(1);
        assertThat(out.toString(StandardCharsets.UTF_8).lines())
                .hasSize(4)
                .allMatch(line -> line.startsWith("{\"line\":"));
    }

    @Test
    void aListingWorksAsInput() throws Exception {
        for (dev.ctstream.conntrack.FlowSpec flow : Flows.all()) {
            site.entries().create(flow, false);
        }
        assertThat(run(
                        "entries",
                        "create",
                        "--protocol",
                        "udp",
                        "--source",
                        "10.3.0.1",
                        "--source-port",
                        "1",
                        "--destination",
                        "10.3.0.2",
                        "--destination-port",
                        "2",
                        "--timeout",
                        "1000",
                        "--zone",
                        "8",
                        "--snat",
                        "10.3.0.9:77"))
                .isZero();
        assertThat(run("entries", "list", "-o", "json", "--sort", "id")).isZero();
        Path json = folder.resolve("entries.json");
        Files.write(json, out.toByteArray());
        List<String> before = comparable(Files.readAllLines(json));
        assertThat(run("entries", "flush", "--all")).isZero();
        assertThat(run("entries", "create", "--file", json.toString()))
                .as(err.toString(StandardCharsets.UTF_8))
                .isZero();
        assertThat(run("entries", "list", "-o", "json", "--sort", "id")).isZero();
        assertThat(comparable(out.toString(StandardCharsets.UTF_8).lines().toList()))
                .isEqualTo(before);
        site.assertOtherDecoysIntact();
    }

    private static List<String> comparable(List<String> lines) {
        return lines.stream()
                .map(line -> line.replaceAll("\"(ct_id|timeout_seconds|start_time_ns)\":\\d+", "")
                        .replaceAll("\"status\":\\d+", ""))
                .sorted()
                .toList();
    }

    @Test
    void deletingManyEntriesNeedsYes() throws IOException {
        assertThat(run("entries", "delete", "--zone", "50000")).isEqualTo(2);
        assertThat(output()).contains("10000 entries would be deleted: without a terminal, more than 100 need --yes");
        site.assertDecoysIntact();
        assertThat(run("entries", "delete", "--zone", "50000", "--family", "ipv6", "--yes"))
                .isZero();
        assertThat(output()).isEqualTo("deleted 5000\n");
        assertThat(site.entries().count(EntryFilter.zone(50_000))).isEqualTo(5000);
        assertThat(run("entries", "flush", "--family", "ipv4")).isZero();
        assertThat(output()).isEqualTo("flushed 5000\n");
        assertThat(site.entries().count(EntryFilter.ALL)).isZero();
        site.assertOtherDecoysIntact();
    }

    /** A child user namespace does not own our network namespace, so the kernel refuses each request. */
    @Test
    void exitsWith3WithoutThePrivilege() throws Exception {
        Path log = folder.resolve("log");
        List<String> command = new ArrayList<>(List.of("unshare", "--user", "--map-root-user"));
        command.addAll(
                TestJvm.command("-cp", System.getProperty("java.class.path"), Main.class.getName(), "entries", "list"));
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(Files.readString(log)).contains("EPERM (1) Operation not permitted", "CAP_NET_ADMIN");
        assertThat(process.exitValue()).isEqualTo(PRIVILEGE);
    }
}
