package dev.ctstream.conntrack;

import static dev.ctstream.conntrack.Cta.CTA_ID;
import static dev.ctstream.conntrack.Cta.CTA_STATUS;
import static dev.ctstream.conntrack.Cta.CTA_TIMESTAMP;
import static dev.ctstream.conntrack.Cta.CTA_TIMESTAMP_START;
import static dev.ctstream.conntrack.Cta.CTA_TUPLE_ORIG;
import static dev.ctstream.conntrack.Cta.CTA_TUPLE_REPLY;
import static dev.ctstream.conntrack.Cta.CTA_ZONE;
import static dev.ctstream.conntrack.MessageBytes.attribute;
import static dev.ctstream.conntrack.MessageBytes.be16;
import static dev.ctstream.conntrack.MessageBytes.be32;
import static dev.ctstream.conntrack.MessageBytes.be64;
import static dev.ctstream.conntrack.MessageBytes.concat;
import static dev.ctstream.conntrack.MessageBytes.ip;
import static dev.ctstream.conntrack.MessageBytes.message;
import static dev.ctstream.conntrack.MessageBytes.nest;
import static dev.ctstream.conntrack.MessageBytes.ports;

import dev.ctstream.netlink.Errno;
import dev.ctstream.netlink.MessageCursor;
import dev.ctstream.netlink.MessageWriter;
import dev.ctstream.netlink.NetlinkException;
import dev.ctstream.netlink.NlMsgHdr;
import dev.ctstream.netlink.RequestChannel.ReplyHandler;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The table of one namespace without a kernel: flows begin and end, each raises an event, and a dump shows what is there
 * while it runs. A flow is named by a number, which makes its tuple and zone; the number comes again with another id.
 */
public final class FakeTable {
    private static final int ZONES = 3;
    private static final int UDP = 17;

    private final Map<Integer, Entry> entries = new TreeMap<>();
    /** By flow: made once, since a dump shows them again and again. */
    private final Map<Integer, byte[]> tuplesAndZones = new HashMap<>();

    private @Nullable FakeSocket socket;
    private long nextId = 1;

    private record Entry(int flow, long id, long startNanos) {}

    /** The socket that gets the events from now on; null = nobody listens. */
    public void socket(@Nullable FakeSocket listening) {
        socket = listening;
    }

    /** Number of entries. */
    public int size() {
        return entries.size();
    }

    /** Whether the flow is there. */
    public boolean has(int flow) {
        return entries.containsKey(flow);
    }

    /** Begins a flow. */
    public void begin(int flow, long nowNanos) {
        Entry entry = new Entry(flow, nextId++, nowNanos);
        entries.put(flow, entry);
        raise(bytes(NfGenMsg.IPCTNL_MSG_CT_NEW, NlMsgHdr.NLM_F_CREATE | NlMsgHdr.NLM_F_EXCL, entry, false));
    }

    /** Ends a flow. */
    public void end(int flow) {
        Entry entry = entries.remove(flow);
        if (entry != null) {
            raise(bytes(NfGenMsg.IPCTNL_MSG_CT_DELETE, 0, entry, true));
        }
    }

    /** Ends all flows, as when the kernel removes them one by one. */
    public void endAll() {
        new ArrayList<>(entries.keySet()).forEach(this::end);
    }

    /** Removes all flows without an event, as the end of a namespace does. */
    public void vanish() {
        entries.clear();
    }

    private void raise(byte[] event) {
        if (socket != null) {
            socket.deliver(event);
        }
    }

    private static byte[] tupleAndZone(int flow) {
        byte[] client = {10, 1, (byte) (flow >> 8), (byte) flow};
        byte[] server = {10, 2, 0, 1};
        int zone = flow % ZONES;
        return concat(
                nest(CTA_TUPLE_ORIG, ip(client, server), ports(UDP, 5000, 53)),
                nest(CTA_TUPLE_REPLY, ip(server, client), ports(UDP, 53, 5000)),
                zone == 0 ? new byte[0] : attribute(CTA_ZONE, be16(zone)));
    }

    private byte[] bytes(int type, int flags, Entry entry, boolean start) {
        return message(
                type,
                flags,
                NfGenMsg.AF_INET,
                tuplesAndZones.computeIfAbsent(entry.flow, FakeTable::tupleAndZone),
                attribute(CTA_ID, be32(entry.id)),
                attribute(CTA_STATUS, be32(IpsStatus.IPS_CONFIRMED)),
                start ? nest(CTA_TIMESTAMP, attribute(CTA_TIMESTAMP_START, be64(entry.startNanos))) : new byte[0]);
    }

    /**
     * Opens it as a reader does.
     *
     * @param interrupted asked before each entry of a dump: true = the kernel ends the dump with EINTR
     */
    public ConntrackTable open(BooleanSupplier interrupted) {
        return ConntrackTable.over(new Exchange(interrupted));
    }

    private final class Exchange implements TableExchange {
        private final BooleanSupplier interrupted;
        private boolean stopped;

        Exchange(BooleanSupplier interrupted) {
            this.interrupted = interrupted;
        }

        @Override
        public void query(MessageWriter request, ReplyHandler handler) throws NetlinkException {
            MessageWriter writer = new MessageWriter();
            writer.startNetfilter(NfGenMsg.IPCTNL_MSG_CT_GET_STATS, 0, 1, 0, 0, 0)
                    .be32(Cta.CTA_STATS_GLOBAL_ENTRIES, entries.size());
            ByteBuffer bytes = writer.finish();
            handler.onReply(cursor(bytes, bytes.remaining()));
        }

        @Override
        public void dump(MessageWriter request, ReplyHandler handler) throws NetlinkException {
            ByteBuffer asked = request.finish();
            if (cursor(asked, asked.remaining()).type() != NfGenMsg.IPCTNL_MSG_CT_GET) {
                return; // no dying entries, no counters of CPUs
            }
            stopped = false;
            for (Entry entry : List.copyOf(entries.values())) {
                if (stopped) {
                    return;
                }
                if (interrupted.getAsBoolean()) {
                    throw new NetlinkException("dump", Errno.EINTR);
                }
                if (entry.equals(entries.get(entry.flow))) { // others may have changed the table meanwhile
                    byte[] bytes = bytes(NfGenMsg.IPCTNL_MSG_CT_NEW, NlMsgHdr.NLM_F_MULTI, entry, true);
                    handler.onReply(cursor(ByteBuffer.wrap(bytes).order(ByteOrder.nativeOrder()), bytes.length));
                }
            }
        }

        private static MessageCursor cursor(ByteBuffer bytes, int length) {
            MessageCursor cursor = new MessageCursor();
            cursor.wrap(bytes, 0, length);
            cursor.next();
            return cursor;
        }

        @Override
        public void stopDump() {
            stopped = true;
        }

        @Override
        public long portId() {
            return 0;
        }

        @Override
        public String netnsId() {
            return "0";
        }

        @Override
        public void close() {}
    }
}
