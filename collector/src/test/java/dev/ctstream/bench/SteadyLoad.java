package dev.ctstream.bench;

import com.sun.management.OperatingSystemMXBean;
import dev.ctstream.batch.Batcher;
import dev.ctstream.conntrack.EventSource;
import dev.ctstream.conntrack.FlowDecoder;
import dev.ctstream.conntrack.FlowEvent;
import dev.ctstream.netlink.Clock;
import dev.ctstream.track.FlowSink;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * Events at a fixed rate, decoded, encoded and batched as on the receive thread, for measurements of CPU time per event.
 *
 * <p>Threads: {@link #run} is confined to one.
 */
final class SteadyLoad {
    static final long PASS_NANOS = TimeUnit.MILLISECONDS.toNanos(1);

    private final int rate;
    private final int seconds;
    private final List<ByteBuffer> messages = VariedBatches.messages(4096);

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

    /**
     * A load.
     *
     * @param rate events a second
     */
    SteadyLoad(int rate, int seconds) {
        this.rate = rate;
        this.seconds = seconds;
    }

    /** Number of events of a run. */
    long events() {
        return (long) rate * seconds;
    }

    /** The work of the receive thread; ends with all batches closed. */
    void run(Batcher batcher) {
        Source source = new Source(0, "host");
        FlowDecoder decoder = new FlowDecoder();
        FlowEvent event = new FlowEvent();
        long begin = System.nanoTime();
        long sent = 0;
        long all = events();
        while (sent < all) {
            long now = System.nanoTime();
            long due = Math.min(all, (long) ((now - begin) / 1e9 * rate));
            long received = Clock.realtimeNanos();
            for (; sent < due; sent++) {
                ByteBuffer message = messages.get((int) (sent % messages.size()));
                decoder.decode(event, message, 0, message.limit());
                batcher.event(source, event, received, FlowSink.UNKNOWN);
            }
            batcher.pass(now);
            LockSupport.parkNanos(PASS_NANOS);
        }
        batcher.closeAll();
    }

    /** CPU time of this process since its start, ns. */
    static long processNanos() {
        return ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class).getProcessCpuTime();
    }
}
