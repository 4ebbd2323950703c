package dev.ctstream.conntrack;

import dev.ctstream.metrics.Metrics;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Received datagrams of numbered flows, made from two captured ones, for benchmarks. */
public final class DatagramFeed {
    private static final int SLOT_BYTES = 33 * 64;
    private static final long RECEIVED = 1_795_244_919_067_999_999L;

    private final ByteBuffer slots;
    private final DatagramDecoder decoder;
    private final byte[] begin = Fixtures.bytes("01-new-tcp4-zone5");
    private final byte[] end = Fixtures.bytes("05-destroy-tcp4-zone5");
    private final Offsets beginOffsets = new Offsets(begin);
    private final Offsets endOffsets = new Offsets(end);
    private final int[] lengths;

    private record Source(int index, String netns) implements EventSource {
        @Override
        public String netnsId() {
            return Integer.toString(index);
        }

        @Override
        public long dropsTotal() {
            return 0;
        }
    }

    private final EventSource source = new Source(0, "host");

    private static final class Offsets {
        final int id;
        final int destination;

        Offsets(byte[] message) {
            FlowDecoder decoder = new FlowDecoder();
            FlowEvent event = new FlowEvent();
            if (!decoder.decode(event, Fixtures.buffer(message), 0, message.length)) {
                throw new IllegalStateException("malformed");
            }
            id = event.offset(FlowEvent.ID);
            destination = event.original().destinationOffset();
        }
    }

    /** A feed with {@code count} slots. */
    public DatagramFeed(FlowEventHandler handler, Metrics metrics, int count) {
        slots = ByteBuffer.allocateDirect(count * SLOT_BYTES).order(ByteOrder.nativeOrder());
        lengths = new int[count];
        decoder = new DatagramDecoder(handler, new ReceiveMetrics(metrics));
    }

    /** Puts a flow's NEW into a slot. */
    public void putNew(int slot, int flow) {
        put(slot, flow, begin, beginOffsets);
    }

    /** Puts a flow's DESTROY into a slot. */
    public void putDestroy(int slot, int flow) {
        put(slot, flow, end, endOffsets);
    }

    private void put(int slot, int flow, byte[] message, Offsets offsets) {
        int at = slot * SLOT_BYTES;
        slots.put(at, message);
        slots.putInt(at + offsets.id, flow * 0x9E3779B1);
        slots.putInt(at + offsets.destination, Integer.reverseBytes(0x0A000000 + flow % 1_000_000));
        lengths[slot] = message.length;
    }

    /** Decodes the first slots and delivers their events, as the receive thread does. */
    public void deliver(int count) {
        for (int slot = 0; slot < count; slot++) {
            decoder.decode(source, slots, slot * SLOT_BYTES, lengths[slot], RECEIVED);
        }
        decoder.deliver(source, RECEIVED);
    }
}
