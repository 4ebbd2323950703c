package dev.ctstream.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.cli.Console;
import dev.ctstream.cli.Main;
import dev.ctstream.conntrack.TestNamespace;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Odd entries: created by our command, they are what {@code conntrack} shows; listed as JSON and created in another
 * namespace, they are the same there; created by {@code conntrack}, they survive the same way.
 */
class OddEntriesOracleIT {
    /** The remaining seconds follow the protocol's name and number. */
    private static final Pattern TIMEOUT = Pattern.compile("^(\\S+ +\\d+ \\S+ +\\d+) (\\d+)");

    private static final Pattern AGE = Pattern.compile(" delta-time=(\\d+)");

    /** One entry a line: the options of {@code create}, then what is reported. */
    private static final String ODD = """
            protocol=dccp source=10.0.1.1 destination=10.0.1.2 | created dccp 10.0.1.1 > 10.0.1.2 zone 0
            protocol=dccp source=10.0.2.1 source-port=5 destination=10.0.2.2 destination-port=6 | ~(created dccp 10.0.2.1:5 > 10.0.2.2:6 zone 0$|.*this kernel tracks dccp by addresses only[)])
            protocol=253 source=192.0.2.1 destination=192.0.2.2 | created 253 192.0.2.1 > 192.0.2.2 zone 0
            protocol=ah source=10.0.2.5 destination=10.0.2.6 | created ah 10.0.2.5 > 10.0.2.6 zone 0
            protocol=udp source=fe80::1 source-port=1 destination=fe80::2 destination-port=2 zone=1 | created udp [fe80::1]:1 > [fe80::2]:2 zone 1
            protocol=udp source=fe80::1 source-port=1 destination=fe80::2 destination-port=2 zone=2 mark=0 | created udp [fe80::1]:1 > [fe80::2]:2 zone 2
            protocol=udplite source=fd00::1 source-port=0 destination=fd00::2 destination-port=65535 | created udplite
            protocol=gre source=fd00::1 source-port=1 destination=fd00::2 destination-port=2 | created gre [fd00::1]:1 > [fd00::2]:2
            protocol=tcp source=10.0.5.1 source-port=5 destination=10.0.5.2 destination-port=2 state=CLOSE timeout=2147483 status=ASSURED,SEEN_REPLY,FIXED_TIMEOUT | created tcp
            protocol=esp source=fd00::1 destination=fd00::2 | created esp fd00::1 > fd00::2 zone 0
            protocol=0 source=10.0.3.1 destination=10.0.3.2 | created 0 10.0.3.1 > 10.0.3.2 zone 0
            protocol=255 source=10.0.3.1 destination=10.0.3.2 zone=65535 | created 255 10.0.3.1 > 10.0.3.2 zone 65535
            protocol=vrrp source=10.0.3.3 destination=224.0.0.18 | created vrrp 10.0.3.3 > 224.0.0.18 zone 0
            protocol=udp source=0.0.0.0 source-port=68 destination=255.255.255.255 destination-port=67 | created udp 0.0.0.0:68 > 255.255.255.255:67 zone 0
            protocol=udp source=10.0.4.1 source-port=0 destination=10.0.4.2 destination-port=0 | created udp 10.0.4.1:0 > 10.0.4.2:0 zone 0
            protocol=udp source=10.0.4.1 source-port=65535 destination=10.0.4.2 destination-port=65535 | created udp
            protocol=udp source=10.0.4.9 source-port=1 destination=10.0.4.9 destination-port=2 | created udp 10.0.4.9:1 > 10.0.4.9:2
            protocol=udp source=:: source-port=546 destination=ff02::1:2 destination-port=547 | created udp [::]:546 > [ff02::1:2]:547
            protocol=udp source=::ffff:10.0.0.1 source-port=1 destination=::ffff:10.0.0.2 destination-port=2 | created udp [::ffff:10.0.0.1]:1 >
            protocol=udp source=::1.2.3.4 source-port=1 destination=fd00:0:0:1:0:0:0:2 destination-port=2 | created udp [::102:304]:1 > [fd00:0:0:1::2]:2
            protocol=tcp source=fd00:0:1:0:0:2:0:0 source-port=1 destination=1:0:0:2:0:0:0:3 destination-port=2 state=LISTEN | created tcp [fd00:0:1::2:0:0]:1 > [1:0:0:2::3]:2
            protocol=tcp source=10.0.5.1 source-port=1 destination=10.0.5.2 destination-port=2 state=NONE | created tcp
            protocol=tcp source=10.0.5.1 source-port=2 destination=10.0.5.2 destination-port=2 state=time_wait status=ASSURED,SEEN_REPLY | created tcp
            protocol=tcp source=10.0.5.1 source-port=3 destination=10.0.5.2 destination-port=2 state=9 mark=0xffffffff | created tcp
            protocol=tcp source=10.0.5.1 source-port=4 destination=10.0.5.2 destination-port=2 status=FIXED_TIMEOUT,SEEN_REPLY | created tcp
            protocol=sctp source=10.0.6.1 source-port=1 destination=10.0.6.2 destination-port=2 state=HEARTBEAT_SENT | created sctp
            protocol=sctp source=10.0.6.1 source-port=2 destination=10.0.6.2 destination-port=2 state=ESTABLISHED zone=5 | created sctp
            protocol=udplite source=10.0.6.1 source-port=1 destination=10.0.6.2 destination-port=2 | created udplite
            protocol=gre source=10.0.6.1 source-port=0 destination=10.0.6.2 destination-port=0xffff | created gre 10.0.6.1:0 > 10.0.6.2:65535
            protocol=icmp source=10.0.7.1 destination=10.0.7.2 icmp-type=13 icmp-code=0 icmp-id=0 | created icmp 10.0.7.1 > 10.0.7.2 type 13 code 0 id 0
            protocol=icmp source=10.0.7.1 destination=10.0.7.2 icmp-type=0 icmp-code=0 icmp-id=65535 | created icmp
            protocol=icmp source=fd00::7 destination=fd00::8 icmp-type=8 icmp-code=0 icmp-id=1 | created icmp fd00::7 > fd00::8
            protocol=icmpv6 source=fd00:0:0:0:0:0:0:1 destination=fd00::2 icmp-type=139 icmp-code=0 icmp-id=1 | created icmpv6 fd00::1 > fd00::2 type 139
            protocol=icmp source=10.0.7.5 destination=10.0.7.6 icmp-type=8 icmp-code=0 icmp-id=7 snat=10.0.7.9:99 | created icmp
            protocol=udp source=10.0.8.1 source-port=1 destination=10.0.8.2 destination-port=2 original-zone=42 | original zone 42
            protocol=udp source=10.0.8.3 source-port=1 destination=10.0.8.2 destination-port=2 zone=-/43 | reply zone 43
            protocol=udp source=10.0.9.1 source-port=1 destination=10.0.9.2 destination-port=2 snat=10.0.9.9:77 dnat=10.0.9.8:88 zone=8 | created udp
            protocol=udp source=10.0.9.1 source-port=3 destination=10.0.9.2 destination-port=2 snat=10.0.9.9 | created udp
            protocol=tcp source=fd00::9 source-port=3 destination=fd00::a destination-port=2 dnat=[fd00::b]:8080 | created tcp
            protocol=udp reply-source=10.0.10.2 reply-source-port=53 reply-destination=10.0.10.1 reply-destination-port=999 | created udp 10.0.10.1:999 > 10.0.10.2:53
            protocol=udp source=10.0.11.1 source-port=1 destination=10.0.11.2 destination-port=2 reply-source=10.0.12.2 reply-destination-port=9 | created udp
            protocol=udp source=10.0.11.1 source-port=4 destination=10.0.11.2 destination-port=2 timeout=4294967295 | not as asked for: timeout: asked 4294967295, the entry has 8589
            protocol=udp source=10.0.11.1 source-port=5 destination=10.0.11.2 destination-port=2 label=0,127 | not as asked for: label: asked 0,127, the entry has none
            protocol=tcp source=10.0.13.1 source-port=1000 destination=10.0.13.2 destination-port=21 state=ESTABLISHED zone=9 | created tcp
            protocol=tcp source=10.0.13.1 source-port=1001 destination=10.0.13.2 destination-port=20 zone=9 master-protocol=tcp master-source=10.0.13.1 master-source-port=1000 master-destination=10.0.13.2 master-destination-port=21 | created tcp
            protocol=udp source=10.0.13.1 source-port=1002 destination=10.0.13.2 destination-port=20 zone=9 master-protocol=tcp master-source=10.0.13.1 master-source-port=1001 master-destination=10.0.13.2 master-destination-port=20 | created udp
            """;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();
    private final List<TestNamespace> namespaces = new ArrayList<>();

    @TempDir
    private Path folder;

    @BeforeEach
    void open() throws IOException {
        namespaces.add(TestNamespace.create());
        namespaces.add(TestNamespace.create());
    }

    @AfterEach
    void close() {
        namespaces.forEach(TestNamespace::close);
    }

    private int entries(TestNamespace namespace, String command, String... options) throws IOException {
        out.reset();
        err.reset();
        List<String> all = new ArrayList<>(
                List.of("entries", command, "--netns", namespace.path().toString()));
        all.addAll(List.of(options));
        Console console = new Console(out, new PrintStream(err, true, StandardCharsets.UTF_8), Map.of(), false, false);
        return Main.execute(console, all.toArray(new String[0]));
    }

    private String output() {
        return out.toString(StandardCharsets.UTF_8);
    }

    private void createOddEntries(TestNamespace namespace) throws IOException {
        for (String line : ODD.lines().toList()) {
            String[] parts = line.split(" \\| ", 2);
            List<String> options = new ArrayList<>();
            for (String field : parts[0].strip().split(" ", -1)) {
                int equals = field.indexOf('=');
                options.addAll(List.of("--" + field.substring(0, equals), field.substring(equals + 1)));
            }
            if (!options.contains("--timeout")) {
                options.addAll(List.of("--timeout", "30000"));
            }
            assertThat(entries(namespace, "create", options.toArray(new String[0])))
                    .as(line + "\n" + err.toString(StandardCharsets.UTF_8))
                    .isZero();
            if (parts[1].startsWith("~")) {
                assertThat(output().strip()).as(line).matches(parts[1].substring(1));
            } else {
                assertThat(output()).as(line).contains(parts[1].strip());
            }
        }
    }

    /**
     * Compares every field of every entry. What time changes lies between two listings of {@code conntrack}, one before
     * and one after ours.
     */
    private void assertListedAsByConntrack(TestNamespace namespace) throws IOException {
        List<String> before = Conntrack.run(namespace, "-L", "-o", "id,extended");
        assertThat(entries(namespace, "list", "-o", "conntrack")).isZero();
        List<String> ours = output().lines().toList();
        List<String> after = Conntrack.run(namespace, "-L", "-o", "id,extended");
        assertThat(timeless(ours)).isEqualTo(timeless(before)).isEqualTo(timeless(after));
        for (int i = 0; i < ours.size(); i++) {
            assertThat(timeout(ours.get(i))).as(ours.get(i)).isBetween(timeout(after.get(i)), timeout(before.get(i)));
            assertThat(age(ours.get(i))).as(ours.get(i)).isBetween(age(before.get(i)), age(after.get(i)));
        }
    }

    private static List<String> timeless(List<String> lines) {
        return lines.stream()
                .map(line -> TIMEOUT.matcher(AGE.matcher(line).replaceFirst("")).replaceFirst("$1"))
                .toList();
    }

    private static long timeout(String line) {
        Matcher matcher = TIMEOUT.matcher(line);
        return matcher.find() ? Long.parseLong(matcher.group(2)) : 0;
    }

    private static long age(String line) {
        Matcher matcher = AGE.matcher(line);
        return matcher.find() ? Long.parseLong(matcher.group(1)) : 0;
    }

    /** Lines of {@code conntrack -L} without what a copy cannot keep: id, use, timeout and age. */
    private static List<String> comparable(TestNamespace namespace) throws IOException {
        return timeless(Conntrack.run(namespace, "-L", "-o", "extended")).stream()
                .map(line -> line.replaceAll(" use=\\d+", ""))
                .sorted()
                .toList();
    }

    private void assertCopied(TestNamespace from, TestNamespace to) throws IOException {
        assertThat(entries(from, "list", "-o", "json")).isZero();
        Path listing = folder.resolve("listing.json");
        // The order of the hash table is random: the worst order has every master after its expected entry.
        List<String> lines = new ArrayList<>(output().lines().toList());
        lines.sort(Comparator.comparing((String line) -> !line.contains("\"master\":{")));
        Files.write(listing, lines);
        assertThat(entries(to, "create", "--file", listing.toString()))
                .as(err.toString(StandardCharsets.UTF_8))
                .isZero();
        assertThat(comparable(to)).isEqualTo(comparable(from));
        assertThat(masters(to)).isEqualTo(masters(from));
    }

    /** What {@code conntrack} does not show: the master and the details of each entry. */
    private Map<String, String> masters(TestNamespace namespace) throws IOException {
        assertThat(entries(namespace, "list", "-o", "json")).isZero();
        Map<String, String> masters = new TreeMap<>();
        for (String line : output().lines().toList()) {
            String key = line.replaceAll(".*(\"ct_zone\".*),\"ct_id\".*", "$1");
            masters.put(key, line.replaceAll(".*(\"master\":.*)", "$1"));
        }
        return masters;
    }

    @Test
    void oddEntriesAreWhatConntrackShowsAndSurviveACopy() throws IOException {
        TestNamespace here = namespaces.get(0);
        createOddEntries(here);
        assertThat(Conntrack.run(here, "-L"))
                .hasSizeGreaterThanOrEqualTo(30)
                .hasSameSizeAs(ODD.lines().toList());
        assertListedAsByConntrack(here);
        assertCopied(here, namespaces.get(1));
        assertListedAsByConntrack(namespaces.get(1));
    }

    @Test
    void entriesOfConntrackSurviveACopy() throws IOException {
        TestNamespace here = namespaces.get(0);
        for (String command : List.of(
                "-I -p tcp -s 10.0.0.1 -d 10.0.0.2 --sport 1 --dport 2 --state ESTABLISHED -t 9000 -u SEEN_REPLY,ASSURED",
                "-I -p tcp -s 10.0.0.1 -d 10.0.0.2 --sport 2 --dport 2 --state LISTEN -t 9000 -m 7",
                "-I -p sctp -s 10.0.0.1 -d 10.0.0.2 --sport 2 --dport 2 --state COOKIE_ECHOED --orig-vtag 7 --reply-vtag 8 -t 9000",
                "-I -p udp -r 10.0.0.4 -q 10.0.0.3 --reply-port-src 5 --reply-port-dst 6 -t 9000 -w 3",
                "-I -p icmp -s 10.0.0.1 -d 10.0.0.2 --icmp-type 8 --icmp-code 0 --icmp-id 5 -t 9000",
                "-I -p udp -s 10.0.0.7 -d 10.0.0.8 --sport 2 --dport 2 -t 9000 --src-nat 10.0.0.9:5",
                "-I -p 50 -s 10.0.0.7 -d 10.0.0.8 -t 9000")) {
            Conntrack.run(here, Arrays.stream(command.split(" ", -1)).toArray(String[]::new));
        }
        assertThat(Conntrack.run(here, "-L")).hasSizeGreaterThanOrEqualTo(6);
        assertListedAsByConntrack(here);
        assertCopied(here, namespaces.get(1));
    }
}
