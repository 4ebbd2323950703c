package dev.ctstream.admin;

import dev.ctstream.admin.Entries.Deleted;
import dev.ctstream.admin.Failure.Change;
import dev.ctstream.conntrack.ConntrackTable;
import dev.ctstream.conntrack.FlowEvent;
import dev.ctstream.conntrack.FlowKey;
import dev.ctstream.netlink.Errno;
import dev.ctstream.netlink.NetlinkException;
import java.io.Closeable;
import java.io.IOException;
import java.util.function.Consumer;

/**
 * Entries as they were when they were selected. Deleting takes those and no others: each goes by its tuple, zone and id,
 * so that a successor with the same tuple stays.
 *
 * <p>Ownership: owns its store, not the table. Threads: confined to the table's.
 */
public final class Selection implements Closeable {
    private final ConntrackTable table;
    private final EntryFilter filter;
    private final EntryStore store;
    private final Tally tally = new Tally();

    Selection(ConntrackTable table, EntryFilter filter, EntryStore store) {
        this.table = table;
        this.filter = filter;
        this.store = store;
    }

    /** How many entries were selected. */
    public long count() {
        return store.count();
    }

    /** Hands over each as it was. */
    public void forEach(EntryHandler handler) throws IOException {
        store.forEach(handler);
    }

    /**
     * Deletes them.
     *
     * @param failures told of each one that could not be deleted; the others are
     * @throws NetlinkException when it makes no sense to go on, such as without the privilege
     */
    public Deleted delete(Consumer<Failure> failures) throws IOException {
        store.forEach(entry -> delete(entry, failures));
        return result();
    }

    /** What became of the entries so far, also when {@link #delete} ended early. */
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
        FlowKey key = FlowKey.of(entry);
        try {
            if (filter.mutable() && !stillMeant(key)) {
                tally.changed++;
            } else {
                table.delete(key);
                tally.deleted++;
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

    /** Looks again at what can change while the entry stays: mark, status, state, labels, helper. */
    private boolean stillMeant(FlowKey key) throws NetlinkException {
        boolean[] meant = new boolean[1];
        boolean[] same = new boolean[1];
        table.get(key.original(), key.zone(), now -> {
            same[0] = now.id() == key.id();
            meant[0] = filter.matches(now);
        });
        return meant[0] || !same[0]; // of a successor the DELETE itself finds that it is another one
    }

    @Override
    public void close() throws IOException {
        store.close();
    }
}
