package dev.ctstream.bench;

import dev.ctstream.batch.BatchConfig;
import dev.ctstream.batch.BatchMetrics;
import dev.ctstream.batch.BatchRing;
import dev.ctstream.batch.Batcher;
import dev.ctstream.batch.ControlOutbox;
import dev.ctstream.batch.EncodedBatch;
import dev.ctstream.conntrack.EventSource;
import dev.ctstream.conntrack.Fixtures;
import dev.ctstream.conntrack.FlowDecoder;
import dev.ctstream.conntrack.FlowEvent;
import dev.ctstream.metrics.Metrics;
import dev.ctstream.record.RunIdentity;
import dev.ctstream.track.FlowSink;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Closed batches of NEW and DESTROY events of TCP flows. The messages are captured; addresses, ports and ids vary from
 * event to event, so that they compress as well as real ones and no better.
 */
public final class VariedBatches {
    static final RunIdentity RUN = new RunIdentity(
            "2f8e3c0d6a1b4c7e9d5f0a1b2c3d4e5f", "5e0c1b9e-8f0e-4e55-9a3d-6a2d9b7c1f10", 1_795_244_000_000_000_000L);

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

    private VariedBatches() {}

    /**
     * Creates batches, each of one zone.
     *
     * @param batches number of batches
     * @param eventsEach events in each of them
     */
    public static List<EncodedBatch> make(int batches, int eventsEach) {
        SplittableRandom random = new SplittableRandom(42);
        byte[][] messages = {Fixtures.bytes("01-new-tcp4-zone5"), Fixtures.bytes("05-destroy-tcp4-zone5")};
        BatchRing ring = new BatchRing(2 * batches, Long.MAX_VALUE / 2);
        List<EncodedBatch> made = new ArrayList<>();
        try (Metrics metrics = new Metrics()) {
            Batcher batcher = new Batcher(
                    new BatchConfig(eventsEach, 1 << 20, 1000),
                    RUN,
                    "node-1",
                    ring,
                    new ControlOutbox(ring),
                    new BatchMetrics(metrics));
            Source source = new Source(0, "host");
            FlowDecoder decoder = new FlowDecoder();
            FlowEvent event = new FlowEvent();
            long now = RUN.streamEpoch();
            while (made.size() < batches) {
                byte[] message = varied(messages[random.nextInt(2)].clone(), event, random);
                ByteBuffer buffer = Fixtures.buffer(message);
                if (decoder.decode(event, buffer, 0, message.length)) {
                    now += random.nextInt(20_000);
                    batcher.event(source, event, now, FlowSink.UNKNOWN);
                }
                for (EncodedBatch batch = ring.poll(); batch != null; batch = ring.poll()) {
                    batch.number(made.size());
                    made.add(batch);
                }
            }
        }
        return made;
    }

    /** The netlink messages of such events. */
    public static List<ByteBuffer> messages(int count) {
        SplittableRandom random = new SplittableRandom(43);
        byte[][] captured = {Fixtures.bytes("01-new-tcp4-zone5"), Fixtures.bytes("05-destroy-tcp4-zone5")};
        List<ByteBuffer> messages = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            messages.add(Fixtures.buffer(varied(captured[i % 2].clone(), new FlowEvent(), random)));
        }
        return messages;
    }

    private static byte[] varied(byte[] message, FlowEvent event, SplittableRandom random) {
        new FlowDecoder().decode(event, Fixtures.buffer(message), 0, message.length);
        int client = random.nextInt(1 << 12);
        int server = random.nextInt(1 << 6);
        int port = 32_768 + random.nextInt(28_000);
        int[] places = {
            event.original().sourceOffset(),
            event.reply().destinationOffset(),
            event.original().destinationOffset(),
            event.reply().sourceOffset()
        };
        replace(message, event.original().sourcePort(), port, 2);
        replace(message, (int) event.id(), random.nextInt(), 4);
        for (int i = 0; i < places.length; i++) {
            int address = i < 2 ? client : server;
            message[places[i] + 2] = (byte) (address >> 8);
            message[places[i] + 3] = (byte) address;
        }
        return message;
    }

    /** Replaces a number, big endian, wherever it is at the start of an attribute's value. */
    private static void replace(byte[] message, int old, int other, int bytes) {
        ByteBuffer buffer = ByteBuffer.wrap(message);
        for (int at = 0; at + bytes <= message.length; at += 4) {
            if (bytes == 2 && (buffer.getShort(at) & 0xFFFF) == old) {
                buffer.putShort(at, (short) other);
            } else if (bytes == 4 && buffer.getInt(at) == old) {
                buffer.putInt(at, other);
            }
        }
    }
}
