package dev.ctstream.conntrack;

import dev.ctstream.netlink.Clock;
import dev.ctstream.netlink.OwnSockets;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/**
 * Tells which flows are TCP connections that this process has made: to brokers and to a schema registry. A flow is one when
 * one of its ends is the local end of such a connection: its source, or its destination if the kernel has begun to track it
 * with an answer. It is remembered until its DESTROY, because the socket is closed before. What cannot be told counts as
 * somebody else's. ADR 29 has the reasons.
 *
 * <p>The sockets are looked at after the receipt of the event that is judged, so a socket that is still open is found,
 * however young. Not found: a connection that was refused before its event was judged, and one of an earlier process.
 *
 * <p>Bounds: looks take at most {@value #PERCENT} % of a core and the burst; beyond that the last look decides. Only half
 * of it is for flows from addresses at which this process had no socket yet, so that no flood of forwarded flows uses it
 * up. At most {@value #MOST_FLOWS} flows and {@value #MOST_ADDRESSES} addresses are remembered.
 *
 * <p>Threads: confined to the receive thread.
 */
final class OwnConnections {
    static final int MOST_FLOWS = 4096;
    static final int MOST_ADDRESSES = 64;
    private static final int TCP = 6;
    private static final int HUNDRED = 100;
    private static final int PERCENT = 2;
    private static final long BURST_NANOS = TimeUnit.MILLISECONDS.toNanos(20);
    /** A look is good for entries of dumps for this long; events ask for one after their receipt. */
    private static final long GOOD_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

    private final Supplier<Set<InetSocketAddress>> sockets;
    private final LongSupplier realtimeNanos;
    private final Set<Flow> flows = new LinkedHashSet<>();
    private final Set<InetAddress> addresses = new LinkedHashSet<>();
    private Set<InetSocketAddress> ends = Set.of();
    private long lookedNanos; // CLOCK_REALTIME; 0 = never
    private long allowedNanos = BURST_NANOS;

    /** A flow of ours; its id tells it from a later one with the same addresses and ports. */
    private record Flow(InetSocketAddress source, InetSocketAddress destination, long id) {}

    OwnConnections() {
        this(new OwnSockets()::localEnds, Clock::realtimeNanos);
    }

    OwnConnections(Supplier<Set<InetSocketAddress>> sockets, LongSupplier realtimeNanos) {
        this.sockets = sockets;
        this.realtimeNanos = realtimeNanos;
    }

    /**
     * Whether the flow of an event, or of a dump's entry, is a connection of this process.
     *
     * @param receivedNanos when it was received, ns since the epoch; 0 for an entry
     */
    boolean has(FlowEvent event, long receivedNanos) {
        Tuple tuple = event.original();
        if (tuple.protocol() != TCP || !tuple.has(Tuple.SOURCE_PORT) || !event.has(FlowEvent.ID)) {
            return false;
        }
        Flow flow = new Flow(
                end(tuple, tuple.sourceOffset(), tuple.sourcePort()),
                end(tuple, tuple.destinationOffset(), tuple.destinationPort()),
                event.id());
        boolean isEnd = event.eventType() == FlowEvent.DESTROY;
        if (isEnd ? flows.remove(flow) : flows.contains(flow)) {
            return true;
        }
        boolean familiar =
                addresses.contains(flow.source.getAddress()) || addresses.contains(flow.destination.getAddress());
        look(receivedNanos, familiar ? 0 : BURST_NANOS / 2);
        boolean own = ends.contains(flow.source) || ends.contains(flow.destination);
        if (own && !isEnd) {
            remember(flow, flows, MOST_FLOWS);
        }
        return own;
    }

    private static InetSocketAddress end(Tuple tuple, int offset, int port) {
        byte[] address = new byte[tuple.addressLengthBytes()];
        tuple.buffer().get(offset, address);
        return OwnSockets.end(address, port);
    }

    private static <T> void remember(T one, Set<T> among, int most) {
        if (among.add(one) && among.size() > most) {
            among.remove(among.iterator().next());
        }
    }

    private void look(long receivedNanos, long keptNanos) {
        long now = realtimeNanos.getAsLong();
        if (lookedNanos > receivedNanos && Math.abs(now - lookedNanos) < GOOD_NANOS) {
            return;
        }
        long since = Math.max(0, now - lookedNanos);
        long allowed = lookedNanos == 0 ? BURST_NANOS : Math.min(BURST_NANOS, allowedNanos + since * PERCENT / HUNDRED);
        if (allowed <= keptNanos) {
            return;
        }
        ends = sockets.get();
        ends.forEach(end -> remember(end.getAddress(), addresses, MOST_ADDRESSES));
        lookedNanos = realtimeNanos.getAsLong();
        allowedNanos = allowed - Math.max(0, lookedNanos - now);
    }
}
