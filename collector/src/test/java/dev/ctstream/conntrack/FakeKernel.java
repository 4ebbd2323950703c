package dev.ctstream.conntrack;

import dev.ctstream.netlink.AttributeCursor;
import dev.ctstream.netlink.Errno;
import dev.ctstream.netlink.MessageCursor;
import dev.ctstream.netlink.MessageWriter;
import dev.ctstream.netlink.NetlinkException;
import dev.ctstream.netlink.NlMsgHdr;
import dev.ctstream.netlink.RequestChannel.ReplyHandler;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * A table that answers requests like kernels of one generation: it ignores the parts of a request that this generation
 * does not know, as {@code nf_conntrack_netlink.c} of that time does, with all the consequences.
 */
public final class FakeKernel implements TableExchange {
    /** Kernel generations, by what they know. */
    public enum Generation {
        V4_19(false, false, false, false),
        V5_10(true, false, false, false),
        V6_6(true, true, false, false),
        V6_12(true, true, true, true);

        private final boolean filteredFlag;
        private final boolean status;
        private final boolean zone;
        private final boolean filterInDelete;

        Generation(boolean filteredFlag, boolean status, boolean zone, boolean filterInDelete) {
            this.filteredFlag = filteredFlag;
            this.status = status;
            this.zone = zone;
            this.filterInDelete = filterInDelete;
        }
    }

    /** One entry: the attributes that it was created with. */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    private record Stored(
            TupleSpec original, TupleSpec reply, ZoneScope zone, long mark, int status, long id, byte[] attributes) {
        int family() {
            return original.family();
        }
    }

    private final Generation generation;
    private final List<Stored> entries = new ArrayList<>();
    private final List<byte[]> requests = new ArrayList<>();
    private final FlowDecoder decoder = new FlowDecoder();
    private final FlowEvent event = new FlowEvent();
    private final MessageCursor message = new MessageCursor();
    private long nextId = 1000;
    private boolean stopped;
    private int refuseCreate;
    private @Nullable Runnable beforeDelete;

    public FakeKernel(Generation generation) {
        this.generation = generation;
    }

    /** How many entries there are. */
    public int size() {
        return entries.size();
    }

    /** Every request, as bytes. */
    public List<byte[]> requests() {
        return requests;
    }

    /** Refuses creation with this errno from now on; 0 = allows it again. */
    public void refuseCreate(int errno) {
        refuseCreate = errno;
    }

    /** Runs once before the next DELETE is executed. */
    public void beforeDelete(Runnable action) {
        beforeDelete = action;
    }

    /** Removes an entry without a request. */
    public void expire(TupleSpec original) {
        entries.removeIf(entry -> entry.original.equals(original));
    }

    @Override
    public void query(MessageWriter request, ReplyHandler handler) throws NetlinkException {
        read(request);
        Runnable before = beforeDelete;
        if (message.type() == NfGenMsg.IPCTNL_MSG_CT_DELETE && before != null) {
            beforeDelete = null;
            before.run();
            requests.remove(requests.size() - 1); // the request is read a second time
            read(request);
        }
        switch (message.type()) {
            case NfGenMsg.IPCTNL_MSG_CT_NEW -> create();
            case NfGenMsg.IPCTNL_MSG_CT_GET -> reply(find(), 0, handler);
            case NfGenMsg.IPCTNL_MSG_CT_DELETE -> delete();
            case NfGenMsg.IPCTNL_MSG_CT_GET_STATS -> stats(handler);
            default -> throw refused(Errno.EINVAL);
        }
    }

    private void read(MessageWriter request) {
        ByteBuffer bytes = request.finish();
        byte[] copy = new byte[bytes.remaining()];
        bytes.get(copy);
        requests.add(copy);
        ByteBuffer own = ByteBuffer.wrap(copy).order(ByteOrder.nativeOrder());
        message.wrap(own, 0, copy.length);
        if (!message.next()) {
            throw new AssertionError("no message");
        }
    }

    private static NetlinkException refused(int errno) {
        return new NetlinkException("fake kernel", errno);
    }

    private void create() throws NetlinkException {
        if (refuseCreate != 0) {
            throw refused(refuseCreate);
        }
        if (!decoder.decode(event, message.buffer(), message.offset(), message.lengthBytes())) {
            throw refused(Errno.EINVAL);
        }
        Stored entry = new Stored(
                TupleSpec.of(event.original()),
                TupleSpec.of(event.reply()),
                ZoneScope.of(event),
                event.has(FlowEvent.MARK) ? event.mark() : 0,
                event.has(FlowEvent.STATUS) ? event.status() : IpsStatus.IPS_CONFIRMED,
                nextId++,
                attributes());
        if (entries.stream()
                .anyMatch(other -> other.original.equals(entry.original) && other.zone.equals(entry.zone))) {
            throw refused(Errno.EEXIST);
        }
        entries.add(entry);
    }

    private byte[] attributes() {
        byte[] all = new byte[message.lengthBytes() - NfGenMsg.ATTRIBUTES_OFFSET];
        message.buffer().get(message.offset() + NfGenMsg.ATTRIBUTES_OFFSET, all);
        return all;
    }

    private @Nullable AttributeCursor attribute(int number) {
        AttributeCursor cursor = new AttributeCursor();
        cursor.wrap(message, NfGenMsg.ATTRIBUTES_OFFSET);
        while (cursor.next()) {
            if (cursor.number() == number) {
                return cursor;
            }
        }
        return null;
    }

    private @Nullable Long number(int number) {
        AttributeCursor found = attribute(number);
        if (found == null) {
            return null;
        }
        long value = 0;
        for (int i = 0; i < found.payloadLengthBytes(); i++) {
            value = value << Byte.SIZE | (message.buffer().get(found.payloadOffset() + i) & 0xFF);
        }
        return value;
    }

    /** The entry that the request's original tuple, zone and id name. */
    private Stored find() throws NetlinkException {
        AttributeCursor tuple = attribute(Cta.CTA_TUPLE_ORIG);
        if (tuple == null) {
            throw refused(Errno.EINVAL);
        }
        // A flow event needs both directions, so the tuple also serves as the reply.
        byte[] nest = new byte[tuple.payloadLengthBytes()];
        message.buffer().get(tuple.payloadOffset(), nest);
        ByteBuffer whole = new MessageWriter()
                .startNetfilter(NfGenMsg.IPCTNL_MSG_CT_NEW, 0, 0, family(), 0, 0)
                .bytes(Cta.CTA_TUPLE_ORIG, nest)
                .bytes(Cta.CTA_TUPLE_REPLY, nest)
                .finish();
        FlowEvent asked = new FlowEvent();
        if (!decoder.decode(asked, whole, 0, whole.remaining())) {
            throw refused(Errno.EINVAL);
        }
        TupleSpec original = TupleSpec.of(asked.original());
        Long zone = number(Cta.CTA_ZONE);
        int inZone = asked.original().has(Tuple.ZONE) ? asked.original().zone() : zone == null ? 0 : zone.intValue();
        Long id = number(Cta.CTA_ID);
        for (Stored entry : entries) {
            boolean reply = entry.zone.direction() == ZoneScope.Direction.REPLY;
            if (entry.original.equals(original)
                    && (reply ? 0 : entry.zone.zone()) == inZone
                    && (id == null || id == entry.id)) {
                return entry;
            }
        }
        throw refused(Errno.ENOENT);
    }

    private int family() {
        return message.buffer().get(message.offset() + NfGenMsg.FAMILY_OFFSET) & 0xFF;
    }

    private int version() {
        return message.buffer().get(message.offset() + NfGenMsg.VERSION_OFFSET) & 0xFF;
    }

    private void delete() throws NetlinkException {
        boolean filter = attribute(Cta.CTA_FILTER) != null;
        if (attribute(Cta.CTA_TUPLE_ORIG) != null && !(filter && generation.filterInDelete)) {
            entries.remove(find());
            return;
        }
        Predicate<Stored> doomed = entry -> true;
        if (version() > 0 && family() != NfGenMsg.AF_UNSPEC) {
            int family = family();
            doomed = entry -> entry.family() == family;
        }
        entries.removeIf(doomed.and(filter()));
    }

    /** What this generation understands of the filter attributes. */
    private Predicate<Stored> filter() {
        Predicate<Stored> all = entry -> true;
        Long zone = number(Cta.CTA_ZONE);
        if (generation.zone && zone != null) {
            all = all.and(entry -> entry.zone.zone() == zone);
        }
        Long mark = number(Cta.CTA_MARK);
        Long mask = number(Cta.CTA_MARK_MASK);
        if (mark != null && mask != null) {
            all = all.and(entry -> (entry.mark & mask) == (mark & mask));
        }
        Long status = number(Cta.CTA_STATUS);
        Long statusMask = number(Cta.CTA_STATUS_MASK);
        if (generation.status && status != null && statusMask != null) {
            all = all.and(entry -> (entry.status & statusMask) == (status & statusMask));
        }
        return all;
    }

    private boolean understands() {
        return number(Cta.CTA_MARK) != null
                || (generation.zone && number(Cta.CTA_ZONE) != null)
                || (generation.status && number(Cta.CTA_STATUS) != null)
                || family() != NfGenMsg.AF_UNSPEC;
    }

    @Override
    public void dump(MessageWriter request, ReplyHandler handler) throws NetlinkException {
        read(request);
        if (message.type() != NfGenMsg.IPCTNL_MSG_CT_GET) {
            return;
        }
        if (attribute(Cta.CTA_FILTER) != null && generation != Generation.V4_19) {
            throw refused(Errno.EOPNOTSUPP); // as for flags that it does not know
        }
        int family = family();
        Predicate<Stored> wanted = filter().and(entry -> family == NfGenMsg.AF_UNSPEC || entry.family() == family);
        int flags = generation.filteredFlag && understands() ? NlMsgHdr.NLM_F_DUMP_FILTERED : 0;
        stopped = false;
        Iterator<Stored> all = List.copyOf(entries).iterator();
        while (all.hasNext() && !stopped) {
            Stored entry = all.next();
            if (wanted.test(entry)) {
                reply(entry, flags, handler);
            }
        }
    }

    private void reply(Stored entry, int flags, ReplyHandler handler) throws NetlinkException {
        MessageWriter writer = new MessageWriter();
        writer.startNetfilter(NfGenMsg.IPCTNL_MSG_CT_NEW, NlMsgHdr.NLM_F_MULTI | flags, 1, entry.family(), 0, 0);
        for (byte b : entry.attributes) {
            writer.rawU8(b);
        }
        deliver(writer.be32(Cta.CTA_ID, entry.id), handler);
    }

    private void stats(ReplyHandler handler) throws NetlinkException {
        MessageWriter writer = new MessageWriter();
        writer.startNetfilter(NfGenMsg.IPCTNL_MSG_CT_GET_STATS, 0, 1, 0, 0, 0)
                .be32(Cta.CTA_STATS_GLOBAL_ENTRIES, entries.size());
        deliver(writer, handler);
    }

    private static void deliver(MessageWriter writer, ReplyHandler handler) throws NetlinkException {
        ByteBuffer bytes = writer.finish();
        MessageCursor reply = new MessageCursor();
        reply.wrap(bytes, 0, bytes.remaining());
        reply.next();
        handler.onReply(reply);
    }

    @Override
    public void stopDump() {
        stopped = true;
    }

    @Override
    public long portId() {
        return 4711;
    }

    @Override
    public String netnsId() {
        return "1";
    }

    @Override
    public void close() {}
}
