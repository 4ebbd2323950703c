package dev.ctstream.admin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ctstream.admin.Entries.Created;
import dev.ctstream.admin.Entries.Deleted;
import dev.ctstream.conntrack.ConntrackTable;
import dev.ctstream.conntrack.FakeKernel;
import dev.ctstream.conntrack.FakeKernel.Generation;
import dev.ctstream.conntrack.FlowSpec;
import dev.ctstream.conntrack.Flows;
import dev.ctstream.conntrack.Flush;
import dev.ctstream.conntrack.TupleSpec;
import dev.ctstream.conntrack.ZoneScope;
import dev.ctstream.netlink.Errno;
import dev.ctstream.netlink.NetlinkException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Management operations on fake kernels of several generations. */
class EntriesTest {
    private final List<Failure> failures = new ArrayList<>();

    private static Entries over(FakeKernel kernel) throws NetlinkException {
        Entries entries = Entries.over(ConntrackTable.over(kernel));
        for (FlowSpec flow : Flows.all()) {
            entries.create(flow, false);
        }
        return entries;
    }

    private static long expected(Predicate<FlowSpec> which) {
        return Flows.all().stream().filter(which).count();
    }

    private static EntryFilter filter(String... namesAndValues) throws FieldException {
        Map<String, String> fields = new java.util.HashMap<>();
        for (int i = 0; i < namesAndValues.length; i += 2) {
            fields.put(namesAndValues[i], namesAndValues[i + 1]);
        }
        return EntryFields.filter(fields, "--");
    }

    @ParameterizedTest
    @EnumSource(Generation.class)
    void countsMatchingEntriesOnEveryKernel(Generation generation) throws Exception {
        try (Entries entries = over(new FakeKernel(generation))) {
            assertThat(entries.count(EntryFilter.ALL)).isEqualTo(Flows.all().size());
            assertThat(entries.count(filter("zone", "7")))
                    .isEqualTo(expected(flow -> flow.zone().zone() == 7));
            assertThat(entries.count(filter("original-zone", "42")))
                    .isEqualTo(expected(flow -> flow.zone().zone() == 42));
            assertThat(entries.count(filter("reply-zone", "42"))).isZero();
            assertThat(entries.count(filter("protocol", "sctp", "family", "ipv6")))
                    .isEqualTo(expected(flow -> flow.original().protocol() == 132) / 2);
            assertThat(entries.count(filter("source", "fd09::/16")))
                    .isEqualTo(expected(flow -> flow.original().family() == 10));
            assertThat(entries.count(filter("source", "fd09:2::1")))
                    .isEqualTo(expected(flow -> flow.original().family() == 10) / Flows.ZONES.size());
            assertThat(entries.count(filter("source", "fd09:2::2"))).isZero();
            assertThat(entries.count(filter("reply-source", "10.9.2.2")))
                    .isEqualTo(expected(flow -> flow.original().family() == 2) / Flows.ZONES.size());
            assertThat(entries.count(filter("destination-port", "53")))
                    .isEqualTo(expected(flow -> flow.original().protocol() == 17));
            assertThat(entries.count(filter("state", "ESTABLISHED", "protocol", "sctp")))
                    .isEqualTo(expected(flow -> flow.original().protocol() == 132));
            assertThat(entries.count(filter("icmp-id", "0x1234")))
                    .isEqualTo(expected(flow -> flow.original().protocol() == 1));
            assertThat(entries.count(filter("helper", "ftp"))).isZero();
            assertThat(entries.count(filter("label", "3"))).isZero();
        }
    }

    @Test
    void countsDirectionsOfEveryZone() throws Exception {
        try (Entries entries = over(new FakeKernel(Generation.V6_12))) {
            int each = Flows.all().size() / Flows.ZONES.size();
            List<ZoneCounts.Zone> zones = new ArrayList<>();
            entries.zones(EntryFilter.ALL).forEach(zones::add);
            assertThat(zones)
                    .containsExactly(
                            new ZoneCounts.Zone(
                                    0, each, 2 * each, 2 * each), // and the other directions of directional entries
                            new ZoneCounts.Zone(1, each, each, each),
                            new ZoneCounts.Zone(7, each, each, each),
                            new ZoneCounts.Zone(42, each, each, 0),
                            new ZoneCounts.Zone(43, each, 0, each),
                            new ZoneCounts.Zone(65_535, each, each, each));
        }
    }

    @ParameterizedTest
    @EnumSource(Generation.class)
    void aFlushDeletesExactlyItsScopeOnEveryKernel(Generation generation) throws Exception {
        FakeKernel kernel = new FakeKernel(generation);
        try (Entries entries = over(kernel)) {
            long all = kernel.size();
            Entries.Flushed zone = entries.flush(new Flush.Zone(7), failures::add);
            assertThat(zone.entries()).isEqualTo(expected(flow -> flow.zone().zone() == 7));
            assertThat(zone.oneByOne() == null).isEqualTo(generation == Generation.V6_12);
            assertThat(kernel.size()).isEqualTo(all - zone.entries());
            Entries.Flushed family = entries.flush(new Flush.Family(10), failures::add);
            assertThat(kernel.size()).isEqualTo(all - zone.entries() - family.entries());
            assertThat(entries.flush(new Flush.Everything(), failures::add).entries())
                    .isEqualTo(all - zone.entries() - family.entries());
            assertThat(kernel.size()).isZero();
            assertThat(failures).isEmpty();
        }
    }

    @Test
    void deletesTheSelectionAndReportsTheOutcome() throws Exception {
        FakeKernel kernel = new FakeKernel(Generation.V6_12);
        try (Entries entries = over(kernel);
                Selection selection = entries.select(filter("zone", "7", "family", "ipv4"))) {
            long all = kernel.size();
            TupleSpec tuple = Flows.tuple("10.9.2.1", "10.9.2.2", new TupleSpec.Ports(17, 65_535, 53));
            FlowSpec successor = Flows.flow(tuple, ZoneScope.both(7));
            kernel.beforeDelete(() -> renew(kernel, tuple, successor));
            Deleted deleted = selection.delete(failures::add);
            // The new entry has another id and stays.
            assertThat(deleted).isEqualTo(new Deleted(selection.count() - 1, 1, 0, 0));
            assertThat(kernel.size()).isEqualTo(all - (selection.count() - 1));
            assertThat(entries.count(filter("zone", "7", "protocol", "udp", "family", "ipv4")))
                    .isEqualTo(1);
        }
    }

    private static void renew(FakeKernel kernel, TupleSpec tuple, FlowSpec successor) {
        kernel.expire(tuple);
        try {
            Entries.over(ConntrackTable.over(kernel)).create(successor, false);
        } catch (NetlinkException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void looksUpAnExactTupleDirectly() throws Exception {
        FakeKernel kernel = new FakeKernel(Generation.V6_12);
        try (Entries entries = over(kernel)) {
            for (String[] zone : new String[][] {
                {"zone", "0", "0"},
                {"zone", "7", "2"},
                {"zone", "42", "4"},
                {"zone", "43", "5"},
                {"original-zone", "42", "4"},
                {"reply-zone", "43", "5"}
            }) {
                kernel.requests().clear();
                String network = "10.9." + zone[2] + ".";
                EntryFilter exact = filter(
                        zone[0],
                        zone[1],
                        "protocol",
                        "udp",
                        "source",
                        network + 1,
                        "source-port",
                        "65535",
                        "destination",
                        network + 2,
                        "destination-port",
                        "53");
                try (Selection selection = entries.select(exact)) {
                    assertThat(selection.count()).as(zone[0] + " " + zone[1]).isEqualTo(1);
                    assertThat(kernel.requests()).hasSizeLessThanOrEqualTo(2); // no dump
                }
            }
        }
    }

    @Test
    void keepsAnEntryThatNoLongerMatches() throws Exception {
        FakeKernel kernel = new FakeKernel(Generation.V6_12);
        try (Entries entries = Entries.over(ConntrackTable.over(kernel))) {
            FlowSpec marked =
                    FlowSpec.of(Flows.udp(1)).timeoutSeconds(9).mark(5).build();
            FlowSpec other = FlowSpec.of(Flows.udp(1)).timeoutSeconds(9).mark(6).build();
            entries.create(marked, false);
            try (Selection selection = entries.select(filter("mark", "5"))) {
                kernel.expire(Flows.udp(1));
                entries.create(other, false); // the fake has no update; a new entry takes its place
                assertThat(selection.delete(failures::add)).isEqualTo(new Deleted(0, 1, 0, 0));
            }
            assertThat(kernel.size()).isEqualTo(1);
        }
    }

    @Test
    void replaceReportsWhatItDid() throws Exception {
        FakeKernel kernel = new FakeKernel(Generation.V6_12);
        try (Entries entries = over(kernel)) {
            FlowSpec there = Flows.all().get(0);
            assertThatThrownBy(() -> entries.create(there, false)).isInstanceOfSatisfying(NetlinkException.class, e -> {
                assertThat(e.errno()).isEqualTo(Errno.EEXIST);
                assertThat(Entries.createFailure(e).text())
                        .contains("create entry", "EEXIST (17) File exists", "--replace");
            });
            FlowSpec translated = FlowSpec.of(there.original())
                    .timeoutSeconds(1)
                    .sourceNat(new FlowSpec.Nat(Flows.address("10.0.0.9"), null))
                    .build();
            assertThat(entries.create(translated, true)).isEqualTo(Created.REPLACED);
            assertThat(kernel.size()).isEqualTo(Flows.all().size());
        }
    }

    @Test
    void exceptionsOfTheHandlerReachTheCaller() throws Exception {
        try (Entries entries = over(new FakeKernel(Generation.V6_12))) {
            IOException full = new IOException("No space left on device");
            assertThatThrownBy(() -> entries.list(EntryFilter.ALL, entry -> {
                        throw full;
                    }))
                    .isSameAs(full);
        }
    }

    @ParameterizedTest
    @EnumSource(Failure.Change.class)
    void everyErrnoHasARemedy(Failure.Change change) {
        for (int errno = 1; errno < 133; errno++) {
            Failure failure = Failure.of(change, new NetlinkException("do", errno));
            assertThat(failure.text()).contains("do: " + Errno.name(errno)).doesNotEndWith("; ");
        }
    }
}
