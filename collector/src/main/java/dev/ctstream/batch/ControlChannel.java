package dev.ctstream.batch;

import org.jctools.queues.atomic.MpscAtomicArrayQueue;
import org.jspecify.annotations.Nullable;

/**
 * The queue of control records. Any thread submits them; the receive thread numbers them and hands them over. So their
 * numbers are gap-free, and they are in order with the batches around them.
 *
 * <p>Bounds: at most {@value #WAITING_MAX} records wait. Further ones are refused, and the submitter keeps them.
 */
final class ControlChannel {
    static final int WAITING_MAX = 4096;

    private final MpscAtomicArrayQueue<Submitted> submitted = new MpscAtomicArrayQueue<>(WAITING_MAX);
    private final ControlEncoder encoder;
    private final BatchSink sink;
    private final BatchMetrics metrics;
    private @Nullable Submitted next; // taken from the queue, not yet accepted by the sink

    ControlChannel(ControlEncoder encoder, BatchSink sink, BatchMetrics metrics) {
        this.encoder = encoder;
        this.sink = sink;
        this.metrics = metrics;
    }

    private record Submitted(NamespaceStreams namespace, ControlRecord control, long timeMillis) {}

    /** Submits a record; returns false when too many wait. Any thread. */
    boolean submit(NamespaceStreams namespace, ControlRecord control, long timeMillis) {
        return submitted.offer(new Submitted(namespace, control, timeMillis));
    }

    /**
     * Numbers the record and hands it over; returns false, and uses no number, when the sink is full. Receive thread.
     */
    boolean send(NamespaceStreams namespace, ControlRecord control, long timeMillis) {
        long sequence = namespace.nextControlSequence();
        if (!sink.offer(encoder.encode(namespace.control(), sequence, timeMillis, control))) {
            return false;
        }
        namespace.advanceControlSequence();
        metrics.control.increment();
        return true;
    }

    /** Hands over the submitted records; returns false when some still wait. Receive thread. */
    boolean drain() {
        while (true) {
            Submitted waiting = next == null ? submitted.poll() : next;
            if (waiting == null) {
                return true;
            }
            if (!send(waiting.namespace, waiting.control, waiting.timeMillis)) {
                next = waiting;
                return false;
            }
            next = null;
        }
    }
}
