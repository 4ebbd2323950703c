package dev.ctstream.conntrack;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * The kernel's messages of the flows of one host: captured NEW and DESTROY of TCP flows, with other addresses, ports, ids,
 * zones, times and counters, so that they compress as well as real ones and no better. Each flow begins and ends.
 */
public final class ReplayedFlows {
    private static final byte[] BEGIN = Fixtures.bytes("01-new-tcp4-zone5");
    private static final byte[] END = Fixtures.bytes("05-destroy-tcp4-zone5");
    private static final int CLIENTS = 1 << 12;
    private static final int SERVERS = 1 << 6;
    private static final int[] PORTS = {443, 80, 5432, 6379, 9092, 8080};

    private static final FlowEvent BEGIN_FIELDS = fields(BEGIN);
    private static final FlowEvent END_FIELDS = fields(END);

    private final SplittableRandom random;
    private final Map<Integer, List<Flow>> live = new HashMap<>(); // by zone

    private record Flow(
            int id, int zone, int client, int server, int sourcePort, int destinationPort, long startNanos) {}

    /** Flows of a host without any. */
    public ReplayedFlows(long seed) {
        random = new SplittableRandom(seed);
    }

    /** Delivers an event to a socket: a flow of the zone begins, or one of them ends; as many begin as end. */
    public void next(FakeSocket socket, int zone, long nowNanos) {
        socket.deliver(next(zone, nowNanos));
    }

    /** The next message of a zone. */
    public byte[] next(int zone, long nowNanos) {
        List<Flow> ofZone = live.computeIfAbsent(zone, added -> new ArrayList<>());
        if (!ofZone.isEmpty() && random.nextBoolean()) {
            return message(END, END_FIELDS, ofZone.remove(random.nextInt(ofZone.size())), nowNanos);
        }
        Flow flow = new Flow(
                random.nextInt(),
                zone,
                random.nextInt(CLIENTS),
                random.nextInt(SERVERS),
                32_768 + random.nextInt(28_000),
                PORTS[random.nextInt(PORTS.length)],
                nowNanos);
        ofZone.add(flow);
        return message(BEGIN, BEGIN_FIELDS, flow, nowNanos);
    }

    private static FlowEvent fields(byte[] captured) {
        FlowEvent event = new FlowEvent();
        if (!new FlowDecoder().decode(event, Fixtures.buffer(captured), 0, captured.length)) {
            throw new IllegalStateException("malformed");
        }
        return event;
    }

    private byte[] message(byte[] captured, FlowEvent event, Flow flow, long nowNanos) {
        byte[] message = captured.clone();
        ByteBuffer bytes = ByteBuffer.wrap(message);
        ports(bytes, event.original().sourcePort(), flow.sourcePort());
        ports(bytes, event.original().destinationPort(), flow.destinationPort());
        address(bytes, event.original().sourceOffset(), flow.client());
        address(bytes, event.reply().destinationOffset(), flow.client());
        address(bytes, event.original().destinationOffset(), 0x8000 | flow.server());
        address(bytes, event.reply().sourceOffset(), 0x8000 | flow.server());
        bytes.putInt(event.offset(FlowEvent.ID), flow.id());
        bytes.putShort(event.offset(FlowEvent.ZONE), (short) flow.zone());
        number(bytes, event, FlowEvent.EVENT_TIME, nowNanos);
        number(bytes, event, FlowEvent.START_TIME, flow.startNanos());
        number(bytes, event, FlowEvent.STOP_TIME, nowNanos - random.nextInt(1, 2_000));
        int packets = 1 + random.nextInt(1 << random.nextInt(1, 9));
        number(bytes, event, FlowEvent.PACKETS_ORIGINAL, packets);
        number(bytes, event, FlowEvent.BYTES_ORIGINAL, packets * (52L + random.nextInt(400)));
        number(bytes, event, FlowEvent.PACKETS_REPLY, packets);
        number(bytes, event, FlowEvent.BYTES_REPLY, packets * (52L + random.nextInt(1_400)));
        return message;
    }

    private static void address(ByteBuffer bytes, int offset, int number) {
        bytes.putShort(offset + 2, (short) number);
    }

    private static void number(ByteBuffer bytes, FlowEvent event, int field, long value) {
        if (event.has(field)) {
            bytes.putLong(event.offset(field), value);
        }
    }

    /** Replaces a port wherever it is an attribute's value. */
    private static void ports(ByteBuffer bytes, int old, int other) {
        for (int at = 0; at + 2 <= bytes.limit(); at += 4) {
            if ((bytes.getShort(at) & 0xFFFF) == old) {
                bytes.putShort(at, (short) other);
            }
        }
    }
}
