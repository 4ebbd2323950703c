package dev.ctstream.publish;

import dev.ctstream.netlink.StageClock;
import dev.ctstream.segment.BatchEnvelope;
import java.time.Duration;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.apache.kafka.clients.producer.Callback;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.errors.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * One producer, from its creation to its first failure, and its batches in flight.
 *
 * <p>Ownership: owns the producer. Threads: the publisher's; callbacks run on the producer's I/O thread.
 */
final class Connection {
    final InFlight inFlight;
    private final Producer<byte[], byte[]> producer;
    private final Thread owner = Thread.currentThread();

    /**
     * Takes over a producer.
     *
     * @param maxEventBytes limit of bytes of events in flight
     * @param onAcknowledged see {@link InFlight}
     * @param onFailed told of the first failure, on any thread
     */
    Connection(
            Producer<byte[], byte[]> producer,
            long maxEventBytes,
            Consumer<InFlight.Entry> onAcknowledged,
            Runnable onFailed,
            StageClock clock) {
        this.producer = producer;
        inFlight = new InFlight(
                maxEventBytes,
                onAcknowledged,
                () -> {
                    // Close on the producer's own thread, so that it cannot send anything after the failed record.
                    producer.close(Duration.ZERO);
                    onFailed.run();
                },
                clock);
    }

    Producer<byte[], byte[]> producer() {
        return producer;
    }

    /**
     * Gives a batch's records to the producer. {@link InFlight#failure} reports a failure.
     *
     * @param mayBeRefused see {@link InFlight#add}
     * @param whileBlocked called when the producer has no free memory or no metadata; returning false stops the attempt
     */
    void send(
            BatchEnvelope envelope,
            int lengthBytes,
            List<ProducerRecord<byte[], byte[]>> records,
            boolean mayBeRefused,
            BooleanSupplier whileBlocked) {
        InFlight.Entry entry = inFlight.add(envelope, lengthBytes, records.size(), mayBeRefused);
        for (ProducerRecord<byte[], byte[]> record : records) {
            Completion completion = new Completion(entry, record.value().length);
            do {
                completion.notAccepted = false;
                try {
                    var unused = producer.send(record, completion);
                } catch (RuntimeException e) {
                    inFlight.failed(entry, record.value().length, e);
                }
                if (inFlight.failure() != null || (completion.notAccepted && !whileBlocked.getAsBoolean())) {
                    return;
                }
            } while (completion.notAccepted);
        }
    }

    /** Called by the producer when a record has been acknowledged or has failed. */
    private final class Completion implements Callback {
        private final InFlight.Entry entry;
        private final int valueBytes;
        private boolean notAccepted; // only the owner's thread uses it: send() may call back on the calling thread

        private Completion(InFlight.Entry entry, int valueBytes) {
            this.entry = entry;
            this.valueBytes = valueBytes;
        }

        @Override
        public void onCompletion(@Nullable RecordMetadata metadata, @Nullable Exception exception) {
            if (exception == null) {
                inFlight.completed(entry);
            } else if (exception instanceof TimeoutException && Thread.currentThread() == owner) {
                notAccepted = true;
            } else {
                inFlight.failed(entry, valueBytes, exception);
            }
        }
    }

    /** Closes the producer; waits at most this long for the batches in flight. */
    void close(Duration timeout) {
        if (timeout.isZero()) {
            inFlight.close();
        }
        producer.close(timeout);
        inFlight.close();
    }
}
