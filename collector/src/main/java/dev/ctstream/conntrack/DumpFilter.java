package dev.ctstream.conntrack;

import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Limits what a dump shows. {@link ConntrackTable#dump} lets the kernel apply the parts that it supports and then
 * applies the whole filter again: old kernels ignore the zone (before 6.8), the status (before 5.15) and the tuples
 * (before 5.10).
 *
 * @param family {@code AF_INET}, {@code AF_INET6} or {@code AF_UNSPEC} for both
 * @param zone the flow's zone, whichever direction it is valid for
 */
public record DumpFilter(
        int family,
        @Nullable Integer zone,
        @Nullable Masked mark,
        @Nullable Masked status,
        TupleMatch original,
        TupleMatch reply) {
    private static final long U32 = 0xFFFF_FFFFL;

    /** Matches everything. */
    public static final DumpFilter ALL = new DumpFilter(NfGenMsg.AF_UNSPEC, null, null, null);

    /** A filter without tuples. */
    public DumpFilter(int family, @Nullable Integer zone, @Nullable Masked mark, @Nullable Masked status) {
        this(family, zone, mark, status, TupleMatch.ANY, TupleMatch.ANY);
    }

    /** u32 bits that must have these values. */
    public record Masked(long value, long mask) {
        private static final int HEX = 16;
        private static final Pattern NUMBER = Pattern.compile("0|[1-9][0-9]{0,9}|0[xX][0-9a-fA-F]{1,8}");

        /**
         * Reads {@code VALUE} or {@code VALUE/MASK}; decimal or 0x.
         *
         * @throws IllegalArgumentException for any other text, and for a number that is no u32
         */
        public static Masked parse(String text) {
            int slash = text.indexOf('/');
            return slash < 0
                    ? new Masked(number(text), U32)
                    : new Masked(number(text.substring(0, slash)), number(text.substring(slash + 1)));
        }

        private static long number(String text) {
            if (!NUMBER.matcher(text).matches()) {
                throw new IllegalArgumentException(text);
            }
            boolean hex = text.startsWith("0x") || text.startsWith("0X");
            long value = hex ? Long.parseLong(text.substring(2), HEX) : Long.parseLong(text);
            if (value > U32) {
                throw new IllegalArgumentException(text);
            }
            return value;
        }

        boolean matches(long actual) {
            return (actual & mask) == (value & mask);
        }
    }

    /** A filter by zone only. */
    public static DumpFilter zone(int zone) {
        return new DumpFilter(NfGenMsg.AF_UNSPEC, zone, null, null);
    }

    /** A filter by family only. */
    public static DumpFilter family(int family) {
        return new DumpFilter(family, null, null, null);
    }

    /** This filter with another mark and status. */
    DumpFilter with(@Nullable Masked otherMark, @Nullable Masked otherStatus) {
        return new DumpFilter(family, zone, otherMark, otherStatus, original, reply);
    }

    /** Whether an entry passes. */
    public boolean matches(FlowEvent entry) {
        if (family != NfGenMsg.AF_UNSPEC && entry.family() != family) {
            return false;
        }
        if (zone != null && ZoneScope.zoneOf(entry) != zone) {
            return false;
        }
        if (mark != null && !mark.matches(entry.has(FlowEvent.MARK) ? entry.mark() : 0)) {
            return false;
        }
        if (status != null && !status.matches(entry.has(FlowEvent.STATUS) ? entry.status() & U32 : 0)) {
            return false;
        }
        return original.matches(entry.original()) && reply.matches(entry.reply());
    }
}
