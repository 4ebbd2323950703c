package dev.ctstream.publish;

import dev.ctstream.batch.EncodedBatch;
import dev.ctstream.segment.BatchEnvelope;
import java.util.ArrayDeque;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The batches that were given to one producer and are not acknowledged by Kafka, in order. A batch counts as
 * acknowledged only when all earlier ones are. The first failure closes this object.
 *
 * <p>Threads: any. The publisher's thread adds and waits; the producer's thread completes.
 */
final class InFlight {
    private final ArrayDeque<Entry> entries = new ArrayDeque<>();
    private final Consumer<Entry> onAcknowledged;
    private final Runnable onFailed;
    private @Nullable Failure failure;
    private boolean closed;
    private long bytes;
    private long progressNanos;
    private long acknowledged;

    /**
     * Starts with nothing in flight.
     *
     * @param onAcknowledged called for each batch in order, on the completing thread
     * @param onFailed called for the first failure, on the completing thread, before that thread sends anything else
     */
    InFlight(Consumer<Entry> onAcknowledged, Runnable onFailed) {
        this.onAcknowledged = onAcknowledged;
        this.onFailed = onFailed;
    }

    /** A batch in flight. */
    static final class Entry {
        final BatchEnvelope envelope;
        final long lengthBytes;
        private int outstanding;

        private Entry(BatchEnvelope envelope, long lengthBytes, int records) {
            this.envelope = envelope;
            this.lengthBytes = lengthBytes;
            this.outstanding = records;
        }

        /** Number of events; 0 for a control record. */
        int events() {
            return envelope.kind() == EncodedBatch.EVENTS ? envelope.count() : 0;
        }
    }

    /**
     * The first failure.
     *
     * @param envelope of the batch
     * @param valueBytes of the record
     */
    record Failure(BatchEnvelope envelope, int valueBytes, Exception exception) {}

    /**
     * Adds a batch after the others.
     *
     * @param records number of its Kafka records; 0 = it only waits for earlier batches
     */
    synchronized Entry add(BatchEnvelope envelope, long lengthBytes, int records) {
        Entry entry = new Entry(envelope, lengthBytes, records);
        if (entries.isEmpty()) {
            progressNanos = System.nanoTime();
        }
        entries.add(entry);
        bytes += lengthBytes;
        acknowledgePrefix();
        return entry;
    }

    /** Records that one of a batch's records is in Kafka. */
    synchronized void completed(Entry entry) {
        if (closed) {
            return;
        }
        entry.outstanding--;
        progressNanos = System.nanoTime();
        acknowledgePrefix();
    }

    /** Records that one of a batch's records has failed. */
    void failed(Entry entry, int valueBytes, Exception exception) {
        synchronized (this) {
            if (closed) {
                return;
            }
            closed = true;
            failure = new Failure(entry.envelope, valueBytes, exception);
            notifyAll();
        }
        onFailed.run();
    }

    private void acknowledgePrefix() {
        Entry head = entries.peek();
        if (closed || head == null || head.outstanding > 0) {
            return;
        }
        while (head != null && head.outstanding == 0) {
            entries.remove();
            bytes -= head.lengthBytes;
            acknowledged++;
            onAcknowledged.accept(head);
            head = entries.peek();
        }
        notifyAll();
    }

    /** Ignores all further completions. */
    synchronized void close() {
        closed = true;
        notifyAll();
    }

    synchronized @Nullable Failure failure() {
        return failure;
    }

    synchronized long bytes() {
        return bytes;
    }

    synchronized boolean isEmpty() {
        return entries.isEmpty();
    }

    /** Number of batches acknowledged so far. */
    synchronized long acknowledged() {
        return acknowledged;
    }

    /** Time without an acknowledgement while something is in flight. */
    synchronized long stalledNanos(long nowNanos) {
        return entries.isEmpty() ? 0 : nowNanos - progressNanos;
    }

    /**
     * Waits until at most {@code maxBytes} are in flight and nothing has failed.
     *
     * @return false on timeout or failure
     */
    synchronized boolean awaitAtMost(long maxBytes, long waitNanos) {
        long deadline = System.nanoTime() + waitNanos;
        boolean interrupted = false;
        while (!closed && (maxBytes == 0 ? !entries.isEmpty() : bytes > maxBytes)) {
            long leftMillis = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
            if (leftMillis <= 0 || interrupted) {
                break;
            }
            try {
                wait(leftMillis);
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        return !closed && (maxBytes == 0 ? entries.isEmpty() : bytes <= maxBytes);
    }
}
