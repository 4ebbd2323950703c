package dev.ctstream.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.ctstream.conntrack.ConntrackTable;
import dev.ctstream.conntrack.DumpFilter;
import dev.ctstream.conntrack.EventReceiver;
import dev.ctstream.conntrack.EventSocket;
import dev.ctstream.conntrack.EventSource;
import dev.ctstream.conntrack.FlowEvent;
import dev.ctstream.conntrack.FlowEventHandler;
import dev.ctstream.conntrack.ReceiveMetrics;
import dev.ctstream.conntrack.SubscriptionConfig;
import dev.ctstream.metrics.Metrics;
import dev.ctstream.netlink.FreshNamespace;
import dev.ctstream.netlink.NetlinkException;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentSkipListMap;
import org.junit.jupiter.api.Test;

/** Both loads generate exactly the events that they report, in the requested zones and of the requested kinds. */
class GeneratorKernelIT {
    private static final int FLOWS = 1_200;
    private static final int PER_STEP = 64;
    private static final long STOP_MILLIS = 10_000;

    @Test
    void eachPacketMakesOneFlowInItsZone() throws Exception {
        FreshNamespace.run(() -> {
            BenchNetwork.prepare(true, false);
            LoadSpec spec = spec(LoadSpec.Kind.PACKETS, 3, 0);
            try (Load load = PacketLoad.open(spec, 5, PER_STEP)) {
                makeAll(load);
            }
            assertThat(entries()).isEqualTo(Map.of("4/17/0", 400, "4/17/1", 400, "4/17/2", 400));
        });
    }

    @Test
    void eachPacketMakesOneFlowInBothIpVersions() throws Exception {
        FreshNamespace.run(() -> {
            BenchNetwork.prepare(false, true);
            LoadSpec spec = spec(LoadSpec.Kind.PACKETS, 1, 30);
            try (Load load = PacketLoad.open(spec, 0, PER_STEP)) {
                makeAll(load);
            }
            Map<String, Integer> entries = entries();
            assertThat(entries.getOrDefault("6/17/0", 0)).isBetween(FLOWS / 4, FLOWS / 3 + FLOWS / 20);
            assertThat(entries.get("4/17/0")).isEqualTo(FLOWS - entries.getOrDefault("6/17/0", 0));
        });
    }

    @Test
    void eachEntryCausesOneNewAndOneDestroy() throws Exception {
        FreshNamespace.run(() -> {
            BenchNetwork.prepare(false, false);
            LoadSpec spec = spec(LoadSpec.Kind.CTNETLINK, 4, 25);
            Map<String, Integer> events = new ConcurrentSkipListMap<>();
            try (Metrics metrics = new Metrics();
                    Load load = EntryLoad.open(spec, 0, PER_STEP)) {
                receive(metrics, new Counting(events), () -> {
                    makeAll(load);
                    assertThat(load.ended()).isEqualTo(FLOWS);
                });
            }
            assertThat(entries()).isEmpty();
            for (int zone = 0; zone < 4; zone++) {
                for (int type : new int[] {FlowEvent.NEW, FlowEvent.DESTROY}) {
                    String of = type + "/zone" + zone;
                    assertThat(events.get(of)).as(of).isEqualTo(FLOWS / 4);
                }
            }
            assertThat(events.get("version6")).isBetween(2 * FLOWS / 5, 2 * FLOWS * 3 / 10);
            assertThat(events.get("protocol17")).isBetween(FLOWS * 9 / 10, FLOWS * 11 / 10);
        });
    }

    private static LoadSpec spec(LoadSpec.Kind kind, int zones, int ipv6Percent) {
        return new LoadSpec(kind, 0, FLOWS, 30, zones, 50, ipv6Percent, 1);
    }

    private static void makeAll(Load load) throws NetlinkException {
        int events = 0;
        for (int asked = load.step(PER_STEP); asked > 0; asked = load.step(PER_STEP)) {
            events += asked;
        }
        assertThat(events).isEqualTo(2 * FLOWS);
        assertThat(load.begun()).isEqualTo(FLOWS);
        assertThat(load.failed()).isZero();
        assertThat(load.settled()).isTrue();
    }

    /** Receives events while the body generates them, until all have arrived. */
    private static void receive(Metrics metrics, FlowEventHandler handler, FreshNamespace.Body body) throws Exception {
        ReceiveMetrics counts = new ReceiveMetrics(metrics);
        EventReceiver receiver = EventReceiver.open(handler, counts);
        receiver.add(EventSocket.open(null, "test", SubscriptionConfig.standard()));
        Thread thread = new Thread(receiver, "test-receive");
        thread.start();
        body.run();
        await().atMost(Duration.ofSeconds(20)).until(() -> counts.eventsTotal() == 2 * FLOWS);
        assertThat(receiver.stop(STOP_MILLIS)).isTrue();
        receiver.close();
    }

    private static Map<String, Integer> entries() throws NetlinkException {
        Map<String, Integer> entries = new TreeMap<>();
        try (ConntrackTable table = ConntrackTable.open(null)) {
            table.dump(DumpFilter.ALL, entry -> entries.merge(kind(entry), 1, Integer::sum));
        }
        return entries;
    }

    private static String kind(FlowEvent entry) {
        return entry.ipVersion() + "/" + entry.original().protocol() + "/" + entry.zone();
    }

    private record Counting(Map<String, Integer> events) implements FlowEventHandler {
        @Override
        public void onEvent(EventSource source, FlowEvent event, long receivedTimeNanos) {
            events.merge(event.eventType() + "/zone" + event.zone(), 1, Integer::sum);
            events.merge("version" + event.ipVersion(), 1, Integer::sum);
            events.merge("protocol" + event.original().protocol(), 1, Integer::sum);
        }

        @Override
        public void onDrained(EventSource source, long dropsDelta) {
            assertThat(dropsDelta).isZero();
        }

        @Override
        public long onPass(long nowNanos) {
            return Long.MAX_VALUE;
        }
    }
}
