package dev.ctstream.admin;

import dev.ctstream.admin.Failure.Change;
import dev.ctstream.conntrack.ConntrackTable;
import dev.ctstream.conntrack.FlowEvent;
import dev.ctstream.conntrack.FlowSpec;
import dev.ctstream.conntrack.Flush;
import dev.ctstream.conntrack.TupleSpec;
import dev.ctstream.conntrack.ZoneScope;
import dev.ctstream.netlink.Errno;
import dev.ctstream.netlink.NetlinkException;
import dev.ctstream.netlink.NetworkNamespace;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The entries of one network namespace: list, count, create, delete and flush them.
 *
 * <p>Ownership: owns the table. Threads: confined to one.
 *
 * <p>Errors: {@link NetlinkException} when the kernel refuses; {@link #failure} says what to do about one. What a handler
 * throws comes out as it is.
 */
public final class Entries implements AutoCloseable {
    private static final int CREATE_ATTEMPTS = 3;

    private final ConntrackTable table;

    private Entries(ConntrackTable table) {
        this.table = table;
    }

    /** What became of an entry that was to be created. */
    public enum Created {
        /** It is new. */
        CREATED,
        /** One with its original tuple was there and was changed; it kept its id and counters. */
        UPDATED,
        /** One with its original tuple was deleted for it: the kernel cannot change NAT, reply tuple or a lesser status. */
        REPLACED
    }

    /**
     * What became of entries that were to be deleted.
     *
     * @param deleted by us
     * @param gone before we came: expired, or deleted by others
     * @param changed meanwhile, so that they are no longer meant; still there
     * @param failed each was reported
     */
    public record Deleted(long deleted, long gone, long changed, long failed) {}

    /**
     * What a flush took.
     *
     * @param entries listed just before; the kernel tells no number
     * @param oneByOne null when the kernel flushed; else what became of each entry
     */
    public record Flushed(long entries, @Nullable Deleted oneByOne) {}

    /** Opens the entries of a namespace, null = the calling thread's. */
    public static Entries open(@Nullable NetworkNamespace namespace) throws NetlinkException {
        return new Entries(ConntrackTable.open(namespace));
    }

    /** The entries of a table, which they own from now on. */
    public static Entries over(ConntrackTable table) {
        return new Entries(table);
    }

    /** The table. */
    public ConntrackTable table() {
        return table;
    }

    /** What a refusal means, for a person. */
    public static Failure failure(NetlinkException cause) {
        return Failure.of(Change.LIST, cause);
    }

    /** Hands over every entry that is meant, in the kernel's order; returns how many. */
    public long list(EntryFilter filter, EntryHandler handler) throws IOException {
        long[] count = new long[1];
        new DumpAhead(table, filter.kernel()).deliver(entry -> {
            if (filter.matches(entry)) {
                count[0]++;
                handler.onEntry(entry);
            }
        });
        return count[0];
    }

    private static void hand(FlowEvent entry, EntryHandler handler) {
        try {
            handler.onEntry(entry);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** As {@link #list}, in an order; entries that do not fit into memory wait in temporary files. */
    public long list(EntryFilter filter, EntryOrder order, EntryHandler handler) throws IOException {
        try (EntryStore store = new EntryStore(order)) {
            list(filter, store::add);
            store.forEach(handler);
            return store.count();
        }
    }

    /** How many entries are meant. */
    public long count(EntryFilter filter) throws IOException {
        return list(filter, entry -> {});
    }

    /** Counts entries and their directions in every zone. */
    public ZoneCounts zones(EntryFilter filter) throws IOException {
        ZoneCounts counts = new ZoneCounts();
        list(filter, counts::add);
        return counts;
    }

    /** Sets aside what is meant now: exactly that can be looked at and deleted afterwards. */
    public Selection select(EntryFilter filter) throws IOException {
        EntryStore store = new EntryStore(null);
        try {
            Optional<TupleSpec> exact = filter.exactTuple();
            if (exact.isPresent()) {
                for (ZoneScope zone : filter.exactZones()) {
                    get(exact.get(), zone, filter, store);
                }
            } else {
                list(filter, store::add);
            }
            return new Selection(table, filter, store);
        } catch (IOException e) {
            store.close();
            throw e;
        }
    }

    private void get(TupleSpec tuple, ZoneScope zone, EntryFilter filter, EntryStore store) throws IOException {
        try {
            table.get(tuple, zone, entry -> {
                // The kernel also finds an entry by its reply, and a directional one in a zone.
                boolean itself = TupleSpec.of(entry.original()).equals(tuple)
                        && ZoneScope.of(entry).zone() == zone.zone()
                        && (ZoneScope.of(entry).direction() == ZoneScope.Direction.REPLY)
                                == (zone.direction() == ZoneScope.Direction.REPLY);
                if (itself && filter.matches(entry)) {
                    hand(entry, store::add);
                }
            });
        } catch (UncheckedIOException e) {
            throw e.getCause();
        } catch (NetlinkException e) {
            if (e.errno() != Errno.ENOENT) {
                throw e;
            }
        }
    }

    /**
     * Enters one entry.
     *
     * @param replace whether one with the same original tuple is changed, or deleted where it cannot be changed; else it
     *     is EEXIST
     */
    public Created create(FlowSpec flow, boolean replace) throws NetlinkException {
        for (int attempt = 1; ; attempt++) {
            try {
                table.create(flow);
                return attempt == 1 ? Created.CREATED : Created.REPLACED;
            } catch (NetlinkException e) {
                if (!replace || e.errno() != Errno.EEXIST || attempt == CREATE_ATTEMPTS) {
                    throw e;
                }
                Entry present = itself(flow);
                if (present == null) {
                    throw e; // another entry has its reply tuple
                }
                if (changed(flow, present)) {
                    return Created.UPDATED;
                }
                deleteIfThere(present);
            }
        }
    }

    private @Nullable Entry itself(FlowSpec flow) throws NetlinkException {
        AtomicReference<@Nullable Entry> found = new AtomicReference<>();
        try {
            table.get(flow.original(), flow.zone(), entry -> found.set(Entry.of(entry)));
        } catch (NetlinkException e) {
            if (e.errno() != Errno.ENOENT) {
                throw e;
            }
        }
        Entry entry = found.get();
        boolean same = entry != null
                && entry.key().original().equals(flow.original())
                && entry.key().zone().equals(flow.zone());
        return same ? entry : null;
    }

    /** Changes the entry where it is; false when the kernel cannot. */
    private boolean changed(FlowSpec flow, Entry present) throws NetlinkException {
        boolean translated = flow.sourceNat() != null || flow.destinationNat() != null;
        if (translated || !present.reply().equals(flow.reply())) {
            return false;
        }
        try {
            table.update(flow);
            return true;
        } catch (NetlinkException e) {
            if (e.errno() == Errno.EBUSY || e.errno() == Errno.ENOENT) {
                return false;
            }
            throw e;
        }
    }

    private void deleteIfThere(Entry entry) throws NetlinkException {
        try {
            table.delete(entry.key());
        } catch (NetlinkException e) {
            if (e.errno() != Errno.ENOENT) {
                throw e;
            }
        }
    }

    /**
     * Deletes what the flush says, and nothing else. A zone goes entry by entry on a kernel that would ignore the zone.
     *
     * @param failures told of each entry that could not be deleted
     */
    public Flushed flush(Flush flush, Consumer<Failure> failures) throws IOException {
        if (flush instanceof Flush.Zone zone && !table.honoursZoneFlush()) {
            try (Selection selection = select(EntryFilter.zone(zone.zone()))) {
                return new Flushed(selection.count(), selection.delete(failures));
            }
        }
        long listed = count(EntryFilter.of(flush));
        table.flush(flush);
        return new Flushed(listed, null);
    }

    /** What a refusal to create means, for a person. */
    public static Failure createFailure(NetlinkException cause) {
        return Failure.of(Change.CREATE, cause);
    }

    @Override
    public void close() {
        table.close();
    }
}
