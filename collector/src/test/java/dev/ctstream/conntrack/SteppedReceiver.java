package dev.ctstream.conntrack;

import dev.ctstream.metrics.Metrics;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/**
 * The receive loop over {@link FakeSocket}s, one pass at a time: the order of {@link EventReceiver}, with its decoder and
 * ring, without its system calls.
 */
public final class SteppedReceiver {
    private static final int RING_SLOTS = 16;
    private static final int RING_BYTES = 16 << 10;
    private static final int MESSAGES = 64;

    private final FlowEventHandler handler;
    private final DatagramDecoder decoder;
    private final DumpRing ring = new DumpRing(RING_SLOTS, RING_BYTES, () -> {});
    private final List<FakeSocket> sources = new ArrayList<>();
    private final Deque<Runnable> commands = new ArrayDeque<>();
    private final ByteBuffer buffer = ByteBuffer.allocate(MESSAGES * 512).order(ByteOrder.nativeOrder());

    /** A receiver without sources. */
    public SteppedReceiver(FlowEventHandler handler, Metrics metrics) {
        this.handler = handler;
        decoder = new DatagramDecoder(handler, new ReceiveMetrics(metrics), true);
    }

    /** As {@link EventReceiver#dumpRing}. */
    public DumpRing dumpRing() {
        return ring;
    }

    /** As {@link EventReceiver#add}. */
    public void add(FakeSocket source) {
        commands.add(() -> sources.add(source));
    }

    /** As {@link EventReceiver#remove}. */
    public void remove(FakeSocket source) {
        commands.add(() -> {
            if (sources.remove(source)) {
                drainFinally(source);
            }
        });
    }

    /**
     * Drains each source once, takes what a dump has offered, and closes what is due.
     *
     * @param most events to take from a source; the rest waits
     */
    public void pass(int most, long nowNanos, long realtimeNanos) {
        applyCommands();
        int waiting = ring.pending();
        boolean dry = true;
        for (FakeSocket source : sources) {
            dry &= drain(source, most, realtimeNanos);
        }
        if (dry) {
            ring.take(decoder, waiting);
        }
        handler.onPass(nowNanos);
    }

    private void applyCommands() {
        for (Runnable command = commands.poll(); command != null; command = commands.poll()) {
            command.run();
        }
    }

    private boolean drain(FakeSocket source, int most, long realtimeNanos) {
        int count = 0;
        byte[] message = null;
        while (count < most) {
            buffer.clear();
            int inBuffer = 0;
            for (message = source.receive(); message != null; message = source.receive()) {
                int offset = buffer.position();
                buffer.put(message);
                decoder.decode(source, buffer, offset, message.length, realtimeNanos);
                count++;
                if (++inBuffer == MESSAGES || count == most) {
                    break;
                }
            }
            decoder.deliver(source, realtimeNanos);
            if (message == null) {
                break;
            }
        }
        handler.onDrained(source, source.readDrops());
        return message == null;
    }

    private void drainFinally(FakeSocket source) {
        source.unsubscribe();
        drain(source, Integer.MAX_VALUE, lastRealtimeNanos);
        handler.onRemoved(source);
    }

    private long lastRealtimeNanos;

    /** Sets the time for what is received outside {@link #pass}. */
    public void time(long realtimeNanos) {
        lastRealtimeNanos = realtimeNanos;
    }

    /** Unsubscribes and drains all sources, as the end of {@link EventReceiver#run}. */
    public void finish(long nowNanos) {
        applyCommands();
        sources.forEach(this::drainFinally);
        sources.clear();
        handler.onPass(nowNanos);
    }
}
