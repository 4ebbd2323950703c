package dev.ctstream.netlink;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Crafted bytes through real sockets, sent from one user socket to another over NETLINK_USERSOCK. */
class DatagramBatchKernelIT {
    private static final int GROUP = 3;
    private static final int GROUP_BIT = 1 << (GROUP - 1);

    private NetlinkSocket sender = open();
    private NetlinkSocket receiver = open();

    private static NetlinkSocket open() {
        try {
            return NetlinkSocket.open(NetlinkSocket.NETLINK_USERSOCK);
        } catch (NetlinkException e) {
            throw new AssertionError(e);
        }
    }

    @BeforeEach
    void makeRoom() throws NetlinkException {
        receiver.requestReceiveBuffer(200_000);
    }

    @AfterEach
    void close() {
        sender.close();
        receiver.close();
    }

    private void send(ByteBuffer datagram) throws NetlinkException {
        sender.sendTo(datagram, receiver.portId(), 0);
    }

    private static ByteBuffer message(int sequence, int payloadBytes) {
        MessageWriter out = new MessageWriter().start(0x10, 0, sequence);
        for (int i = 0; i < payloadBytes; i++) {
            out.rawU8(sequence + i);
        }
        ByteBuffer padded = out.finish();
        return padded.limit(NlMsgHdr.HEADER_BYTES + payloadBytes); // without padding: lengths of every remainder
    }

    @Test
    void receivesNothingFromAnEmptySocket() throws NetlinkException {
        try (DatagramBatch batch = new DatagramBatch(4, 100)) {
            assertThat(batch.receive(receiver)).isEqualTo(DatagramBatch.DRY);
        }
    }

    @Test
    void receivesEveryDatagramInOrderAndWhole() throws NetlinkException {
        int datagrams = 150;
        for (int i = 0; i < datagrams; i++) {
            send(message(i, i % 7));
        }
        try (DatagramBatch batch = new DatagramBatch(64, 128)) {
            int seen = 0;
            int count;
            while ((count = batch.receive(receiver)) > 0) {
                for (int slot = 0; slot < count; slot++) {
                    check(batch, slot, seen++);
                }
            }
            assertThat(count).isEqualTo(DatagramBatch.DRY);
            assertThat(seen).isEqualTo(datagrams);
        }
    }

    private static void check(DatagramBatch batch, int slot, int sequence) {
        assertThat(batch.truncated(slot)).isFalse();
        assertThat(batch.lengthBytes(slot)).isEqualTo(NlMsgHdr.HEADER_BYTES + sequence % 7);
        MessageCursor cursor = new MessageCursor().wrap(batch.buffer(), batch.offset(slot), batch.lengthBytes(slot));
        assertThat(cursor.next()).isTrue();
        assertThat(cursor.sequence()).isEqualTo(sequence);
        for (int i = 0; i < cursor.payloadLengthBytes(); i++) {
            assertThat(batch.buffer().get(cursor.payloadOffset() + i)).isEqualTo((byte) (sequence + i));
        }
        assertThat(cursor.next()).isFalse();
        assertThat(cursor.malformed()).isFalse();
    }

    @Test
    void onlyTheKernelIsTheKernelInEverySlot() throws NetlinkException {
        sender.join(GROUP);
        receiver.join(GROUP);
        try (DatagramBatch batch = new DatagramBatch(3, 64)) {
            for (int round = 0; round < 2; round++) {
                send(message(1, 4));
                sender.sendTo(message(2, 4), sender.portId(), GROUP_BIT);
                assertThat(batch.receive(receiver)).isEqualTo(2);
                assertThat(batch.fromKernel(0)).isFalse();
                assertThat(batch.fromKernel(1)).isFalse();
            }
        }
        try (NetlinkSocket route = NetlinkSocket.open(NetlinkSocket.NETLINK_ROUTE);
                DatagramBatch batch = new DatagramBatch(3, 4096)) {
            MessageWriter unknown = new MessageWriter().start(0x7FFF, NlMsgHdr.NLM_F_REQUEST | NlMsgHdr.NLM_F_ACK, 1);
            route.send(unknown.finish());
            assertThat(batch.receive(route)).as("the kernel's refusal").isEqualTo(1);
            assertThat(batch.fromKernel(0)).isTrue();
        }
    }

    @Test
    void aDatagramLongerThanItsSlotIsReportedAndLeavesItsNeighboursIntact() throws NetlinkException {
        send(message(1, 4));
        send(message(2, 500));
        send(message(3, 4));
        try (DatagramBatch batch = new DatagramBatch(3, 64)) {
            assertThat(batch.receive(receiver)).isEqualTo(3);
            assertThat(batch.truncated(0)).isFalse();
            assertThat(batch.truncated(1)).isTrue();
            assertThat(batch.lengthBytes(1)).isEqualTo(64);
            assertThat(batch.truncated(2)).isFalse();
            assertThat(batch.lengthBytes(2)).isEqualTo(20);
            int sequence = batch.buffer().getInt(batch.offset(2) + NlMsgHdr.SEQUENCE_OFFSET);
            assertThat(sequence).isEqualTo(3);
            send(message(4, 4));
            send(message(5, 4));
            assertThat(batch.receive(receiver)).isEqualTo(2);
            assertThat(batch.truncated(1))
                    .as("of the next datagram in that slot")
                    .isFalse();
            assertThat(batch.lengthBytes(1)).isEqualTo(20);
        }
    }

    @Test
    void anOverrunIsReportedOnceBeforeTheQueuedDatagramsAndDropsAreCounted() throws NetlinkException {
        receiver.setOption(NetlinkSocket.SOL_SOCKET, NetlinkSocket.SO_RCVBUF, 10_000);
        receiver.join(GROUP);
        long before = receiver.drops();
        int sent = 200;
        broadcast(sent);
        long dropped = receiver.drops() - before;
        assertThat(dropped).isBetween(1L, (long) sent - 1);
        assertThat(receiver.queuedBytes()).isPositive();
        try (DatagramBatch batch = new DatagramBatch(1024, 64)) {
            assertThat(batch.receive(receiver)).isEqualTo(DatagramBatch.OVERRUN);
            assertThat(batch.receive(receiver)).isEqualTo((int) (sent - dropped));
            assertThat(batch.receive(receiver)).isEqualTo(DatagramBatch.DRY);
            assertThat(receiver.queuedBytes()).isZero();
            broadcast(1);
            assertThat(batch.receive(receiver)).as("accepts again").isEqualTo(1);
        }
    }

    @Test
    void withoutEnobufsDropsAreOnlyCounted() throws NetlinkException {
        receiver.setOption(NetlinkSocket.SOL_NETLINK, NetlinkSocket.NETLINK_NO_ENOBUFS, 1);
        receiver.setOption(NetlinkSocket.SOL_SOCKET, NetlinkSocket.SO_RCVBUF, 10_000);
        receiver.join(GROUP);
        broadcast(200);
        try (DatagramBatch batch = new DatagramBatch(1024, 64)) {
            int received = batch.receive(receiver);
            assertThat(received + receiver.drops()).isEqualTo(200);
            assertThat(receiver.drops()).isPositive();
            receiver.leave(GROUP);
            broadcast(1);
            assertThat(batch.receive(receiver)).as("after leaving").isEqualTo(DatagramBatch.DRY);
        }
    }

    private void broadcast(int datagrams) throws NetlinkException {
        for (int i = 0; i < datagrams; i++) {
            try { // to the group, and then to port id 0
                sender.sendTo(message(i, 0), 0, GROUP_BIT);
            } catch (NetlinkException e) {
                assertThat(e.errno()).as("%s", e).isEqualTo(Errno.ECONNREFUSED); // no kernel side
            }
        }
    }

    @Test
    void receivingAndReadingTheDropsAllocatesNothing() throws NetlinkException {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long thread = Thread.currentThread().getId();
        try (DatagramBatch batch = new DatagramBatch(16, 64)) {
            ByteBuffer datagram = message(1, 0);
            long sum = exercise(batch, datagram, 2_000); // classes and system calls are linked once
            long allocated = threads.getThreadAllocatedBytes(thread);
            for (int i = 0; i < 20_000; i++) {
                sum += batch.receive(receiver) + receiver.drops() + receiver.queuedBytes() + Clock.realtimeNanos();
            }
            long used = threads.getThreadAllocatedBytes(thread) - allocated;
            assertThat(used).as("bytes in 20000 rounds, checksum %d", sum).isLessThan(20_000);
        }
    }

    private long exercise(DatagramBatch batch, ByteBuffer datagram, int rounds) throws NetlinkException {
        long sum = 0;
        for (int i = 0; i < rounds; i++) {
            send(datagram);
            sum += batch.receive(receiver) + receiver.drops() + receiver.queuedBytes() + Clock.realtimeNanos();
        }
        return sum;
    }

    @Test
    void aClosedSocketGivesEbadfAndAClosedBatchThrows() {
        DatagramBatch batch = new DatagramBatch(1, 64);
        receiver.close();
        receiver.close();
        assertThatExceptionOfType(NetlinkException.class)
                .isThrownBy(() -> batch.receive(receiver))
                .satisfies(e -> assertThat(e.errno()).isEqualTo(Errno.EBADF));
        batch.close();
        assertThatIllegalStateException().isThrownBy(() -> batch.receive(sender));
    }

    @Test
    void refusesSizesThatTheKernelWouldRefuse() {
        assertThatIllegalArgumentException().isThrownBy(() -> new DatagramBatch(0, 64));
        assertThatIllegalArgumentException().isThrownBy(() -> new DatagramBatch(1025, 64));
        assertThatIllegalArgumentException().isThrownBy(() -> new DatagramBatch(1, 0));
    }
}
