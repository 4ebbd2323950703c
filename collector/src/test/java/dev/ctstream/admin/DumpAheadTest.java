package dev.ctstream.admin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ctstream.conntrack.ConntrackTable;
import dev.ctstream.conntrack.FlowEvent;
import dev.ctstream.conntrack.TableExchange;
import dev.ctstream.netlink.Errno;
import dev.ctstream.netlink.MessageWriter;
import dev.ctstream.netlink.NetlinkException;
import dev.ctstream.netlink.RequestChannel.ReplyHandler;
import java.io.IOException;
import org.junit.jupiter.api.Test;

class DumpAheadTest {
    /** Some twenty times what waits between the two threads. */
    private static final int MANY = 50_000;

    private long next;

    @Test
    void handsOverEveryEntryInTheKernelsOrder() throws Exception {
        try (Entries entries = Entries.over(ConntrackTable.over(new Replay(MANY)))) {
            assertThat(entries.list(EntryFilter.ALL, this::inOrder)).isEqualTo(MANY);
            next = 0;
            assertThat(entries.list(EntryFilter.zone(1), this::inOrder)).isEqualTo(MANY);
            assertThat(entries.count(EntryFilter.zone(2))).isZero();
        }
    }

    @Test
    void anErrorOfTheHandlerEndsTheDumpAndTheTableIsFreeAgain() throws Exception {
        try (Entries entries = Entries.over(ConntrackTable.over(new Replay(MANY)))) {
            assertThatThrownBy(() -> entries.list(EntryFilter.ALL, entry -> {
                        throw new IOException("nobody reads any more");
                    }))
                    .isInstanceOf(IOException.class)
                    .hasMessage("nobody reads any more");
            assertThat(entries.count(EntryFilter.ALL)).isEqualTo(MANY);
        }
    }

    @Test
    void aRefusalComesAfterTheEntriesThatTheKernelSentBefore() throws Exception {
        try (Entries entries = Entries.over(ConntrackTable.over(new Refusing(new Replay(100))))) {
            assertThatThrownBy(() -> entries.list(EntryFilter.ALL, this::inOrder))
                    .isInstanceOf(NetlinkException.class)
                    .hasMessageContaining("dump entries");
            assertThat(next).isEqualTo(100);
        }
    }

    private void inOrder(FlowEvent entry) {
        int source = Integer.reverseBytes(entry.buffer().getInt(entry.original().sourceOffset()));
        assertThat(source).isEqualTo(Integer.reverse((int) next++));
    }

    /** A kernel whose table changes while it is dumped. */
    private record Refusing(TableExchange kernel) implements TableExchange {
        @Override
        public void query(MessageWriter request, ReplyHandler handler) throws NetlinkException {
            kernel.query(request, handler);
        }

        @Override
        public void dump(MessageWriter request, ReplyHandler handler) throws NetlinkException {
            kernel.dump(request, handler);
            throw new NetlinkException("dump", Errno.EINTR);
        }

        @Override
        public void stopDump() {
            kernel.stopDump();
        }

        @Override
        public long portId() {
            return kernel.portId();
        }

        @Override
        public void close() {
            kernel.close();
        }
    }
}
