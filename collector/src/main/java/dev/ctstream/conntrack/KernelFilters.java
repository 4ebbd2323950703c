package dev.ctstream.conntrack;

import dev.ctstream.netlink.Errno;
import dev.ctstream.netlink.NetlinkException;
import dev.ctstream.netlink.NlMsgHdr;
import java.util.EnumMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Finds out which dump filters this kernel supports, by trying them and never by its version: a dump of both families
 * with a filter that no entry passes. A kernel that supports the filter sends nothing, or flags its messages as
 * filtered; one that does not sends entries without the flag. A wrong guess only costs time: the whole filter is
 * applied again to every entry that arrives.
 *
 * <p>Threads: confined to the table's thread.
 */
final class KernelFilters {
    private static final long U32 = 0xFFFF_FFFFL;
    private static final int UNLIKELY_ZONE = 0xFFFF;
    private static final int IPPROTO_ICMP = 1;
    private static final int IPPROTO_TCP = 6;
    private static final int IPPROTO_UDP = 17;
    private static final int IPPROTO_DCCP = 33;
    private static final int IPPROTO_ICMPV6 = 58;
    private static final int IPPROTO_SCTP = 132;
    private static final int IPPROTO_UDPLITE = 136;

    private final ConntrackTable table;
    private final Map<Kind, Boolean> known = new EnumMap<>(Kind.class);

    private enum Kind {
        ZONE,
        MARK,
        STATUS,
        TUPLE
    }

    KernelFilters(ConntrackTable table) {
        this.table = table;
    }

    /** Whether the kernel uses this errno to reject a filter that it parses but does not support. */
    static boolean refusal(int errno) {
        return errno == Errno.EINVAL || errno == Errno.EOPNOTSUPP;
    }

    static boolean hasPorts(int protocol) {
        return switch (protocol) {
            case IPPROTO_TCP, IPPROTO_UDP, IPPROTO_DCCP, IPPROTO_SCTP, IPPROTO_UDPLITE -> true;
            default -> false;
        };
    }

    static boolean isIcmp(int protocol) {
        return protocol == IPPROTO_ICMP || protocol == IPPROTO_ICMPV6;
    }

    /** The part of a filter that the kernel applies. */
    DumpFilter known(DumpFilter filter) throws NetlinkException {
        return new DumpFilter(
                filter.family(),
                ask(Kind.ZONE, filter.zone()),
                ask(Kind.MARK, filter.mark()),
                ask(Kind.STATUS, filter.status()),
                tuple(filter, filter.original()),
                tuple(filter, filter.reply()));
    }

    private TupleMatch tuple(DumpFilter filter, TupleMatch tuple) throws NetlinkException {
        TupleMatch part = tuple.forKernel();
        if (filter.family() == NfGenMsg.AF_UNSPEC || part.equals(TupleMatch.ANY)) {
            return TupleMatch.ANY; // the kernel requires a family with it
        }
        return ask(Kind.TUPLE, part) == null ? TupleMatch.ANY : part;
    }

    /** The value when the kernel supports a filter of this kind, else null. */
    private <T> @Nullable T ask(Kind kind, @Nullable T value) throws NetlinkException {
        if (value == null) {
            return null;
        }
        Boolean answer = known.get(kind);
        if (answer == null) {
            answer = kind == Kind.TUPLE ? table.knowsTupleFilter() : filters(impossible(kind));
            known.put(kind, answer);
        }
        return answer ? value : null;
    }

    private static DumpFilter impossible(Kind kind) {
        return switch (kind) {
            case ZONE -> DumpFilter.zone(UNLIKELY_ZONE);
            case MARK -> DumpFilter.ALL.with(new DumpFilter.Masked(U32, U32), null);
            // Each entry of the table is confirmed.
            default -> DumpFilter.ALL.with(null, new DumpFilter.Masked(0, IpsStatus.IPS_CONFIRMED));
        };
    }

    private boolean filters(DumpFilter impossible) throws NetlinkException {
        boolean[] ignored = new boolean[1];
        table.dumpMessages(impossible, message -> {
            ignored[0] = (message.flags() & NlMsgHdr.NLM_F_DUMP_FILTERED) == 0;
            table.stopDump();
        });
        return !ignored[0];
    }
}
