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
    /** About twenty times what fits between the two threads. */
    private static final int MANY = 50_000;

    private long next;

    @Test
    void deliversEveryEntryInTheKernelsOrder() throws Exception {
        try (Entries entries = Entries.over(ConntrackTable.over(new Replay(MANY)))) {
            assertThat(entries.list(EntryFilter.ALL, this::inOrder)).isEqualTo(MANY);
            next = 0;
            assertThat(entries.list(EntryFilter.zone(1), this::inOrder)).isEqualTo(MANY);
            assertThat(entries.count(EntryFilter.zone(2))).isZero();
        }
    }

    @Test
    void aHandlerErrorEndsTheDumpAndReleasesTheTable() throws Exception {
        try (Entries entries = Entries.over(ConntrackTable.over(new Replay(MANY)))) {
            assertThatThrownBy(() -> entries.list(EntryFilter.ALL, entry -> {
                        throw new IOException("the reader has gone");
                    }))
                    .isInstanceOf(IOException.class)
                    .hasMessage("the reader has gone");
            assertThat(entries.count(EntryFilter.ALL)).isEqualTo(MANY);
        }
    }

    @Test
    void reportsARefusalAfterTheEntriesSentBeforeIt() throws Exception {
        try (Entries entries = Entries.over(ConntrackTable.over(new Refusing(new Replay(100), () -> {
            throw new NetlinkException("dump", Errno.EINTR);
        })))) {
            assertThatThrownBy(() -> entries.list(EntryFilter.ALL, this::inOrder))
                    .isInstanceOf(NetlinkException.class)
                    .hasMessageContaining("dump entries");
            assertThat(next).isEqualTo(100);
        }
    }

    @Test
    void anyFailureOfTheReceivingThreadReachesTheCaller() throws Exception {
        try (Entries entries = Entries.over(ConntrackTable.over(new Refusing(new Replay(100), () -> {
            throw new OutOfMemoryError("of a test");
        })))) {
            assertThatThrownBy(() -> entries.list(EntryFilter.ALL, this::inOrder))
                    .isInstanceOf(OutOfMemoryError.class)
                    .hasMessage("of a test");
            assertThat(next).isEqualTo(100);
        }
    }

    private interface End {
        void end() throws NetlinkException;
    }

    private void inOrder(FlowEvent entry) {
        int source = Integer.reverseBytes(entry.buffer().getInt(entry.original().sourceOffset()));
        assertThat(source).isEqualTo(Integer.reverse((int) next++));
    }

    /** A kernel whose dump ends with an error. */
    private record Refusing(TableExchange kernel, End end) implements TableExchange {
        @Override
        public void query(MessageWriter request, ReplyHandler handler) throws NetlinkException {
            kernel.query(request, handler);
        }

        @Override
        public void dump(MessageWriter request, ReplyHandler handler) throws NetlinkException {
            kernel.dump(request, handler);
            end.end();
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
        public String netnsId() throws NetlinkException {
            return kernel.netnsId();
        }

        @Override
        public void close() {
            kernel.close();
        }
    }
}
