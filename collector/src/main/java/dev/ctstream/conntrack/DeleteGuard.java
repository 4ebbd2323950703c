package dev.ctstream.conntrack;

import dev.ctstream.netlink.AttributeCursor;
import dev.ctstream.netlink.MessageCursor;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Checks every request of a {@link ConntrackTable} before it is sent: a DELETE passes only if its bytes are exactly
 * those that the declared {@link DeleteRequest} needs. The kernel treats a missing tuple, a zone of the wrong size or a
 * family in a request of version 0 as a flush of the whole table. Such a request never reaches it, whichever code wrote
 * the bytes.
 *
 * <p>Threads: confined to one thread. Errors: {@link IllegalStateException}; it is a bug, and nothing was sent.
 *
 * <p>Source: {@code ctnetlink_del_conntrack} in {@code nf_conntrack_netlink.c}: without CTA_TUPLE_ORIG and
 * CTA_TUPLE_REPLY it calls {@code ctnetlink_flush_conntrack}.
 */
final class DeleteGuard {
    /** {@code ctnetlink_flush_conntrack} reads the family only when the version is not 0. */
    static final int VERSION_THAT_HONOURS_FAMILY = 1;

    private final MessageCursor message = new MessageCursor();
    private final AttributeCursor top = new AttributeCursor();
    private final AttributeCursor tuple = new AttributeCursor();

    /**
     * Returns normally when the datagram may be sent.
     *
     * @param intent what its one DELETE must do; null when it must not contain one
     */
    void check(ByteBuffer datagram, @Nullable DeleteRequest intent) {
        int messages = 0;
        message.wrap(datagram, datagram.position(), datagram.remaining());
        while (message.next()) {
            messages++;
            boolean delete = message.type() == NfGenMsg.IPCTNL_MSG_CT_DELETE;
            demand(delete == (intent != null), "an undeclared DELETE, or no DELETE where one was declared");
            if (intent instanceof EntryKey key) {
                checkOne(key);
            } else if (intent instanceof Flush flush) {
                checkFlush(flush);
            }
        }
        demand(messages == 1 && !message.malformed(), messages + " messages in one request");
    }

    private void checkOne(EntryKey key) {
        demand(u8(NfGenMsg.FAMILY_OFFSET) == key.original().family(), "the family is not the tuple's");
        boolean named = false;
        boolean guarded = false;
        begin();
        while (top.next()) {
            switch (top.number()) {
                case Cta.CTA_TUPLE_ORIG -> named = wholeTuple();
                case Cta.CTA_ID -> guarded = top.be32() == key.id();
                case Cta.CTA_ZONE -> demand(top.be16() == key.zone().zone(), "the zone is not the entry's");
                default -> demand(false, "attribute " + top.number());
            }
        }
        demand(named && guarded && !top.malformed(), "an incomplete tuple, or no id");
    }

    private boolean wholeTuple() {
        boolean addresses = false;
        boolean protocol = false;
        tuple.wrapNest(top);
        while (tuple.next()) {
            addresses |= tuple.number() == Cta.CTA_TUPLE_IP && tuple.payloadLengthBytes() > 0;
            protocol |= tuple.number() == Cta.CTA_TUPLE_PROTO && tuple.payloadLengthBytes() > 0;
        }
        return addresses && protocol && !tuple.malformed();
    }

    private void checkFlush(Flush flush) {
        int family = flush instanceof Flush.Family of ? of.family() : NfGenMsg.AF_UNSPEC;
        int version = flush instanceof Flush.Family ? VERSION_THAT_HONOURS_FAMILY : NfGenMsg.NFNETLINK_V0;
        demand(u8(NfGenMsg.FAMILY_OFFSET) == family, "the family is not that of the flush");
        demand(u8(NfGenMsg.VERSION_OFFSET) == version, "a version that does not fit the flush");
        int attributes = 0;
        begin();
        while (top.next()) {
            attributes++;
            demand(flush instanceof Flush.Zone && top.number() == Cta.CTA_ZONE, "attribute " + top.number());
            demand(top.be16() == ((Flush.Zone) flush).zone(), "the zone is not that of the flush");
        }
        demand(attributes == (flush instanceof Flush.Zone ? 1 : 0) && !top.malformed(), "a flush without its filter");
    }

    private void begin() {
        demand(message.lengthBytes() >= NfGenMsg.ATTRIBUTES_OFFSET, "too short for a family");
        top.wrap(message, NfGenMsg.ATTRIBUTES_OFFSET);
    }

    private int u8(int offset) {
        demand(message.lengthBytes() >= NfGenMsg.ATTRIBUTES_OFFSET, "too short for a family");
        return message.buffer().get(message.offset() + offset) & 0xFF;
    }

    private static void demand(boolean holds, String fault) {
        if (!holds) {
            throw new IllegalStateException("refused to send a request that could delete too much: " + fault);
        }
    }
}
