package dev.ctstream.conntrack;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import dev.ctstream.netlink.MessageCursor;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntToLongFunction;
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
        assertAllocatesNothing(this::decode);
    }

    @Test
    void aMillionVerdictsOfAFilterAllocateNothing() {
        FlowFilter filter = FlowFilter.parse(
                List.of("!1000-2000", "!3000"), List.of("!gre"), List.of("!192.0.2.0/24", "0.0.0.0/1", "2000::/3"));
        List<FlowEvent> events = new ArrayList<>();
        for (ByteBuffer datagram : datagrams) {
            FlowEvent decoded = new FlowEvent();
            if (decoder.decode(decoded, datagram, 0, datagram.limit())) {
                events.add(decoded);
            }
        }
        assertAllocatesNothing(rounds -> {
            long admitted = 0;
            for (int i = 0; i < rounds; i++) {
                admitted += filter.admits(events.get(i % events.size())) ? 1 : 0;
            }
            return admitted;
        });
    }

    private static void assertAllocatesNothing(IntToLongFunction work) {
        assertThat(work.applyAsLong(100_000)).isNotZero(); // loads classes
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        threads.getCurrentThreadAllocatedBytes();
        long before = threads.getCurrentThreadAllocatedBytes();
        long sum = work.applyAsLong(ROUNDS);
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
