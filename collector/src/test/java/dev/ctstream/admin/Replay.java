package dev.ctstream.admin;

import dev.ctstream.conntrack.ConntrackTable;
import dev.ctstream.conntrack.FakeKernel;
import dev.ctstream.conntrack.FlowDecoder;
import dev.ctstream.conntrack.FlowEvent;
import dev.ctstream.conntrack.Flows;
import dev.ctstream.conntrack.TableExchange;
import dev.ctstream.conntrack.ZoneScope;
import dev.ctstream.netlink.MessageCursor;
import dev.ctstream.netlink.MessageWriter;
import dev.ctstream.netlink.NetlinkException;
import dev.ctstream.netlink.RequestChannel.ReplyHandler;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * A table that replays one dump of many entries: each is an entry of a fake kernel with another source address, zone
 * and id. Its {@code main} lists them in every format, sorted and unsorted, within the JVM's heap limit.
 */
final class Replay implements TableExchange {
    private final int count;
    private final byte[] message;
    private final int sourceOffset;
    private boolean stopped;

    Replay(int count) throws NetlinkException {
        this.count = count;
        FakeKernel kernel = new FakeKernel(FakeKernel.Generation.V6_12);
        byte[][] copied = new byte[1][];
        int[] source = new int[1];
        try (ConntrackTable table = ConntrackTable.over(kernel)) {
            table.create(Flows.flow(Flows.udp(0), ZoneScope.both(1)));
            table.dump(dev.ctstream.conntrack.DumpFilter.ALL, entry -> {
                copied[0] = new byte[entry.messageLengthBytes()];
                entry.buffer().get(entry.messageOffset(), copied[0]);
                source[0] = entry.original().sourceOffset() - entry.messageOffset();
            });
        }
        message = copied[0];
        sourceOffset = source[0];
    }

    @Override
    public void query(MessageWriter request, ReplyHandler handler) {
        throw new UnsupportedOperationException("a replay answers only dumps");
    }

    @Override
    public void dump(MessageWriter request, ReplyHandler handler) throws NetlinkException {
        ByteBuffer buffer = ByteBuffer.wrap(message.clone()).order(ByteOrder.nativeOrder());
        MessageCursor cursor = new MessageCursor();
        FlowEvent entry = new FlowEvent();
        new FlowDecoder().decode(entry, buffer, 0, message.length);
        stopped = false;
        for (int i = 0; i < count && !stopped; i++) {
            int number = Integer.reverse(i); // unsorted
            buffer.put(sourceOffset, (byte) (number >>> 24));
            buffer.put(sourceOffset + 1, (byte) (number >>> 16));
            buffer.put(sourceOffset + 2, (byte) (number >>> 8));
            buffer.put(sourceOffset + 3, (byte) number);
            cursor.wrap(buffer, 0, message.length);
            cursor.next();
            handler.onReply(cursor);
        }
    }

    @Override
    public void stopDump() {
        stopped = true;
    }

    @Override
    public long portId() {
        return 1;
    }

    @Override
    public String netnsId() {
        return "1";
    }

    @Override
    public void close() {}

    /** Counts lines and bytes. */
    private static final class Counting extends OutputStream {
        private long lines;

        @Override
        public void write(int b) {
            lines += b == '\n' ? 1 : 0;
        }

        @Override
        public void write(byte[] bytes, int offset, int length) {
            lines += bytes[offset + length - 1] == '\n' ? 1 : 0;
        }
    }

    public static void main(String[] arguments) throws IOException {
        int count = Integer.parseInt(arguments[0]);
        try (Entries entries = Entries.over(ConntrackTable.over(new Replay(count)))) {
            Counting json = new Counting();
            entries.list(EntryFilter.ALL, EntryPrinter.json(json, "host"));
            System.out.println(json.lines);
            Counting sorted = new Counting();
            EntryOrder bySource = EntryOrder.of("source").orElseThrow();
            entries.list(EntryFilter.ALL, bySource, EntryPrinter.conntrack(sorted));
            System.out.println(sorted.lines);
            System.out.println(entries.zones(EntryFilter.ALL).zones().cardinality());
            try (Selection selection = entries.select(EntryFilter.zone(1))) {
                System.out.println(selection.count());
            }
        }
    }
}
