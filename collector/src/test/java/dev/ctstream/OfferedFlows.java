package dev.ctstream;

import static org.awaitility.Awaitility.await;

import dev.ctstream.conntrack.ConntrackTable;
import dev.ctstream.conntrack.DumpFilter;
import dev.ctstream.conntrack.EntryKey;
import dev.ctstream.conntrack.FlowSpec;
import dev.ctstream.conntrack.IpsStatus;
import dev.ctstream.conntrack.TupleSpec;
import dev.ctstream.conntrack.ZoneScope;
import dev.ctstream.netlink.FreshNamespace;
import dev.ctstream.netlink.NetlinkException;
import dev.ctstream.netlink.NetworkNamespace;
import dev.ctstream.read.TopicContents;
import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;

/**
 * Creates and deletes entries over netlink in 64 zones, alternating IPv4 and IPv6. The events in transit never exceed
 * half of the collector's receive buffer, so that none is lost, even with a small buffer on a busy machine.
 */
public final class OfferedFlows implements AutoCloseable {
    /** The lowest and the highest zone, and 62 in between. */
    public static final List<Integer> ZONES =
            IntStream.range(0, 64).map(i -> i * 65_535 / 63).boxed().toList();

    private static final int UDP = 17;
    private static final int LOOK_EVERY = 16;
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final InetAddress[] SOURCES = {FreshNamespace.ip("10.1.0.1"), FreshNamespace.ip("fd01::1")};
    private static final InetAddress[] DESTINATIONS = {FreshNamespace.ip("10.2.0.1"), FreshNamespace.ip("fd02::1")};

    private final ConntrackTable table;
    private final List<Spec> specs = new ArrayList<>();
    private long offered;

    /** A requested entry, as far as a consumer can see it. */
    public record Spec(int zone, String source, String destination, long port) {}

    private OfferedFlows(ConntrackTable table) {
        this.table = table;
    }

    /** Creates entries in a namespace. */
    public static OfferedFlows in(NetworkNamespace namespace) throws NetlinkException {
        return new OfferedFlows(ConntrackTable.open(namespace));
    }

    /** The request that led to a flow. */
    public static Spec specOf(TopicContents.Flow flow) {
        return new Spec(flow.zone(), flow.source(), flow.destination(), Objects.requireNonNull(flow.port()));
    }

    /** All flows so far. */
    public List<Spec> specs() {
        return specs;
    }

    /** Number of events that the kernel has raised for the collector. */
    public long offered() {
        return offered;
    }

    /** Resets the count, for another collector. */
    public void restart() {
        offered = 0;
    }

    /** Creates this many more entries, in each zone in turn. */
    public void create(Collector collector, int count) throws NetlinkException {
        for (int i = 0; i < count; i++) {
            keepPace(collector);
            int number = specs.size();
            int zone = ZONES.get(number % ZONES.size());
            int family = number / ZONES.size() % 2;
            int port = number / ZONES.size() + 1;
            TupleSpec original =
                    new TupleSpec(SOURCES[family], DESTINATIONS[family], new TupleSpec.Ports(UDP, port, 53));
            table.create(FlowSpec.of(original)
                    .zone(ZoneScope.both(zone))
                    .timeoutSeconds(600)
                    .status(IpsStatus.IPS_CONFIRMED)
                    .build());
            specs.add(new Spec(zone, text(SOURCES[family]), text(DESTINATIONS[family]), port));
            offered++;
        }
    }

    /** Deletes every entry of the namespace. */
    public void deleteAll(Collector collector) throws NetlinkException {
        List<EntryKey> keys = new ArrayList<>();
        table.dump(DumpFilter.ALL, entry -> keys.add(EntryKey.of(entry)));
        for (EntryKey key : keys) {
            keepPace(collector);
            table.delete(key);
            offered++;
        }
    }

    private void keepPace(Collector collector) {
        if (offered % LOOK_EVERY == 0) {
            long room = collector.namespaces().sockets().get(0).capacityEvents() / 2;
            if (underWay(collector) >= room) {
                await().pollInterval(Duration.ofMillis(1)).atMost(PATIENCE).until(() -> underWay(collector) < room);
            }
        }
    }

    private long underWay(Collector collector) {
        Collector.Totals totals = collector.totals();
        return offered - totals.received() - totals.lostByKernel();
    }

    private static String text(InetAddress address) {
        return address.getAddress().length == Integer.BYTES
                ? address.getHostAddress()
                : address.getHostAddress().replaceFirst("(:0)+:", "::");
    }

    @Override
    public void close() {
        table.close();
    }
}
