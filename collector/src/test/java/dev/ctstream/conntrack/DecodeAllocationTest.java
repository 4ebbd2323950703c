package dev.ctstream.conntrack;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import dev.ctstream.netlink.MessageCursor;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;

/** Decoding leaves no garbage. */
class DecodeAllocationTest {
    private static final int ROUNDS = 1_000_000;

    private final FlowDecoder decoder = new FlowDecoder();
    private final FlowEvent event = new FlowEvent();
    private final FlowEventDigest digest = new FlowEventDigest();
    private final MessageCursor cursor = new MessageCursor();
    private final ByteBuffer[] datagrams =
            Fixtures.flowMessages().stream().map(Fixtures::buffer).toArray(ByteBuffer[]::new);

    @Test
    void aMillionDecodesAllocateNothing() {
        decode(100_000); // loads classes
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        threads.getCurrentThreadAllocatedBytes();
        long before = threads.getCurrentThreadAllocatedBytes();
        long sum = decode(ROUNDS);
        long allocatedBytes = threads.getCurrentThreadAllocatedBytes() - before;
        assertThat(sum).isNotZero();
        assertThat(allocatedBytes).isZero();
    }

    private long decode(int rounds) {
        long sum = 0;
        for (int i = 0; i < rounds; i++) {
            ByteBuffer datagram = datagrams[i % datagrams.length];
            cursor.wrap(datagram, 0, datagram.limit());
            while (cursor.next()) {
                sum += decoder.decode(event, datagram, cursor.offset(), cursor.lengthBytes()) ? digest.of(event) : 0;
            }
        }
        return sum;
    }
}
