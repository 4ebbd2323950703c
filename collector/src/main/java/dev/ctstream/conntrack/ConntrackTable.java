package dev.ctstream.conntrack;

import dev.ctstream.netlink.AttributeCursor;
import dev.ctstream.netlink.Errno;
import dev.ctstream.netlink.MessageCursor;
import dev.ctstream.netlink.MessageWriter;
import dev.ctstream.netlink.NetlinkException;
import dev.ctstream.netlink.NetworkNamespace;
import dev.ctstream.netlink.RequestChannel.ReplyHandler;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The connection-tracking table of one network namespace: lists, reads, creates, changes and deletes entries.
 *
 * <p>Ownership: owns its exchange with the kernel. A flow event given to a handler is borrowed until the handler returns.
 *
 * <p>Threads: confined to one thread.
 *
 * <p>Errors: {@link NetlinkException} with the kernel's errno; EPERM without CAP_NET_ADMIN over the namespace.
 *
 * <p>Source: {@code net/netfilter/nf_conntrack_netlink.c}.
 */
public final class ConntrackTable implements AutoCloseable {
    private final TableExchange exchange;
    private final ConntrackRequests requests = new ConntrackRequests();
    private final DeleteGuard guard = new DeleteGuard();
    private final FlowDecoder decoder = new FlowDecoder();
    private final FlowEvent event = new FlowEvent();
    private final AttributeCursor attribute = new AttributeCursor();
    private final KernelFilters filters = new KernelFilters(this);
    private final ZoneFlush zoneFlush = new ZoneFlush(this);

    private ConntrackTable(TableExchange exchange) {
        this.exchange = exchange;
    }

    /** Opens the table of a namespace, null = the calling thread's. */
    public static ConntrackTable open(@Nullable NetworkNamespace namespace) throws NetlinkException {
        return over(TableExchange.kernel(namespace));
    }

    /** A table that uses this exchange and owns it from now on. */
    public static ConntrackTable over(TableExchange exchange) {
        return new ConntrackTable(exchange);
    }

    /** Port id in the events that this object's changes cause. */
    public long portId() {
        return exchange.portId();
    }

    /**
     * Identity of this table's namespace, as {@link EventSource#netnsId}. On a kernel without namespace cookies the
     * time at the end of the value differs with each call.
     */
    public String netnsId() throws NetlinkException {
        return exchange.netnsId();
    }

    /**
     * Passes every entry that matches the filter to the handler, in the order of the kernel's hash table. Entries that
     * are created or removed meanwhile may or may not be included. The kernel gets the parts of the filter that it
     * proved to support; the whole filter is applied again here.
     */
    public void dump(DumpFilter filter, Consumer<FlowEvent> handler) throws NetlinkException {
        dumpCandidates(filter, message -> {
            if (decode(message) && filter.matches(event)) {
                handler.accept(event);
            }
        });
    }

    /**
     * Hands over the raw messages of every entry that passes the filter, and of others. As {@link #dump}, but the caller
     * decodes the messages and applies all of the filter.
     */
    public void dumpCandidates(DumpFilter filter, ReplyHandler handler) throws NetlinkException {
        boolean[] any = new boolean[1];
        ReplyHandler noting = message -> {
            any[0] = true;
            handler.onReply(message);
        };
        DumpFilter sent = filters.known(filter);
        try {
            dumpMessages(sent, noting);
        } catch (NetlinkException e) {
            if (any[0] || sent.equals(DumpFilter.ALL) || !KernelFilters.refusal(e.errno())) {
                throw e;
            }
            dumpMessages(DumpFilter.ALL, noting); // the kernel supports the filter, but not this use of it
        }
    }

    /** Passes on the raw messages that the kernel sends for the filter; it may ignore parts of the filter. */
    public void dumpMessages(DumpFilter filter, ReplyHandler handler) throws NetlinkException {
        try {
            dump(requests.dump(filter), handler);
        } catch (NetlinkException e) {
            throw e.during("dump entries");
        }
    }

    /** Whether the kernel filters dumps by tuple: such a kernel refuses an unknown filter flag. */
    boolean knowsTupleFilter() throws NetlinkException {
        try {
            dump(requests.impossibleTupleFilter(), message -> exchange.stopDump());
            return false;
        } catch (NetlinkException e) {
            if (KernelFilters.refusal(e.errno())) {
                return true;
            }
            throw e.during("ask for the filters of a dump");
        }
    }

    /** Ends the running dump from inside its handler. */
    public void stopDump() {
        exchange.stopDump();
    }

    /** Passes on the entries whose DESTROY a reliable socket could not receive yet. */
    public void dumpDying(Consumer<FlowEvent> handler) throws NetlinkException {
        try {
            dump(requests.plain(NfGenMsg.IPCTNL_MSG_CT_GET_DYING), message -> {
                if (decode(message)) {
                    handler.accept(event);
                }
            });
        } catch (NetlinkException e) {
            throw e.during("dump dying entries");
        }
    }

    /** Passes the entry to the handler; ENOENT when there is none. */
    public void get(TupleSpec original, ZoneScope zone, Consumer<FlowEvent> handler) throws NetlinkException {
        try {
            query(requests.get(original, zone), null, message -> {
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
            query(requests.create(flow), null, message -> {});
        } catch (NetlinkException e) {
            throw e.during("create entry " + flow.original() + " " + flow.zone());
        }
    }

    /** Changes an entry; ENOENT when there is none. The argument's reply tuple and NAT are ignored. */
    public void update(FlowSpec flow) throws NetlinkException {
        try {
            query(requests.update(flow), null, message -> {});
        } catch (NetlinkException e) {
            throw e.during("update entry " + flow.original() + " " + flow.zone());
        }
    }

    /** Deletes exactly this entry; ENOENT when it is gone, even if another entry now has its tuple. */
    public void delete(EntryKey key) throws NetlinkException {
        try {
            query(requests.delete(key), key, message -> {});
        } catch (NetlinkException e) {
            throw e.during("delete entry " + key.original() + " " + key.zone() + " id " + key.id());
        }
    }

    /**
     * Deletes the entries that the argument names. The kernel does not report how many; each one raises a DESTROY with
     * this object's port id. On a kernel that would ignore the zone, a zone is deleted entry by entry.
     */
    public void flush(Flush flush) throws NetlinkException {
        if (flush instanceof Flush.Zone zone && !honoursZoneFlush()) {
            zoneFlush.deleteOneByOne(zone.zone());
            return;
        }
        try {
            query(requests.flush(flush), flush, message -> {});
        } catch (NetlinkException e) {
            throw e.during("flush " + flush);
        }
    }

    /**
     * Whether the kernel deletes only the zone when it is asked to flush one. Tested once per table with an entry of
     * our own in an unused zone, which raises a NEW and a DESTROY.
     */
    public boolean honoursZoneFlush() throws NetlinkException {
        return zoneFlush.kernelHonoursZone();
    }

    /** How full the table is. */
    public TableStats stats() throws NetlinkException {
        long[] values = new long[3];
        try {
            query(requests.plain(NfGenMsg.IPCTNL_MSG_CT_GET_STATS), null, message -> read(message, values));
        } catch (NetlinkException e) {
            throw e.during("get table statistics");
        }
        return new TableStats(values[Cta.CTA_STATS_GLOBAL_ENTRIES], values[Cta.CTA_STATS_GLOBAL_MAX_ENTRIES]);
    }

    /** The counters of each CPU. */
    public List<CpuStats> statsPerCpu() throws NetlinkException {
        List<CpuStats> all = new ArrayList<>();
        try {
            dump(requests.plain(NfGenMsg.IPCTNL_MSG_CT_GET_STATS_CPU), message -> {
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
    private void read(MessageCursor message, long[] values) throws NetlinkException {
        attribute.wrap(message, NfGenMsg.ATTRIBUTES_OFFSET);
        while (attribute.next()) {
            if (attribute.number() < values.length) {
                values[attribute.number()] = attribute.be32();
            }
        }
        if (attribute.malformed()) {
            throw new NetlinkException("read statistics", Errno.EBADMSG);
        }
    }

    private boolean decode(MessageCursor message) {
        return decoder.decode(event, message.buffer(), message.offset(), message.lengthBytes());
    }

    /** Only this method and {@link #query} send; each request passes the guard. */
    private void dump(MessageWriter request, ReplyHandler handler) throws NetlinkException {
        guard.check(request.finish(), null);
        exchange.dump(request, handler);
    }

    private void query(MessageWriter request, @Nullable DeleteRequest intent, ReplyHandler handler)
            throws NetlinkException {
        guard.check(request.finish(), intent);
        exchange.query(request, handler);
    }

    @Override
    public void close() {
        exchange.close();
    }
}
