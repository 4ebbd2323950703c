package dev.ctstream.conntrack;

import dev.ctstream.netlink.AttributeCursor;
import dev.ctstream.netlink.MessageCursor;
import dev.ctstream.netlink.MessageWriter;
import dev.ctstream.netlink.NetlinkException;
import dev.ctstream.netlink.NetlinkSocket;
import dev.ctstream.netlink.NetworkNamespace;
import dev.ctstream.netlink.RequestChannel;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The connection-tracking table of one network namespace: lists, reads, creates, changes and deletes entries.
 *
 * <p>Ownership: owns its request channel. A flow event given to a handler is borrowed until the handler returns.
 *
 * <p>Threads: confined to one thread.
 *
 * <p>Errors: {@link NetlinkException} with the kernel's errno; EPERM without CAP_NET_ADMIN over the namespace.
 *
 * <p>Source: {@code net/netfilter/nf_conntrack_netlink.c}.
 */
public final class ConntrackTable implements AutoCloseable {
    private final RequestChannel channel;
    private final ConntrackRequests requests = new ConntrackRequests();
    private final FlowEvent event = new FlowEvent();
    private final MessageCursor sent = new MessageCursor();
    private final AttributeCursor attribute = new AttributeCursor();
    private final ZoneFlush zoneFlush = new ZoneFlush(this);

    private ConntrackTable(RequestChannel channel) {
        this.channel = channel;
    }

    /** Opens the table of a namespace, null = the calling thread's. */
    public static ConntrackTable open(@Nullable NetworkNamespace namespace) throws NetlinkException {
        int protocol = NetlinkSocket.NETLINK_NETFILTER;
        return new ConntrackTable(
                namespace == null ? RequestChannel.open(protocol) : RequestChannel.open(namespace, protocol));
    }

    /** Port id that the events of this object's changes carry. */
    public long portId() {
        return channel.portId();
    }

    /**
     * Hands every entry that passes the filter to the handler, in the order of the kernel's hash table. Entries that
     * come or go meanwhile may or may not be among them.
     */
    public void dump(DumpFilter filter, Consumer<FlowEvent> handler) throws NetlinkException {
        dumpMessages(filter, message -> {
            if (decode(message) && filter.matches(event)) {
                handler.accept(event);
            }
        });
    }

    /** As {@link #dump}, but hands over the raw messages, and those that the kernel sends despite the filter as well. */
    public void dumpMessages(DumpFilter filter, RequestChannel.ReplyHandler handler) throws NetlinkException {
        try {
            channel.dump(requests.dump(filter), handler);
        } catch (NetlinkException e) {
            throw e.during("dump entries");
        }
    }

    /** Ends the running dump from inside its handler. */
    public void stopDump() {
        channel.stopDump();
    }

    /** Hands over the entries whose DESTROY a reliable socket could not take yet. */
    public void dumpDying(Consumer<FlowEvent> handler) throws NetlinkException {
        try {
            channel.dump(requests.plain(NfGenMsg.IPCTNL_MSG_CT_GET_DYING), message -> {
                if (decode(message)) {
                    handler.accept(event);
                }
            });
        } catch (NetlinkException e) {
            throw e.during("dump dying entries");
        }
    }

    /** Hands the entry over; ENOENT when there is none. */
    public void get(TupleSpec original, ZoneScope zone, Consumer<FlowEvent> handler) throws NetlinkException {
        try {
            channel.query(requests.get(original, zone), message -> {
                if (decode(message)) {
                    handler.accept(event);
                }
            });
        } catch (NetlinkException e) {
            throw e.during("get entry " + original + " " + zone);
        }
    }

    /** Creates an entry; EEXIST when its original or reply tuple is taken. */
    public void create(FlowSpec flow) throws NetlinkException {
        try {
            send(requests.create(flow));
        } catch (NetlinkException e) {
            throw e.during("create entry " + flow.original() + " " + flow.zone());
        }
    }

    /** Changes an entry; ENOENT when there is none. The reply tuple and NAT of the argument are not looked at. */
    public void update(FlowSpec flow) throws NetlinkException {
        try {
            send(requests.update(flow));
        } catch (NetlinkException e) {
            throw e.during("update entry " + flow.original() + " " + flow.zone());
        }
    }

    /** Deletes exactly this entry; ENOENT when it is gone, also when another one has its tuple by now. */
    public void delete(FlowKey key) throws NetlinkException {
        try {
            send(requests.delete(key));
        } catch (NetlinkException e) {
            throw e.during("delete entry " + key.original() + " " + key.zone() + " id " + key.id());
        }
    }

    /**
     * Deletes what the argument says. The kernel tells no number; each entry raises a DESTROY with this object's port
     * id. A zone is deleted entry by entry on a kernel that would ignore the zone.
     */
    public void flush(Flush flush) throws NetlinkException {
        if (flush instanceof Flush.Zone zone && !zoneFlush.kernelHonoursZone()) {
            zoneFlush.deleteOneByOne(zone.zone());
            return;
        }
        try {
            channel.execute(requests.flush(flush));
        } catch (NetlinkException e) {
            throw e.during("flush " + flush);
        }
    }

    /** How full the table is. */
    public TableStats stats() throws NetlinkException {
        long[] values = new long[3];
        try {
            channel.query(requests.plain(NfGenMsg.IPCTNL_MSG_CT_GET_STATS), message -> read(message, values));
        } catch (NetlinkException e) {
            throw e.during("get table statistics");
        }
        return new TableStats(values[Cta.CTA_STATS_GLOBAL_ENTRIES], values[Cta.CTA_STATS_GLOBAL_MAX_ENTRIES]);
    }

    /** What each CPU counted. */
    public List<CpuStats> statsPerCpu() throws NetlinkException {
        List<CpuStats> all = new ArrayList<>();
        try {
            channel.dump(requests.plain(NfGenMsg.IPCTNL_MSG_CT_GET_STATS_CPU), message -> {
                long[] values = new long[Cta.CTA_STATS_CHAIN_TOOLONG + 1];
                read(message, values);
                all.add(cpuStats(message, values));
            });
        } catch (NetlinkException e) {
            throw e.during("get statistics per CPU");
        }
        return all;
    }

    private static CpuStats cpuStats(MessageCursor message, long[] values) {
        int at = message.offset() + NfGenMsg.RESOURCE_ID_OFFSET;
        int cpu = (message.buffer().get(at) & 0xFF) << 8 | (message.buffer().get(at + 1) & 0xFF);
        return new CpuStats(
                cpu,
                values[Cta.CTA_STATS_FOUND],
                values[Cta.CTA_STATS_INVALID],
                values[Cta.CTA_STATS_INSERT],
                values[Cta.CTA_STATS_INSERT_FAILED],
                values[Cta.CTA_STATS_DROP],
                values[Cta.CTA_STATS_EARLY_DROP],
                values[Cta.CTA_STATS_ERROR],
                values[Cta.CTA_STATS_SEARCH_RESTART],
                values[Cta.CTA_STATS_CLASH_RESOLVE],
                values[Cta.CTA_STATS_CHAIN_TOOLONG]);
    }

    /** Puts each be32 attribute at the index of its number. */
    private void read(MessageCursor message, long[] values) {
        attribute.wrap(
                message.buffer(),
                message.offset() + NfGenMsg.ATTRIBUTES_OFFSET,
                Math.max(0, message.lengthBytes() - NfGenMsg.ATTRIBUTES_OFFSET));
        while (attribute.next()) {
            if (attribute.number() < values.length && attribute.payloadLengthBytes() == Integer.BYTES) {
                values[attribute.number()] = unsigned32(message.buffer(), attribute.payloadOffset());
            }
        }
    }

    private static long unsigned32(ByteBuffer buffer, int offset) {
        long value = 0;
        for (int i = 0; i < Integer.BYTES; i++) {
            value = value << Byte.SIZE | (buffer.get(offset + i) & 0xFF);
        }
        return value;
    }

    private boolean decode(MessageCursor message) {
        return event.wrap(message.buffer(), message.offset(), message.lengthBytes());
    }

    /** The one way out for every request but a flush: a DELETE without a tuple, which would be one, cannot leave. */
    private void send(MessageWriter request) throws NetlinkException {
        ByteBuffer bytes = request.finish();
        sent.wrap(bytes, 0, bytes.remaining());
        while (sent.next()) {
            if (sent.type() == NfGenMsg.IPCTNL_MSG_CT_DELETE && !hasTupleAndId()) {
                throw new IllegalStateException("a DELETE without tuple and id would delete everything");
            }
        }
        channel.execute(request);
    }

    private boolean hasTupleAndId() {
        int from = NfGenMsg.ATTRIBUTES_OFFSET;
        attribute.wrap(sent.buffer(), sent.offset() + from, sent.lengthBytes() - from);
        boolean tuple = false;
        boolean id = false;
        while (attribute.next()) {
            tuple |= attribute.number() == Cta.CTA_TUPLE_ORIG && attribute.payloadLengthBytes() > 0;
            id |= attribute.number() == Cta.CTA_ID;
        }
        return tuple && id && !attribute.malformed();
    }

    @Override
    public void close() {
        channel.close();
    }
}
