package dev.ctstream.admin;

import dev.ctstream.conntrack.DumpFilter;
import dev.ctstream.conntrack.EntryKey;
import dev.ctstream.conntrack.FlowSpec;
import dev.ctstream.conntrack.IpsStatus;
import dev.ctstream.conntrack.TupleSpec;
import dev.ctstream.conntrack.ZoneScope;
import dev.ctstream.netlink.Errno;
import dev.ctstream.netlink.NetlinkException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Finds a zone without entries, with one dump and one bit per zone. Entries are only a hint: a rule may use a zone that
 * has no flow at the moment.
 *
 * <p>A reservation is an entry with a tuple that all allocators share, created exclusively: if two want the same zone,
 * the kernel accepts only one. The allocator then checks again whether a flow has entered the zone in the meantime. The
 * entry keeps the zone in use until it expires or is deleted.
 *
 * <p>Bounds: each zone of the range is tried at most once. Threads: confined to the table's thread.
 */
public final class ZoneAllocator {
    /**
     * RFC 3692: reserved for experiments. No flow on the internet uses it, and the kernel tracks it by addresses alone.
     */
    private static final int PROTOCOL = 253;

    private static final byte[] FROM = {(byte) 192, 0, 2, 1}; // TEST-NET-1: used by no network
    private static final byte[] TO = {(byte) 192, 0, 2, 2};

    private final Entries entries;
    private final @Nullable RandomGenerator random;

    /**
     * Creates an allocator.
     *
     * @param random chooses one of the free zones; null = choose the lowest
     */
    public ZoneAllocator(Entries entries, @Nullable RandomGenerator random) {
        this.entries = entries;
        this.random = random;
    }

    /** Zones to choose from; both ends inclusive. */
    public record Range(int from, int to) {
        /** Checks the bounds. */
        public Range {
            if (from < 0 || to >= ZoneCounts.ZONES || from > to) {
                throw new IllegalArgumentException("zones " + from + ".." + to + " are not a range in 0..65535");
            }
        }

        @Override
        public String toString() {
            return from + ".." + to;
        }
    }

    /** Every zone of the range is in use. */
    public static final class NoFreeZoneException extends Exception {
        private static final long serialVersionUID = 1L;

        NoFreeZoneException(Range range) {
            super("no zone is free in " + range + ": each has entries or is reserved");
        }
    }

    /** The tuple of a reservation. */
    public static TupleSpec marker() {
        return new TupleSpec(TupleSpec.address(FROM), TupleSpec.address(TO), new TupleSpec.AddressesOnly(PROTOCOL));
    }

    /** Returns a zone that is free now; nothing keeps it free. */
    public int find(Range range) throws IOException, NoFreeZoneException {
        return choose(entries.zones(EntryFilter.ALL).zones(), range);
    }

    /**
     * Reserves a free zone and returns it.
     *
     * @param timeoutSeconds lifetime of the reservation
     */
    public int reserve(Range range, long timeoutSeconds) throws IOException, NoFreeZoneException {
        BitSet used = entries.zones(EntryFilter.ALL).zones();
        while (true) {
            int zone = choose(used, range);
            if (taken(zone, timeoutSeconds) && alone(zone)) {
                return zone;
            }
            used.set(zone);
        }
    }

    private int choose(BitSet used, Range range) throws NoFreeZoneException {
        int first = used.nextClearBit(range.from());
        if (first > range.to()) {
            throw new NoFreeZoneException(range);
        }
        if (random == null) {
            return first;
        }
        int free = range.to()
                - range.from()
                + 1
                - used.get(range.from(), range.to() + 1).cardinality();
        int zone = first;
        for (int skip = random.nextInt(free); skip > 0; skip--) {
            zone = used.nextClearBit(zone + 1);
        }
        return zone;
    }

    private boolean taken(int zone, long timeoutSeconds) throws NetlinkException {
        try {
            entries.table()
                    .create(FlowSpec.of(marker())
                            .zone(ZoneScope.both(zone))
                            .timeoutSeconds(timeoutSeconds)
                            .status(IpsStatus.IPS_CONFIRMED)
                            .build());
            return true;
        } catch (NetlinkException e) {
            if (e.errno() == Errno.EEXIST) {
                return false;
            }
            throw e;
        }
    }

    /** Whether the reservation is the only entry of the zone; otherwise it deletes the reservation. */
    private boolean alone(int zone) throws NetlinkException {
        TupleSpec marker = marker();
        List<EntryKey> ours = new ArrayList<>();
        boolean[] others = new boolean[1];
        entries.table().dump(DumpFilter.zone(zone), entry -> {
            EntryKey key = EntryKey.of(entry);
            if (key.original().equals(marker)) {
                ours.add(key);
            } else {
                others[0] = true;
            }
        });
        if (others[0]) {
            for (EntryKey key : ours) {
                release(key);
            }
        }
        return !others[0];
    }

    private void release(EntryKey key) throws NetlinkException {
        try {
            entries.table().delete(key);
        } catch (NetlinkException e) {
            if (e.errno() != Errno.ENOENT) {
                throw e;
            }
        }
    }
}
