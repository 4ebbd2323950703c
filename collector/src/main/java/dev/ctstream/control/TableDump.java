package dev.ctstream.control;

import dev.ctstream.conntrack.ConntrackTable;
import dev.ctstream.conntrack.DumpEntryKind;
import dev.ctstream.conntrack.DumpFilter;
import dev.ctstream.conntrack.DumpRing;
import dev.ctstream.conntrack.TableStats;
import dev.ctstream.netlink.MessageCursor;
import dev.ctstream.netlink.NetlinkException;
import dev.ctstream.netlink.StageClock;
import dev.ctstream.track.DumpEnd;
import dev.ctstream.track.DumpExchange;
import dev.ctstream.track.DumpRequest;
import dev.ctstream.track.DumpResult;
import dev.ctstream.track.TrackedNamespace;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads one namespace's table into the ring to the receive thread: a mark, the entries, the dying list, a mark. When
 * the ring is full, the dump thread waits, never the receive thread.
 *
 * <p>While the table is resized, a dump may lack entries without a report by the kernel. So a dump counts as complete
 * only if the number of buckets did not change and the number of entries is close to the kernel's count.
 *
 * <p>Threads: confined to the dump thread.
 */
final class TableDump {
    private static final Logger LOG = LoggerFactory.getLogger(TableDump.class);
    private static final Path BUCKETS = Path.of("/proc/sys/net/netfilter/nf_conntrack_buckets"); // of the whole host
    /** Half of the receive thread's pause during a dump. */
    private static final long WAIT_NANOS = TimeUnit.MILLISECONDS.toNanos(1);

    private static final int PROGRESS_ENTRIES = 1024;
    private static final long MISSING_TOLERATED = 64;
    private static final long MISSING_TOLERATED_FRACTION = 10;

    private final NamespaceAccess namespace;
    private final TrackedNamespace track;
    private final DumpRequest request;
    private final DumpRing ring;
    private final StageClock clock;
    private final BooleanSupplier stopping;
    private final LongConsumer progress;
    private final MessageCursor dying = new MessageCursor();
    private long entries;
    private long dyingEntries;
    private boolean odd;

    TableDump(
            NamespaceAccess namespace,
            TrackedNamespace track,
            DumpRequest request,
            DumpRing ring,
            StageClock clock,
            BooleanSupplier stopping,
            LongConsumer progress) {
        this.namespace = namespace;
        this.track = track;
        this.request = request;
        this.ring = ring;
        this.clock = clock;
        this.stopping = stopping;
        this.progress = progress;
    }

    /** Whether there were fewer entries than the kernel counts, so that another try is worthwhile. */
    boolean odd() {
        return odd;
    }

    /** Number of entries read. */
    long entries() {
        return entries;
    }

    /**
     * Dumps the table, and waits until the receive thread has seen the whole dump.
     *
     * @param acceptOdd accept fewer entries than the kernel counts
     * @return null when the dump was abandoned because the namespace was removed or the collector is stopping
     * @throws NetlinkException when the kernel aborted the dump; the receive thread knows it, and the result is
     *     available
     */
    @Nullable
    DumpResult run(boolean acceptOdd) throws NetlinkException {
        DumpExchange dumps = track.dumps();
        dumps.request(request);
        if (!mark(DumpEntryKind.BEGIN) || !await(() -> dumps.begun(request))) {
            return null;
        }
        boolean complete = false;
        try {
            complete = read(acceptOdd);
        } finally {
            dumps.endReading(new DumpEnd(complete, clock.nanoTime()));
            progress.accept(0);
            if (mark(DumpEntryKind.END)) {
                await(() -> dumps.result(request) != null);
            }
        }
        return dumps.result(request);
    }

    private boolean read(boolean acceptOdd) throws NetlinkException {
        try (ConntrackTable table = namespace.openTable()) {
            String buckets = buckets();
            TableStats before = table.stats();
            table.dumpMessages(DumpFilter.ALL, message -> {
                if (!offer(DumpEntryKind.ENTRY, message)) {
                    table.stopDump();
                    return;
                }
                if (++entries % PROGRESS_ENTRIES == 0) {
                    progress.accept(entries);
                }
            });
            table.dumpDying(event -> {
                dyingEntries++;
                dying.wrap(event.buffer(), event.messageOffset(), event.messageLengthBytes());
                if (dying.next()) {
                    offer(DumpEntryKind.DYING, dying);
                }
            });
            TableStats after = table.stats();
            odd = isOdd(before, after);
            return !givenUp() && buckets.equals(buckets()) && (acceptOdd || !odd);
        }
    }

    private boolean isOdd(TableStats before, TableStats after) {
        long counted = Math.min(before.entries(), after.entries());
        long missing = counted - entries - dyingEntries;
        return missing > MISSING_TOLERATED + counted / MISSING_TOLERATED_FRACTION;
    }

    private static String buckets() {
        try {
            return Files.readString(BUCKETS);
        } catch (IOException e) {
            LOG.debug("cannot read {}", BUCKETS, e);
            return ""; // not visible in this namespace: only the count is checked
        }
    }

    private boolean offer(DumpEntryKind kind, MessageCursor message) {
        if (message.lengthBytes() > DumpRing.MAX_MESSAGE_BYTES) {
            LOG.warn("entry too long: netns={} lengthBytes={}", namespace.netns(), message.lengthBytes());
            return true; // not expected: the longest entries have about 600 bytes
        }
        return await(() -> ring.offer(namespace.source(), kind, message));
    }

    private boolean mark(DumpEntryKind kind) {
        return await(() -> ring.offerMark(namespace.source(), kind));
    }

    private boolean givenUp() {
        return track.removed() || stopping.getAsBoolean();
    }

    /** Waits for the condition; false when the dump was abandoned. */
    private boolean await(BooleanSupplier condition) {
        while (!condition.getAsBoolean()) {
            if (givenUp()) {
                return false;
            }
            clock.park(this, WAIT_NANOS);
        }
        return true;
    }
}
