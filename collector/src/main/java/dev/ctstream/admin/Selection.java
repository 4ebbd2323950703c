package dev.ctstream.admin;

import dev.ctstream.admin.Entries.Deleted;
import dev.ctstream.admin.Failure.Change;
import dev.ctstream.conntrack.ConntrackTable;
import dev.ctstream.conntrack.EntryKey;
import dev.ctstream.conntrack.FlowEvent;
import dev.ctstream.netlink.Errno;
import dev.ctstream.netlink.NetlinkException;
import java.io.Closeable;
import java.io.IOException;
import java.util.function.Consumer;

/**
 * Entries as they were when they were selected. {@link #delete} deletes only these: each by its tuple, zone and id.
 * Where the namespace keeps times, it compares the start time first, so that a later flow with the same tuple stays.
 *
 * <p>Ownership: owns its store, not the table. Threads: confined to the table's thread.
 */
public final class Selection implements Closeable {
    private final ConntrackTable table;
    private final EntryFilter filter;
    private final EntryStore store;
    private Tally tally = new Tally();

    Selection(ConntrackTable table, EntryFilter filter, EntryStore store) {
        this.table = table;
        this.filter = filter;
        this.store = store;
    }

    /** Number of selected entries. */
    public long count() {
        return store.count();
    }

    /** Delivers each entry as it was when selected. */
    public void forEach(EntryHandler handler) throws IOException {
        store.forEach(handler);
    }

    /**
     * Deletes the selected entries.
     *
     * @param failures receives each entry that could not be deleted; the others are deleted
     * @throws NetlinkException when continuing makes no sense, for instance without the privilege
     */
    public Deleted delete(Consumer<Failure> failures) throws IOException {
        tally = new Tally();
        store.forEach(entry -> delete(entry, failures));
        return result();
    }

    /** Outcome of the last {@link #delete} so far, even when it ended early. */
    public Deleted result() {
        return new Deleted(tally.deleted, tally.gone, tally.changed, tally.failed);
    }

    private static final class Tally {
        private long deleted;
        private long gone;
        private long changed;
        private long failed;
    }

    private void delete(FlowEvent entry, Consumer<Failure> failures) throws NetlinkException {
        EntryKey key = EntryKey.of(entry);
        try {
            Fate fate = filter.mutable() || entry.has(FlowEvent.START_TIME) ? lookAgain(entry, key) : Fate.MEANT;
            switch (fate) {
                case ANOTHER -> tally.gone++;
                case CHANGED -> tally.changed++;
                case MEANT -> {
                    table.delete(key);
                    tally.deleted++;
                }
            }
        } catch (NetlinkException e) {
            switch (e.errno()) {
                case Errno.ENOENT -> tally.gone++;
                case Errno.EPERM, Errno.EIO, Errno.ETIMEDOUT, Errno.EBADF -> throw e;
                default -> {
                    tally.failed++;
                    failures.accept(Failure.of(Change.DELETE, e));
                }
            }
        }
    }

    private enum Fate {
        MEANT,
        CHANGED,
        ANOTHER
    }

    /**
     * Checks that the entry is still the same one and still matches. The id alone is not enough: a new entry at the
     * same memory address has the same id, but another start time.
     */
    private Fate lookAgain(FlowEvent listed, EntryKey key) throws NetlinkException {
        Fate[] fate = {Fate.ANOTHER};
        table.get(key.original(), key.zone(), now -> {
            if (now.id() == key.id() && start(now) == start(listed)) {
                fate[0] = filter.matches(now) ? Fate.MEANT : Fate.CHANGED;
            }
        });
        return fate[0];
    }

    private static long start(FlowEvent entry) {
        return entry.has(FlowEvent.START_TIME) ? entry.startTimeNanos() : 0;
    }

    @Override
    public void close() throws IOException {
        store.close();
    }
}
