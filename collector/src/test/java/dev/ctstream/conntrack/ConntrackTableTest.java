package dev.ctstream.conntrack;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.ctstream.netlink.Errno;
import dev.ctstream.netlink.MessageCursor;
import dev.ctstream.netlink.MessageWriter;
import dev.ctstream.netlink.NetlinkException;
import dev.ctstream.netlink.RequestChannel.ReplyHandler;
import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;

class ConntrackTableTest {
    /** Answers each request with the same message. */
    private record FixedAnswer(MessageWriter answer) implements TableExchange {
        @Override
        public void query(MessageWriter request, ReplyHandler handler) throws NetlinkException {
            ByteBuffer bytes = answer.finish();
            MessageCursor message = new MessageCursor().wrap(bytes, 0, bytes.remaining());
            assertThat(message.next()).isTrue();
            handler.onReply(message);
        }

        @Override
        public void dump(MessageWriter request, ReplyHandler handler) throws NetlinkException {
            query(request, handler);
        }

        @Override
        public void stopDump() {}

        @Override
        public long portId() {
            return 1;
        }

        @Override
        public String netnsId() {
            return "7";
        }

        @Override
        public void close() {}
    }

    private static ConntrackTable answering(MessageWriter answer) {
        return ConntrackTable.over(new FixedAnswer(answer));
    }

    private static MessageWriter statistics(int type) {
        return new MessageWriter().startNetfilter(type, 0, 1, 0, 0, 3);
    }

    @Test
    void statisticsAreReadByNumber() throws NetlinkException {
        MessageWriter all = statistics(NfGenMsg.IPCTNL_MSG_CT_GET_STATS)
                .be32(Cta.CTA_STATS_GLOBAL_ENTRIES, 0xFFFF_FFFFL)
                .be32(Cta.CTA_STATS_GLOBAL_MAX_ENTRIES, 5)
                .be64(99, 1); // from a later kernel
        try (ConntrackTable table = answering(all)) {
            assertThat(table.stats()).isEqualTo(new TableStats(0xFFFF_FFFFL, 5));
            assertThat(table.netnsId()).isEqualTo("7");
        }
        MessageWriter cpu = statistics(NfGenMsg.IPCTNL_MSG_CT_GET_STATS_CPU).be32(Cta.CTA_STATS_DROP, 4);
        try (ConntrackTable table = answering(cpu)) {
            assertThat(table.statsPerCpu()).singleElement().satisfies(stats -> {
                assertThat(stats.cpu()).isEqualTo(3);
                assertThat(stats.drop()).isEqualTo(4);
                assertThat(stats.earlyDrop()).isZero();
            });
        }
    }

    @Test
    void aStatisticOfTheWrongLengthIsAnErrorAndNotZero() {
        MessageWriter answer = statistics(NfGenMsg.IPCTNL_MSG_CT_GET_STATS).be64(Cta.CTA_STATS_GLOBAL_ENTRIES, 5);
        try (ConntrackTable table = answering(answer)) {
            assertThatExceptionOfType(NetlinkException.class)
                    .isThrownBy(table::stats)
                    .withMessageContaining("get table statistics")
                    .satisfies(e -> assertThat(e.errno()).isEqualTo(Errno.EBADMSG));
        }
    }
}
