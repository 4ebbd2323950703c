package dev.ctstream.batch;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import dev.ctstream.conntrack.Fixtures;
import dev.ctstream.conntrack.FlowDecoder;
import dev.ctstream.conntrack.FlowEvent;
import dev.ctstream.conntrack.PrivacyRules;
import dev.ctstream.metrics.Metrics;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

/** Decoding and encoding allocate nothing while batches are released. */
class EncodeAllocationTest {
    private static final int EVENTS = 1_000_000;
    private static final int EVENTS_PER_PASS = 1000;
    /**
     * The JVM allocates a few strings on our thread when it drops compiled code; our own garbage would appear every
     * time.
     */
    private static final int ATTEMPTS = 5;

    private final BatchRing ring = new BatchRing();
    private final FlowDecoder decoder = new FlowDecoder();
    private final FlowEvent event = new FlowEvent();
    private final ByteBuffer[] datagrams =
            Fixtures.flowMessages().stream().map(Fixtures::buffer).toArray(ByteBuffer[]::new);
    private long now;

    @Test
    void aMillionEventsAllocateNothing() {
        verifyAllocatesNothing(BatchConfig.DEFAULT);
    }

    @Test
    void aMillionEventsWithDerivedFieldsAllocateNothing() {
        verifyAllocatesNothing(new BatchConfig(512, 256 << 10, 500, new DerivedFields(true, true), PrivacyRules.NONE));
    }

    @Test
    void aMillionReducedEventsAllocateNothing() {
        PrivacyRules rules = PrivacyRules.parse(List.of("5", "10.0.0.0/8", "!10.1.0.0/16", "2001:db8::/32"), true);
        verifyAllocatesNothing(new BatchConfig(512, 256 << 10, 500, DerivedFields.NONE, rules));
    }

    private void verifyAllocatesNothing(BatchConfig config) {
        try (Metrics metrics = new Metrics()) {
            ControlOutbox outbox = new ControlOutbox(ring);
            Batcher batcher = new Batcher(config, TestBatcher.RUN, "node-1", ring, outbox, new BatchMetrics(metrics));
            encode(batcher, 200_000); // loads classes, allocates the buffers of every zone's usual size
            List<Long> allocatedBytes = new ArrayList<>();
            for (int i = 0; i < ATTEMPTS && !allocatedBytes.contains(0L); i++) {
                allocatedBytes.add(allocatedByAMillion(batcher));
            }
            assertThat(allocatedBytes).contains(0L);
        }
    }

    private long allocatedByAMillion(Batcher batcher) {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        threads.getCurrentThreadAllocatedBytes();
        long before = threads.getCurrentThreadAllocatedBytes();
        long events = encode(batcher, EVENTS);
        long allocatedBytes = threads.getCurrentThreadAllocatedBytes() - before;
        assertThat(events).isCloseTo(EVENTS, Offset.offset(10L * BatchConfig.DEFAULT.maxEvents()));
        return allocatedBytes;
    }

    private long encode(Batcher batcher, int count) {
        long taken = 0;
        for (int i = 0; i < count; i++) {
            ByteBuffer datagram = datagrams[i % datagrams.length];
            if (decoder.decode(event, datagram, 0, datagram.limit())) {
                batcher.event(TestBatcher.HOST, event, TestBatcher.RECEIVED + i, i);
            }
            if (i % EVENTS_PER_PASS == 0) {
                now += 1_000_000;
                batcher.pass(now);
                taken += takeAll();
            }
        }
        return taken;
    }

    /** Acts as the next stage, on this thread. */
    private long takeAll() {
        long events = 0;
        for (EncodedBatch batch = ring.poll(); batch != null; batch = ring.poll()) {
            batch.number(0); // as the spool thread does
            events += batch.count();
            ring.release(batch);
        }
        return events;
    }
}
