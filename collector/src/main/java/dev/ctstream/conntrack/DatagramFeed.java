package dev.ctstream.conntrack;

import dev.ctstream.netlink.MessageCursor;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * Datagrams of numbered flows, made from recorded ones, on the way that received ones take. Nothing is received: this is
 * for rehearsals and benchmarks.
 *
 * <p>Threads: confined to one.
 */
public final class DatagramFeed {
    /**
     * The datagrams as the kernel sent them, one message each: a TCP flow from NEW over three UPDATEs to DESTROY, and
     * NEW and DESTROY of a UDP flow.
     */
    private static final String RECORDED = "recorded-events.bin";

    private static final int SLOT_BYTES = 512;
    private static final int ID_FACTOR = 0x9E3779B1; // spreads the numbers as the kernel's hash does
    private static final int NETWORK = 10 << 24;
    private static final int ADDRESSES = 1_000_000;

    private final ByteBuffer slots;
    private final int[] lengths;
    private final DatagramDecoder decoder;
    private final List<Recorded> recorded = recorded();
    private final EventSource source = new Source();

    /** A recorded datagram, and where the numbers of a flow go. */
    private static final class Recorded {
        final byte[] bytes;
        final int id;
        final int destination;

        Recorded(byte[] bytes, int id, int destination) {
            this.bytes = bytes;
            this.id = id;
            this.destination = destination;
        }
    }

    private static final class Source implements EventSource {
        @Override
        public int index() {
            return 0;
        }

        @Override
        public String netns() {
            return "recorded";
        }

        @Override
        public String netnsId() {
            return "0";
        }

        @Override
        public long dropsTotal() {
            return 0;
        }
    }

    /** A feed with {@code slots} slots. */
    public DatagramFeed(FlowEventHandler handler, ReceiveObserver observer, int slots) {
        this.slots = ByteBuffer.allocateDirect(slots * SLOT_BYTES).order(ByteOrder.nativeOrder());
        lengths = new int[slots];
        decoder = new DatagramDecoder(handler, observer, true);
    }

    private static List<Recorded> recorded() {
        ByteBuffer all;
        try (InputStream in = Objects.requireNonNull(DatagramFeed.class.getResourceAsStream(RECORDED), RECORDED)) {
            all = ByteBuffer.wrap(in.readAllBytes()).order(ByteOrder.nativeOrder());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        List<Recorded> recorded = new ArrayList<>();
        MessageCursor cursor = new MessageCursor();
        FlowDecoder decoder = new FlowDecoder();
        cursor.wrap(all, 0, all.capacity());
        while (cursor.next()) {
            FlowEvent event = new FlowEvent();
            if (!decoder.decode(event, all, cursor.offset(), cursor.lengthBytes())) {
                throw new IllegalStateException(RECORDED + " is damaged at " + cursor.offset());
            }
            byte[] bytes = new byte[cursor.lengthBytes()];
            all.get(cursor.offset(), bytes);
            recorded.add(new Recorded(
                    bytes,
                    event.offset(FlowEvent.ID) - cursor.offset(),
                    event.original().destinationOffset() - cursor.offset()));
        }
        return recorded;
    }

    /** The recorded datagrams, as the kernel sent them. */
    static List<byte[]> recordedDatagrams() {
        return recorded().stream().map(datagram -> datagram.bytes.clone()).toList();
    }

    /** Number of recorded datagrams. */
    public int size() {
        return recorded.size();
    }

    /** Puts a recorded datagram into a slot, as one of this flow. */
    public void put(int slot, int datagram, int flow) {
        Recorded from = recorded.get(datagram);
        int at = slot * SLOT_BYTES;
        slots.put(at, from.bytes);
        slots.putInt(at + from.id, flow * ID_FACTOR);
        slots.putInt(at + from.destination, Integer.reverseBytes(NETWORK + flow % ADDRESSES));
        lengths[slot] = from.bytes.length;
    }

    /**
     * Decodes the first {@code count} slots and delivers their events, as the receive thread does.
     *
     * @param receivedTimeNanos CLOCK_REALTIME
     */
    public void deliver(int count, long receivedTimeNanos) {
        for (int slot = 0; slot < count; slot++) {
            decoder.decode(source, slots, slot * SLOT_BYTES, lengths[slot], receivedTimeNanos);
        }
        decoder.deliver(source, receivedTimeNanos);
    }
}
