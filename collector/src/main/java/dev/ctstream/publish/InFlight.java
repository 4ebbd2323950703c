package dev.ctstream.publish;

import dev.ctstream.batch.EncodedBatch;
import dev.ctstream.segment.BatchEnvelope;
import java.util.ArrayDeque;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The batches that one producer was given and that Kafka has not acknowledged, in their order. A batch counts only when
 * all before it are acknowledged; the first failure closes the whole.
 *
 * <p>Threads: any; the publisher's adds and waits, the producer's completes.
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
     * Nothing in flight.
     *
     * @param onAcknowledged told of each batch in order, on the completing thread
     * @param onFailed told of the first failure, on the completing thread, before that thread sends anything else
     */
    InFlight(Consumer<Entry> onAcknowledged, Runnable onFailed) {
        this.onAcknowledged = onAcknowledged;
        this.onFailed = onFailed;
    }

    /** A batch on its way. */
    static final class Entry {
        final BatchEnvelope envelope;
        final long lengthBytes;
        private int outstanding;

        private Entry(BatchEnvelope envelope, long lengthBytes, int records) {
            this.envelope = envelope;
            this.lengthBytes = lengthBytes;
            this.outstanding = records;
        }

        /** Events in it; none in a control record. */
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
     * Adds a batch behind the others.
     *
     * @param records that it became; 0 = it only waits for those before it
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

    /** One of a batch's records is in Kafka. */
    synchronized void completed(Entry entry) {
        if (closed) {
            return;
        }
        entry.outstanding--;
        progressNanos = System.nanoTime();
        acknowledgePrefix();
    }

    /** One of a batch's records is not. */
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

    /** Takes no completion into account from here on. */
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

    /** Batches acknowledged since the beginning. */
    synchronized long acknowledged() {
        return acknowledged;
    }

    /** How long nothing has been acknowledged although something is in flight. */
    synchronized long stalledNanos(long nowNanos) {
        return entries.isEmpty() ? 0 : nowNanos - progressNanos;
    }

    /**
     * Waits until at most so many bytes are in flight and nothing has failed.
     *
     * @return false when that has not come in time, or something has failed
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
