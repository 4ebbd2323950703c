package dev.ctstream.conntrack;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.ctstream.metrics.Metrics;
import dev.ctstream.netlink.MessageCursor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class DumpRingTest {
    /** By port: the number of bytes at the end of its message, each with the value of the port's lowest byte. */
    private final Map<Integer, Integer> tailBytes = new HashMap<>();

    private final List<Integer> ports = new ArrayList<>();
    private final List<DumpEntryKind> kinds = new ArrayList<>();
    private final AtomicInteger wakes = new AtomicInteger();
    private final DumpRing ring = new DumpRing(4, 2 * DumpRing.MAX_MESSAGE_BYTES, wakes::incrementAndGet);
    private final Metrics registry = new Metrics();
    private final EventSource source = new EventSource() {
        @Override
        public int index() {
            return 0;
        }

        @Override
        public String netns() {
            return "host";
        }

        @Override
        public String netnsId() {
            return "1";
        }

        @Override
        public long dropsTotal() {
            return 0;
        }
    };
    private final DatagramDecoder decoder = new DatagramDecoder(
            new FlowEventHandler() {
                @Override
                public void onEvent(EventSource from, FlowEvent event, long receivedTimeNanos) {
                    throw new AssertionError("not an event");
                }

                @Override
                public void onDumpEntry(EventSource from, FlowEvent event, DumpEntryKind kind) {
                    assertThat(from).isSameAs(source);
                    int port = event.original().destinationPort();
                    ports.add(port);
                    kinds.add(kind);
                    int end = event.messageOffset() + event.messageLengthBytes();
                    for (int i = end - tailBytes.getOrDefault(port, 0); i < end; i++) {
                        assertThat(event.buffer().get(i)).isEqualTo((byte) port);
                    }
                }

                @Override
                public void onDumpMark(EventSource from, DumpEntryKind kind) {
                    assertThat(from).isSameAs(source);
                    kinds.add(kind);
                }

                @Override
                public void onDrained(EventSource from, long dropsDelta) {}

                @Override
                public long onPass(long nowNanos) {
                    return 0;
                }
            },
            new ReceiveMetrics(registry),
            true);
    private final byte[] dump = Fixtures.bytes("26-dump-2entries");
    private final MessageCursor message = new MessageCursor().wrap(Fixtures.buffer(dump), 0, dump.length);

    @AfterEach
    void close() {
        registry.close();
    }

    @Test
    void messagesComeOutInOrderAndAFullRingRefuses() {
        assertThat(ring.offerMark(source, DumpEntryKind.BEGIN)).isTrue();
        for (int port = 1; port < 4; port++) {
            assertThat(ring.offer(source, DumpEntryKind.ENTRY, flow(port, 0))).isTrue();
        }
        assertThat(ring.offer(source, DumpEntryKind.ENTRY, flow(4, 0))).isFalse();
        assertThat(ring.offerMark(source, DumpEntryKind.END)).isFalse();
        assertThat(ring.pending()).isEqualTo(4);
        assertThat(ring.take(decoder, 3)).isEqualTo(3);
        assertThat(ring.offer(source, DumpEntryKind.DYING, flow(5, 0))).isTrue();
        assertThat(ring.offerMark(source, DumpEntryKind.END)).isTrue();
        assertThat(ring.take(decoder, 100)).isEqualTo(3);
        assertThat(ring.take(decoder, 100)).isZero();
        assertThat(ports).containsExactly(1, 2, 3, 5);
        assertThat(kinds)
                .containsExactly(
                        DumpEntryKind.BEGIN,
                        DumpEntryKind.ENTRY,
                        DumpEntryKind.ENTRY,
                        DumpEntryKind.ENTRY,
                        DumpEntryKind.DYING,
                        DumpEntryKind.END);
    }

    /** Random lengths, random order of offering and taking: every message comes out unchanged. */
    @Test
    void messagesOfAllLengthsStayIntactAtEveryOffset() {
        Random random = new Random(20_181);
        DumpRing small = new DumpRing(16, 4608, wakes::incrementAndGet);
        int offered = 0;
        int taken = 0;
        int refused = 0;
        while (offered < 20_000) {
            MessageCursor cursor = flow(offered, 4 * random.nextInt(random.nextInt(8) == 0 ? 975 : 175));
            boolean fits = random.nextInt(20) == 0
                    ? small.offerMark(source, DumpEntryKind.END)
                    : small.offer(source, DumpEntryKind.ENTRY, cursor) && ++offered > 0;
            if (!fits) {
                refused++;
                assertThat(small.pending()).isPositive();
            }
            if (!fits || random.nextInt(3) == 0) {
                taken += small.take(decoder, 1 + random.nextInt(3));
            }
        }
        taken += small.take(decoder, Integer.MAX_VALUE);
        assertThat(taken).isGreaterThan(offered);
        assertThat(refused).isPositive();
        assertThat(ports)
                .hasSize(offered)
                .isEqualTo(IntStream.range(0, offered).boxed().toList());
    }

    private MessageCursor flow(int port, int moreBytes) {
        tailBytes.put(port, moreBytes);
        byte[] more = new byte[moreBytes];
        Arrays.fill(more, (byte) port);
        byte[] message =
                MessageBytes.newFlow(MessageBytes.ports(17, 1, port), MessageBytes.attribute(Cta.CTA_LABELS, more));
        MessageCursor cursor = new MessageCursor().wrap(Fixtures.buffer(message), 0, message.length);
        assertThat(cursor.next()).isTrue();
        return cursor;
    }

    @Test
    void wakesTheReceiverOnlyWhenItMayBeWaiting() {
        assertThat(message.next()).isTrue();
        ring.offer(source, DumpEntryKind.ENTRY, message);
        ring.offer(source, DumpEntryKind.ENTRY, message);
        assertThat(wakes).hasValue(1);
        ring.take(decoder, 1);
        ring.offer(source, DumpEntryKind.ENTRY, message);
        assertThat(wakes).hasValue(1);
        ring.take(decoder, 2);
        ring.offer(source, DumpEntryKind.ENTRY, message);
        assertThat(wakes).hasValue(2);
    }

    @Test
    void aMessageThatIsTooLongThrows() {
        byte[] large = MessageBytes.newFlow(
                MessageBytes.ports(17, 1, 2),
                MessageBytes.attribute(Cta.CTA_SECMARK, new byte[DumpRing.MAX_MESSAGE_BYTES]));
        MessageCursor cursor = new MessageCursor().wrap(Fixtures.buffer(large), 0, large.length);
        assertThat(cursor.next()).isTrue();
        assertThatIllegalArgumentException().isThrownBy(() -> ring.offer(source, DumpEntryKind.ENTRY, cursor));
    }

    @Test
    void aMarkHasNoMessageAndAnEntryIsNotAMark() {
        assertThat(message.next()).isTrue();
        assertThatIllegalArgumentException().isThrownBy(() -> ring.offer(source, DumpEntryKind.END, message));
        assertThatIllegalArgumentException().isThrownBy(() -> ring.offerMark(source, DumpEntryKind.ENTRY));
        assertThat(ring.pending()).isZero();
    }
}
