package dev.ctstream.publish;

import dev.ctstream.netlink.Signal;
import dev.ctstream.netlink.StageClock;
import dev.ctstream.segment.BatchEnvelope;
import java.util.ArrayDeque;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The batches and control records that were given to one producer and are not acknowledged by Kafka. Each chain has a
 * ledger of its own, in the chain's order: an entry counts as acknowledged only when all earlier ones of its chain are.
 * The first failure closes both ledgers.
 *
 * <p>Threads: any. The publisher's thread adds and waits; the producer's thread completes.
 */
final class InFlight {
    /** Limit of control records; a full report of 20 000 streams has a quarter of it. */
    private static final long MAX_CONTROL_BYTES = 1 << 20;

    private final Ledger events;
    private final Ledger control;
    private final Consumer<Entry> onAcknowledged;
    private final Runnable onFailed;
    private final StageClock clock;
    private final Signal changed;
    private @Nullable Failure failure;
    private @Nullable Failure refusal;
    private boolean closed;
    private long acknowledged;

    /**
     * Starts with nothing in flight.
     *
     * @param maxEventBytes limit of events; the last batch may exceed it
     * @param onAcknowledged called for each entry in its chain's order, on the completing thread, under the lock
     * @param onFailed called for the first failure, on the completing thread, before that thread sends anything else
     */
    InFlight(long maxEventBytes, Consumer<Entry> onAcknowledged, Runnable onFailed, StageClock clock) {
        events = new Ledger(maxEventBytes);
        control = new Ledger(MAX_CONTROL_BYTES);
        this.onAcknowledged = onAcknowledged;
        this.onFailed = onFailed;
        this.clock = clock;
        changed = new Signal(clock);
    }

    /** What is in flight of one chain. */
    private static final class Ledger {
        private final ArrayDeque<Entry> entries = new ArrayDeque<>();
        private final long maxBytes;
        private long bytes;
        private long progressNanos;

        private Ledger(long maxBytes) {
            this.maxBytes = maxBytes;
        }

        private boolean hasRoom() {
            return bytes <= maxBytes;
        }

        private long stalledNanos(long nowNanos) {
            return entries.isEmpty() ? 0 : nowNanos - progressNanos;
        }
    }

    /** A batch or control record in flight. */
    static final class Entry {
        final BatchEnvelope envelope;
        final long lengthBytes;
        private final boolean mayBeRefused;
        private int outstanding;

        private Entry(BatchEnvelope envelope, long lengthBytes, int records, boolean mayBeRefused) {
            this.envelope = envelope;
            this.lengthBytes = lengthBytes;
            this.mayBeRefused = mayBeRefused;
            this.outstanding = records;
        }
    }

    /**
     * A failed send.
     *
     * @param envelope of the batch
     * @param valueBytes of the record
     */
    record Failure(BatchEnvelope envelope, int valueBytes, Exception exception) {}

    private Ledger ledger(int kind) {
        return kind == BatchEnvelope.EVENTS ? events : control;
    }

    /**
     * Adds a batch after the others of its chain.
     *
     * @param records number of its Kafka records; 0 = it only waits for earlier batches
     * @param mayBeRefused for a record that is alone in flight: its refusal is no failure, see {@link #takeRefusal}
     */
    synchronized Entry add(BatchEnvelope envelope, long lengthBytes, int records, boolean mayBeRefused) {
        Entry entry = new Entry(envelope, lengthBytes, records, mayBeRefused);
        Ledger ledger = ledger(envelope.kind());
        if (ledger.entries.isEmpty()) {
            ledger.progressNanos = clock.nanoTime();
        }
        ledger.entries.add(entry);
        ledger.bytes += lengthBytes;
        acknowledgePrefix(ledger);
        return entry;
    }

    /** Records that one of a batch's records is in Kafka. */
    synchronized void completed(Entry entry) {
        if (closed) {
            return;
        }
        Ledger ledger = ledger(entry.envelope.kind());
        entry.outstanding--;
        ledger.progressNanos = clock.nanoTime();
        acknowledgePrefix(ledger);
    }

    /** Records that one of a batch's records has failed. */
    void failed(Entry entry, int valueBytes, Exception exception) {
        synchronized (this) {
            if (closed) {
                return;
            }
            Failure failed = new Failure(entry.envelope, valueBytes, exception);
            changed.signal();
            if (entry.mayBeRefused && SendFailure.of(exception).isRefusal()) {
                Ledger ledger = ledger(entry.envelope.kind());
                ledger.entries.remove(entry);
                ledger.bytes -= entry.lengthBytes;
                refusal = failed;
                return;
            }
            closed = true;
            failure = failed;
        }
        onFailed.run();
    }

    private void acknowledgePrefix(Ledger ledger) {
        Entry head = ledger.entries.peek();
        if (closed || head == null || head.outstanding > 0) {
            return;
        }
        while (head != null && head.outstanding == 0) {
            ledger.entries.remove();
            ledger.bytes -= head.lengthBytes;
            acknowledged++;
            onAcknowledged.accept(head);
            head = ledger.entries.peek();
        }
        changed.signal();
    }

    /** Ignores all further completions. */
    synchronized void close() {
        closed = true;
        changed.signal();
    }

    synchronized @Nullable Failure failure() {
        return failure;
    }

    /** Returns the last refusal of a record that was alone in flight, and forgets it; null = none. */
    synchronized @Nullable Failure takeRefusal() {
        Failure last = refusal;
        refusal = null;
        return last;
    }

    /** Bytes in flight of both chains. */
    synchronized long bytes() {
        return events.bytes + control.bytes;
    }

    /** Number of batches of a chain that are in flight. */
    synchronized int count(int kind) {
        return ledger(kind).entries.size();
    }

    /** Whether another batch of a chain may be sent. */
    synchronized boolean hasRoom(int kind) {
        return ledger(kind).hasRoom();
    }

    /** Whether no other batch of one of the chains may be sent. */
    synchronized boolean isFull() {
        return !events.hasRoom() || !control.hasRoom();
    }

    /** Number of batches of both chains that were acknowledged so far. */
    synchronized long acknowledged() {
        return acknowledged;
    }

    /** Time without an acknowledgement in a chain that has something in flight; the longer one of both chains. */
    synchronized long stalledNanos(long nowNanos) {
        return Math.max(events.stalledNanos(nowNanos), control.stalledNanos(nowNanos));
    }

    /**
     * Waits until nothing is in flight.
     *
     * @return false on timeout or failure
     */
    boolean awaitEmpty(long waitNanos) {
        return await(this::isEmpty, waitNanos);
    }

    /** As {@link #awaitEmpty}, until {@link #isFull} is false. */
    boolean awaitRoom(long waitNanos) {
        return await(() -> !isFull(), waitNanos);
    }

    private boolean await(BooleanSupplier condition, long waitNanos) {
        long deadline = clock.nanoTime() + waitNanos;
        long left = waitNanos;
        while (left > 0
                && !isClosed()
                && !condition.getAsBoolean()
                && !Thread.currentThread().isInterrupted()) {
            changed.await(left);
            left = deadline - clock.nanoTime();
        }
        return !isClosed() && condition.getAsBoolean();
    }

    private synchronized boolean isClosed() {
        return closed;
    }

    private synchronized boolean isEmpty() {
        return events.entries.isEmpty() && control.entries.isEmpty();
    }
}
