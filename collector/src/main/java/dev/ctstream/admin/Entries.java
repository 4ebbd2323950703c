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
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The entries of one network namespace: list, count, create, delete and flush them.
 *
 * <p>Ownership: owns the table. Threads: confined to one.
 *
 * <p>Errors: {@link NetlinkException} when the kernel refuses; {@link #failure} explains one. Exceptions of a handler
 * pass through unchanged.
 */
public final class Entries implements AutoCloseable {
    private static final int CREATE_ATTEMPTS = 3;

    private final ConntrackTable table;

    private Entries(ConntrackTable table) {
        this.table = table;
    }

    /** Outcome of creating an entry. */
    public enum Created {
        /** The entry is new. */
        CREATED,
        /** An entry with this original tuple existed and was changed; it kept its id and counters. */
        UPDATED,
        /**
         * An entry with this original tuple was deleted first: the kernel cannot change NAT or the reply tuple, nor
         * clear status bits.
         */
        REPLACED
    }

    /**
     * An entry that was made, and what it has become.
     *
     * @param how what was done
     * @param differences between what was asked for and what the kernel keeps
     */
    public record Made(Created how, List<Difference> differences) {}

    /**
     * Outcome of deleting entries.
     *
     * @param deleted deleted by this call
     * @param gone already gone: expired, or deleted by others
     * @param changed no longer matched by the filter, so kept
     * @param failed not deleted; each was reported
     */
    public record Deleted(long deleted, long gone, long changed, long failed) {}

    /**
     * Outcome of a flush.
     *
     * @param entries number listed just before; the kernel reports none
     * @param oneByOne null when the kernel flushed; otherwise the outcome of deleting each entry
     */
    public record Flushed(long entries, @Nullable Deleted oneByOne) {}

    /** Opens the entries of a namespace; null = the calling thread's. */
    public static Entries open(@Nullable NetworkNamespace namespace) throws NetlinkException {
        return new Entries(ConntrackTable.open(namespace));
    }

    /** Wraps a table and takes ownership of it. */
    public static Entries over(ConntrackTable table) {
        return new Entries(table);
    }

    /** The table. */
    public ConntrackTable table() {
        return table;
    }

    /** Explains the kernel's refusal to a person. */
    public static Failure failure(NetlinkException cause) {
        return Failure.of(Change.LIST, cause);
    }

    /** Delivers every matching entry in the kernel's order; returns their number. */
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

    /** As {@link #list}, sorted; entries that do not fit into memory go to temporary files. */
    public long list(EntryFilter filter, EntryOrder order, EntryHandler handler) throws IOException {
        try (EntryStore store = new EntryStore(order)) {
            list(filter, store::add);
            store.forEach(handler);
            return store.count();
        }
    }

    /** Number of matching entries. */
    public long count(EntryFilter filter) throws IOException {
        return list(filter, entry -> {});
    }

    /** Counts entries and their directions in every zone. */
    public ZoneCounts zones(EntryFilter filter) throws IOException {
        ZoneCounts counts = new ZoneCounts();
        list(filter, counts::add);
        return counts;
    }

    /** Stores the entries that match now, so that exactly these can be inspected and deleted later. */
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
     * Creates one entry.
     *
     * @param replace whether an entry with the same original tuple is changed, or deleted if it cannot be changed;
     *     without it, such an entry causes EEXIST
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
                    throw e; // another entry has the same reply tuple
                }
                if (changed(flow, present)) {
                    return Created.UPDATED;
                }
                deleteIfThere(present);
            }
        }
    }

    /** As {@link #create}; then reads the entry back, because the kernel accepts more than it keeps. */
    public Made make(FlowSpec flow, boolean replace) throws NetlinkException {
        long began = System.nanoTime();
        Created how = create(flow, replace);
        Entry entry = itself(flow);
        long elapsedSeconds = TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - began) + 1;
        return new Made(
                how,
                entry == null
                        ? ReadBack.gone(flow)
                        : ReadBack.differences(flow, entry, how == Created.UPDATED, elapsedSeconds));
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
                && ReadBack.sameOriginal(flow.original(), entry.key().original())
                && entry.key().zone().equals(flow.zone());
        return same ? entry : null;
    }

    /** Changes the entry in place; false when the kernel cannot. */
    private boolean changed(FlowSpec flow, Entry present) throws NetlinkException {
        boolean translated = flow.sourceNat() != null || flow.destinationNat() != null;
        TupleSpec master = flow.extras().master();
        boolean otherMaster = master != null && !master.equals(present.extras().master());
        if (translated || otherMaster || !present.reply().equals(flow.reply())) {
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
     * Deletes exactly what the flush describes. On a kernel that would ignore the zone, a zone is deleted entry by
     * entry.
     *
     * @param failures receives each entry that could not be deleted
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

    /** Explains the kernel's refusal to create an entry to a person. */
    public static Failure createFailure(NetlinkException cause) {
        return Failure.of(Change.CREATE, cause);
    }

    @Override
    public void close() {
        table.close();
    }
}
