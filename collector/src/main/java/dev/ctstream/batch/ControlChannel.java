package dev.ctstream.batch;

import org.jctools.queues.atomic.MpscAtomicArrayQueue;
import org.jspecify.annotations.Nullable;

/**
 * The way of control records: submitted by any thread, numbered and handed over by the receive thread, so that they are
 * gap-free and stand in order with the batches around them.
 *
 * <p>Bounds: {@value #WAITING_MAX} records wait; more are refused, and the submitter keeps them.
 */
final class ControlChannel {
    static final int WAITING_MAX = 4096;

    private final MpscAtomicArrayQueue<Submitted> submitted = new MpscAtomicArrayQueue<>(WAITING_MAX);
    private final ControlEncoder encoder;
    private final BatchSink sink;
    private final BatchMetrics metrics;
    private @Nullable Submitted next; // taken from the queue, not yet taken by the sink

    ControlChannel(ControlEncoder encoder, BatchSink sink, BatchMetrics metrics) {
        this.encoder = encoder;
        this.sink = sink;
        this.metrics = metrics;
    }

    private record Submitted(NamespaceStreams namespace, ControlRecord control, long timeMillis) {}

    /** Any thread. False when too many wait. */
    boolean submit(NamespaceStreams namespace, ControlRecord control, long timeMillis) {
        return submitted.offer(new Submitted(namespace, control, timeMillis));
    }

    /** Receive thread: numbers the record and hands it over; false, and no number is used, when the sink is full. */
    boolean send(NamespaceStreams namespace, ControlRecord control, long timeMillis) {
        long sequence = namespace.nextControlSequence();
        if (!sink.offer(encoder.encode(namespace.control(), sequence, timeMillis, control))) {
            return false;
        }
        namespace.advanceControlSequence();
        metrics.control.increment();
        return true;
    }

    /** Receive thread: hands over what was submitted; false when some of it still waits. */
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
