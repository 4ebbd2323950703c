package dev.ctstream.track;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import dev.ctstream.conntrack.Fixtures;
import dev.ctstream.conntrack.FlowDecoder;
import dev.ctstream.conntrack.FlowEvent;
import dev.ctstream.conntrack.Tuple;
import dev.ctstream.conntrack.TupleSpec;
import dev.ctstream.conntrack.ZoneScope;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A ledger entry written as a message has the values of the message from which it was read. */
class InferredDestroyTest {
    private final FlowDecoder decoder = new FlowDecoder();
    private final FlowEvent event = new FlowEvent();
    private final FlowIdentity identity = new FlowIdentity();
    private final FlowLedger ledger = new FlowLedger(100);
    private final InferredDestroy message = new InferredDestroy();

    @Test
    void valuesOfCapturedMessagesAreKept() {
        List<byte[]> messages = Fixtures.flowMessages();
        assertThat(messages).hasSizeGreaterThan(20);
        for (byte[] bytes : messages) {
            ByteBuffer buffer = Fixtures.buffer(bytes);
            assertThat(decoder.decode(event, buffer, 0, bytes.length)).isTrue();
            identity.load(0, event);
            int reference = ledger.add(identity, identity.hash(), event, 0);
            FlowEvent back = message.destroy(ledger.record(reference));
            verifySame(back);
            ledger.remove(reference);
        }
    }

    private void verifySame(FlowEvent back) {
        assertThat(back.eventType()).isEqualTo(FlowEvent.DESTROY);
        assertThat(back.requesterPortId()).isZero();
        assertThat(back.ipVersion()).isEqualTo(event.ipVersion());
        assertThat(back.id()).isEqualTo(event.id());
        assertThat(back.zone()).isEqualTo(event.zone());
        assertThat(ZoneScope.of(back)).isEqualTo(ZoneScope.of(event));
        assertThat(back.has(FlowEvent.ZONE)).isEqualTo(event.has(FlowEvent.ZONE));
        assertThat(back.original().has(Tuple.ZONE)).isEqualTo(event.original().has(Tuple.ZONE));
        assertThat(TupleSpec.of(back.original())).isEqualTo(TupleSpec.of(event.original()));
        assertThat(TupleSpec.of(back.reply())).isEqualTo(TupleSpec.of(event.reply()));
        assertThat(back.status()).isEqualTo(event.status());
        verifyOptional(back);
        assertThat(back.has(FlowEvent.STOP_TIME)).isFalse();
        assertThat(back.has(FlowEvent.TIMEOUT)).isFalse();
        assertThat(back.unknownAttributes()).isZero();
        assertThat(back.unexpectedAttributes()).isZero();
    }

    private void verifyOptional(FlowEvent back) {
        for (int field : new int[] {
            FlowEvent.STATUS,
            FlowEvent.MARK,
            FlowEvent.START_TIME,
            FlowEvent.PACKETS_ORIGINAL,
            FlowEvent.BYTES_REPLY,
            FlowEvent.TCP_STATE,
            FlowEvent.SCTP_STATE
        }) {
            assertThat(back.has(field)).as("field %d", field).isEqualTo(event.has(field));
        }
        if (event.has(FlowEvent.MARK)) {
            assertThat(back.mark()).isEqualTo(event.mark());
        }
        if (event.has(FlowEvent.START_TIME)) {
            assertThat(back.startTimeNanos()).isEqualTo(event.startTimeNanos());
        }
        if (event.has(FlowEvent.PACKETS_ORIGINAL)) {
            assertThat(back.packetsOriginal()).isEqualTo(event.packetsOriginal());
            assertThat(back.bytesOriginal()).isEqualTo(event.bytesOriginal());
            assertThat(back.packetsReply()).isEqualTo(event.packetsReply());
            assertThat(back.bytesReply()).isEqualTo(event.bytesReply());
        }
        if (event.has(FlowEvent.TCP_STATE)) {
            assertThat(back.tcpState()).isEqualTo(event.tcpState());
        }
        if (event.has(FlowEvent.SCTP_STATE)) {
            assertThat(back.sctpState()).isEqualTo(event.sctpState());
        }
    }

    @Test
    void laterMessagesUpdateTheirValues() {
        MadeFlows flows = new MadeFlows();
        FlowEvent begin = flows.begin(15, 9); // IPv6, zone
        identity.load(0, begin);
        int reference = ledger.add(identity, identity.hash(), begin, 0);
        ledger.record(reference).update(flows.entry(15, 9, 123, 4));
        FlowEvent back = message.destroy(ledger.record(reference));
        assertThat(back.ipVersion()).isEqualTo(6);
        assertThat(back.zone()).isEqualTo(15);
        assertThat(back.startTimeNanos()).isEqualTo(123);
        assertThat(back.packetsOriginal()).isEqualTo(4);
        assertThat(back.bytesOriginal()).isEqualTo(400);
        assertThat(back.packetsReply()).isEqualTo(5);
        assertThat(back.bytesReply()).isEqualTo(401);
    }

    @Test
    void aMillionMessagesAllocateNothing() {
        for (byte[] bytes : Fixtures.flowMessages()) {
            assertThat(decoder.decode(event, Fixtures.buffer(bytes), 0, bytes.length))
                    .isTrue();
            identity.load(0, event);
            if (ledger.find(identity, identity.hash()) == FlowLedger.NONE) {
                ledger.add(identity, identity.hash(), event, 0);
            }
        }
        assertThat(ledger.size()).isGreaterThan(5);
        write(1_000_000); // loads classes, learns the shapes, lets the compiler end its work
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        threads.getCurrentThreadAllocatedBytes();
        long before = threads.getCurrentThreadAllocatedBytes();
        long sum = write(1_000_000);
        long allocatedBytes = threads.getCurrentThreadAllocatedBytes() - before;
        assertThat(sum).isNotZero();
        assertThat(allocatedBytes).isZero();
    }

    private long write(int count) {
        long sum = 0;
        int positions = ledger.positions();
        for (int i = 0; i < count; i++) {
            int reference = ledger.at(i % positions);
            if (reference != FlowLedger.NONE) {
                sum += message.destroy(ledger.record(reference)).id();
            }
        }
        return sum;
    }
}
