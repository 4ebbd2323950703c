package dev.ctstream.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.admin.AdminSite;
import dev.ctstream.admin.EntryFilter;
import dev.ctstream.admin.EntryPrinter;
import dev.ctstream.conntrack.FlowSpec;
import dev.ctstream.conntrack.Flows;
import dev.ctstream.conntrack.Flush;
import dev.ctstream.conntrack.TupleSpec;
import dev.ctstream.conntrack.ZoneScope;
import dev.ctstream.netlink.NetlinkException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Compares our listing and our changes with those of the program {@code conntrack}. */
class EntriesOracleIT {
    private static final int ATTEMPTS = 20;

    private AdminSite site;

    @BeforeEach
    void open() throws IOException {
        site = AdminSite.open();
        site.entries().flush(new Flush.Everything(), failure -> {});
    }

    @AfterEach
    void close() {
        site.close();
    }

    private List<String> conntrack(String... arguments) throws NetlinkException {
        return Conntrack.run(site.namespace(), arguments);
    }

    private List<String> ours(EntryFilter filter) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        site.entries().list(filter, EntryPrinter.conntrack(out));
        return out.toString(StandardCharsets.UTF_8).lines().toList();
    }

    /** The timeouts change between two listings, so both are repeated until they fall into the same second. */
    private void assertSame(EntryFilter filter, String... options) throws IOException {
        List<String> arguments = new ArrayList<>(List.of("-L", "-o", "id,extended"));
        arguments.addAll(List.of(options));
        List<String> theirs = List.of();
        List<String> mine = List.of();
        for (int i = 0; i < ATTEMPTS; i++) {
            theirs = conntrack(arguments.toArray(new String[0]));
            mine = ours(filter);
            if (mine.equals(theirs)) {
                break;
            }
        }
        assertThat(mine).isEqualTo(theirs);
    }

    @Test
    void listsTheSameLinesAsConntrack() throws IOException {
        List<FlowSpec> flows = flows();
        for (FlowSpec flow : flows) {
            site.entries().create(flow, false);
        }
        assertSame(EntryFilter.ALL);
        assertThat(ours(EntryFilter.ALL)).hasSameSizeAs(flows);
        for (ZoneScope zone : Flows.ZONES) {
            String option = switch (zone.direction()) {
                case BOTH -> "--zone";
                case ORIGINAL -> "--orig-zone";
                case REPLY -> "--reply-zone";
            };
            if (zone.zone() != 0) {
                assertSame(EntryFilter.zone(zone.zone()), option, "" + zone.zone());
            }
        }
    }

    /** Flows of all protocols and zones, and with addresses, states, marks, times and NAT that have special output. */
    private static List<FlowSpec> flows() {
        List<FlowSpec> flows = new ArrayList<>(Flows.all());
        String[] addresses = {
            "2001:db8::1:0:0:1", "1:0:2:3:4:5:6:7", "1:0:0:2:3:0:0:4", "fe80::", "1:2:3:4:5:6:0:0", "fd00::1.2.3.4"
        };
        for (int i = 0; i < addresses.length; i++) {
            TupleSpec tuple = Flows.tuple(addresses[i], "fd0f::" + i, new TupleSpec.Ports(6, 65_535, i));
            flows.add(FlowSpec.of(tuple)
                    .timeoutSeconds(i == 0 ? 0xFFFF_FFFFL : 432_000)
                    .protocolState(i + 1)
                    .status(i % 2 == 0 ? 0xE : 0xA)
                    .mark(0xFFFF_FFFFL - i)
                    .build());
        }
        for (byte[] embedded :
                new byte[][] {{0, 0, 1, 2, 3, 4}, {-1, -1, 0, 0, 0, 1}, {0, 0, 0, 0, 0, 1}, {0, 0, 0, 1, 0, 0}}) {
            byte[] address = new byte[16];
            System.arraycopy(embedded, 0, address, 10, embedded.length);
            flows.add(FlowSpec.of(new TupleSpec(
                            TupleSpec.address(address), Flows.address("fd0e::1"), new TupleSpec.Ports(17, 1, 1)))
                    .timeoutSeconds(999)
                    .build());
        }
        flows.add(FlowSpec.of(Flows.udp(77))
                .timeoutSeconds(500)
                .zone(ZoneScope.both(9))
                .sourceNat(new FlowSpec.Nat(Flows.address("10.99.0.1"), 4444))
                .build());
        return flows;
    }

    @Test
    void eachProgramDeletesTheEntriesOfTheOther() throws Exception {
        conntrack(
                "-I",
                "-p",
                "udp",
                "-s",
                "10.4.0.1",
                "-d",
                "10.4.0.2",
                "--sport",
                "1",
                "--dport",
                "2",
                "-t",
                "600",
                "-w",
                "7");
        assertThat(site.entries().count(EntryFilter.zone(7))).isEqualTo(1);
        site.entries().flush(new Flush.Zone(7), failure -> {});
        assertThat(conntrack("-L")).isEmpty();
        for (FlowSpec flow : Flows.all()) {
            site.entries().create(flow, false);
        }
        conntrack("-D", "--orig-zone", "42");
        conntrack("-D", "-w", "65535");
        assertThat(site.entries().count(EntryFilter.zone(42))).isZero();
        assertThat(site.entries().count(EntryFilter.zone(65_535))).isZero();
        assertSame(EntryFilter.ALL);
        site.assertOtherDecoysIntact();
    }
}
