package dev.ctstream.conntrack;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ctstream.netlink.Errno;
import dev.ctstream.netlink.NetlinkException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Entries created over netlink: dumps and events show what was requested, and only the named entries are deleted. */
class EntriesKernelIT {
    private static final List<ZoneScope> ZONES = List.of(
            ZoneScope.NONE,
            ZoneScope.both(1),
            ZoneScope.both(7),
            ZoneScope.both(65_535),
            ZoneScope.original(42),
            ZoneScope.reply(43));
    private static final int STATUS = IpsStatus.IPS_CONFIRMED | IpsStatus.IPS_ASSURED | IpsStatus.IPS_SEEN_REPLY;

    private TestNamespace namespace;
    private ConntrackTable table;

    @BeforeEach
    void open() throws NetlinkException {
        namespace = TestNamespace.create();
        table = ConntrackTable.open(namespace.handle());
    }

    @AfterEach
    void close() {
        table.close();
        namespace.close();
    }

    @Test
    void everyProtocolInEveryZoneRaisesOneNewAndOneDestroy() throws Exception {
        List<FlowSpec> flows = flows();
        try (ReceiveHarness harness = new ReceiveHarness()) {
            harness.receiver().add(EventSocket.open(namespace.handle(), "test", ReceiveHarness.config(false, 1 << 20)));
            harness.start();
            for (FlowSpec flow : flows) {
                table.create(flow);
            }
            List<EntryKey> keys = new ArrayList<>();
            table.dump(DumpFilter.ALL, entry -> keys.add(EntryKey.of(entry)));
            assertThat(keys).hasSameSizeAs(flows);
            assertThat(table.stats().entries()).isEqualTo(flows.size());
            for (EntryKey key : keys) {
                table.delete(key);
            }
            assertThat(table.stats().entries()).isZero();
            harness.stop();

            List<ReceiveHarness.Seen> created = harness.seen(e -> e.kind().equals("NEW"));
            List<ReceiveHarness.Seen> destroyed = harness.seen(e -> e.kind().equals("DESTROY"));
            assertThat(created).hasSameSizeAs(flows);
            assertThat(harness.seen()).hasSize(2 * flows.size());
            for (int i = 0; i < flows.size(); i++) {
                check(created.get(i), flows.get(i));
            }
            assertThat(destroyed.stream().map(EntriesKernelIT::key)).containsExactlyElementsOf(keys);
            assertThat(created.stream().map(EntriesKernelIT::key)).containsExactlyInAnyOrderElementsOf(keys);
            assertThat(destroyed).allSatisfy(this::checkDestroy);
            assertThat(harness.drops()).isZero();
        }
    }

    /** As {@code downstream.md} says. */
    @Test
    void theTrialOfAZoneFlushIsOneFlowThatConsumersCanTell() throws NetlinkException {
        TupleSpec trial = Flows.tuple("192.0.2.1", "192.0.2.1", new TupleSpec.Ports(17, 9, 9));
        try (ReceiveHarness harness = new ReceiveHarness()) {
            harness.receiver().add(EventSocket.open(namespace.handle(), "test", ReceiveHarness.config(false, 1 << 20)));
            harness.start();
            table.flush(new Flush.Zone(7));
            table.flush(new Flush.Everything());
            harness.stop();
            assertThat(harness.seen())
                    .allSatisfy(event -> assertThat(event.original()).isEqualTo(trial))
                    .allSatisfy(event ->
                            assertThat(event.json().get("pid").asLong()).isEqualTo(table.portId()))
                    .extracting(ReceiveHarness.Seen::kind)
                    .containsExactly("NEW", "DESTROY");
        }
    }

    private void check(ReceiveHarness.Seen event, FlowSpec flow) {
        assertThat(event.original()).isEqualTo(flow.original());
        assertThat(event.reply()).isEqualTo(flow.reply());
        assertThat(event.zone()).isEqualTo(flow.zone());
        assertThat(event.json().get("mark").asLong()).isEqualTo(flow.mark());
        assertThat(event.json().get("status").asInt()).isEqualTo(STATUS);
        assertThat(event.json().get("timeout").asLong()).isBetween(90L, 100L);
        assertThat(event.json().get("pid").asLong()).isEqualTo(table.portId());
        assertThat(event.json().has("orig_packets")).isFalse();
        boolean tcp = flow.original().protocol() == 6;
        assertThat(event.json().path("tcp_state").asText()).isEqualTo(tcp ? "ESTABLISHED" : "");
    }

    private void checkDestroy(ReceiveHarness.Seen event) {
        assertThat(event.json().get("status").asInt()).isEqualTo(STATUS | IpsStatus.IPS_DYING);
        assertThat(event.json().get("orig_packets").asLong()).isZero();
        assertThat(event.json().get("stop_ns").asLong())
                .isGreaterThan(event.json().get("start_ns").asLong());
        assertThat(event.json().get("pid").asLong()).isEqualTo(table.portId());
    }

    private static EntryKey key(ReceiveHarness.Seen event) {
        return new EntryKey(event.original(), event.zone(), event.id());
    }

    @Test
    void getFindsOneEntryAndUpdateChangesIt() throws NetlinkException {
        TupleSpec tcp = tuple("10.9.0.1", new TupleSpec.Ports(6, 1, 2));
        table.create(flow(tcp, ZoneScope.both(7), 1));
        table.create(flow(tcp, ZoneScope.NONE, 2));
        table.update(FlowSpec.of(tcp).zone(ZoneScope.both(7)).mark(77).build());
        List<Long> marks = new ArrayList<>();
        table.get(tcp, ZoneScope.both(7), entry -> marks.add(entry.mark()));
        table.get(tcp, ZoneScope.NONE, entry -> marks.add(entry.mark()));
        assertThat(marks).containsExactly(77L, 2L);
        refused(Errno.ENOENT, () -> table.get(tcp, ZoneScope.both(8), entry -> {}));
        refused(Errno.EEXIST, () -> table.create(flow(tcp, ZoneScope.NONE, 3)));
        refused(
                Errno.ENOENT,
                () -> table.update(
                        FlowSpec.of(tcp).zone(ZoneScope.both(8)).mark(1).build()));
    }

    @Test
    void sourceNatIsVisibleInTheReply() throws Exception {
        TupleSpec udp = tuple("10.9.0.1", new TupleSpec.Ports(17, 1000, 53));
        table.create(FlowSpec.of(udp)
                .timeoutSeconds(100)
                .status(IpsStatus.IPS_CONFIRMED)
                .sourceNat(new FlowSpec.Nat(InetAddress.getByName("10.9.9.9"), 4444))
                .build());
        List<TupleSpec> replies = new ArrayList<>();
        table.get(udp, ZoneScope.NONE, entry -> replies.add(TupleSpec.of(entry.reply())));
        assertThat(replies)
                .containsExactly(new TupleSpec(
                        InetAddress.getByName("10.9.0.2"),
                        InetAddress.getByName("10.9.9.9"),
                        new TupleSpec.Ports(17, 53, 4444)));
    }

    @Test
    void deleteNeverHitsASuccessorOrAnotherZone() throws NetlinkException {
        TupleSpec udp = tuple("10.9.0.1", new TupleSpec.Ports(17, 1000, 53));
        table.create(flow(udp, ZoneScope.both(7), 1));
        EntryKey key = onlyKey(DumpFilter.zone(7));
        refused(Errno.ENOENT, () -> table.delete(new EntryKey(udp, ZoneScope.both(7), key.id() ^ 1)));
        refused(Errno.ENOENT, () -> table.delete(new EntryKey(udp, ZoneScope.NONE, key.id())));
        assertThat(table.stats().entries()).isEqualTo(1);
        table.delete(key);
        assertThat(table.stats().entries()).isZero();
    }

    @Test
    void flushDeletesOnlyWhatItNames() throws NetlinkException {
        List<FlowSpec> flows = flows();
        for (FlowSpec flow : flows) {
            table.create(flow);
        }
        table.flush(new Flush.Zone(7));
        long left = flows.stream().filter(flow -> flow.zone().zone() != 7).count();
        assertThat(table.stats().entries()).isEqualTo(left).isPositive();
        table.flush(new Flush.Zone(1234));
        assertThat(table.stats().entries()).isEqualTo(left);
        table.flush(new Flush.Family(NfGenMsg.AF_INET6));
        left = flows.stream()
                .filter(flow -> flow.zone().zone() != 7 && flow.original().family() == NfGenMsg.AF_INET)
                .count();
        assertThat(table.stats().entries()).isEqualTo(left).isPositive();
        table.flush(new Flush.Everything());
        assertThat(table.stats().entries()).isZero();
    }

    @Test
    void aZoneCanBeDeletedEntryByEntry() throws NetlinkException {
        for (FlowSpec flow : flows()) {
            table.create(flow);
        }
        long before = table.stats().entries();
        long inZone = count(DumpFilter.zone(42));
        new ZoneFlush(table).deleteOneByOne(42);
        assertThat(inZone).isPositive();
        assertThat(count(DumpFilter.zone(42))).isZero();
        assertThat(table.stats().entries()).isEqualTo(before - inZone);
    }

    @Test
    void dumpFiltersAgree() throws NetlinkException {
        List<FlowSpec> flows = flows();
        for (FlowSpec flow : flows) {
            table.create(flow);
        }
        for (ZoneScope zone : ZONES) {
            assertThat(count(DumpFilter.zone(zone.zone())))
                    .as(zone.toString())
                    .isEqualTo(flows.stream()
                            .filter(flow -> flow.zone().equals(zone))
                            .count());
        }
        for (int family : new int[] {NfGenMsg.AF_INET, NfGenMsg.AF_INET6}) {
            assertThat(count(DumpFilter.family(family)))
                    .isEqualTo(flows.stream()
                            .filter(flow -> flow.original().family() == family)
                            .count());
        }
        DumpFilter odd = new DumpFilter(0, null, new DumpFilter.Masked(1, 1), null);
        assertThat(count(odd))
                .isEqualTo((flows.size() + 1) / 2) // marks count from 1
                .isPositive();
        DumpFilter assured =
                new DumpFilter(0, 7, null, new DumpFilter.Masked(IpsStatus.IPS_ASSURED, IpsStatus.IPS_ASSURED));
        assertThat(count(assured)).isEqualTo(count(DumpFilter.zone(7)));
    }

    @Test
    void statisticsAreAvailable() throws NetlinkException {
        assertThat(table.stats().maxEntries()).isPositive();
        assertThat(table.statsPerCpu())
                .hasSizeGreaterThanOrEqualTo(1)
                .isSortedAccordingTo(Comparator.comparingInt(CpuStats::cpu));
        List<EntryKey> dying = new ArrayList<>();
        table.dumpDying(entry -> dying.add(EntryKey.of(entry)));
        assertThat(dying).isEmpty();
    }

    private long count(DumpFilter filter) throws NetlinkException {
        List<Long> ids = new ArrayList<>();
        table.dump(filter, entry -> ids.add(entry.id()));
        return ids.size();
    }

    private EntryKey onlyKey(DumpFilter filter) throws NetlinkException {
        List<EntryKey> keys = new ArrayList<>();
        table.dump(filter, entry -> keys.add(EntryKey.of(entry)));
        assertThat(keys).hasSize(1);
        return keys.get(0);
    }

    private static void refused(int errno, ThrowingCallable request) {
        assertThatThrownBy(request)
                .isInstanceOfSatisfying(
                        NetlinkException.class, e -> assertThat(e.errno()).isEqualTo(errno));
    }

    private static List<FlowSpec> flows() {
        List<FlowSpec> flows = new ArrayList<>();
        List<TupleSpec.Layer4> both = List.of(
                new TupleSpec.Ports(6, 40_000, 80),
                new TupleSpec.Ports(17, 65_535, 53),
                new TupleSpec.Ports(132, 7000, 7001),
                new TupleSpec.Ports(47, 0, 0x1122),
                new TupleSpec.AddressesOnly(50),
                new TupleSpec.AddressesOnly(99));
        for (ZoneScope zone : ZONES) {
            // The free direction of a directional zone is in zone 0, where the same tuple would clash.
            boolean directional = zone.direction() != ZoneScope.Direction.BOTH;
            String v4 = directional ? "10.9." + zone.zone() + ".1" : "10.9.0.1";
            String v6 = directional ? "fd09:" + zone.zone() + "::1" : "fd09::1";
            for (TupleSpec.Layer4 layer4 : both) {
                flows.add(flow(tuple(v4, layer4), zone, flows.size() + 1));
                flows.add(flow(tuple(v6, layer4), zone, flows.size() + 1));
            }
            flows.add(flow(tuple(v4, new TupleSpec.Icmp(1, 8, 0, 0x1234)), zone, flows.size() + 1));
            flows.add(flow(tuple(v6, new TupleSpec.Icmp(58, 128, 0, 0xFEDC)), zone, flows.size() + 1));
        }
        return flows;
    }

    private static FlowSpec flow(TupleSpec original, ZoneScope zone, long mark) {
        FlowSpec.Builder flow = FlowSpec.of(original)
                .zone(zone)
                .timeoutSeconds(100)
                .status(STATUS)
                .mark(mark);
        if (original.protocol() == 6) {
            flow.protocolState(ProtocolStates.TCP.indexOf("ESTABLISHED"));
        }
        return flow.build();
    }

    /** From the address to its successor. */
    private static TupleSpec tuple(String source, TupleSpec.Layer4 layer4) {
        try {
            InetAddress from = InetAddress.getByName(source);
            byte[] next = from.getAddress();
            next[next.length - 1]++;
            return new TupleSpec(from, InetAddress.getByAddress(next), layer4);
        } catch (UnknownHostException e) {
            throw new AssertionError(e);
        }
    }
}
