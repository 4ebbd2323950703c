package dev.ctstream.publish;

import dev.ctstream.metrics.Health;
import dev.ctstream.record.RunIdentity;
import dev.ctstream.segment.BatchEnvelope;
import dev.ctstream.spool.BatchQueue;
import dev.ctstream.spool.QueuedBatch;
import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Publishes batches in queue order until stopped. The first failure closes the producer before it can send anything
 * after the failed record. Then the queue is rewound to the oldest unacknowledged batch, and a new producer starts
 * there. So a batch never overtakes another, and only data that was in flight can be duplicated.
 *
 * <p>Ownership: owns the producers. Threads: {@link #run} is the publisher's thread; any thread may call {@link #stop}.
 *
 * <p>Errors: no failure ends it. The log, health and the metrics report what prevents publishing.
 */
public final class Publisher implements Runnable {
    private static final Logger LOG = LoggerFactory.getLogger(Publisher.class);
    /** Longest wait before progress is checked. */
    private static final long WAIT_NANOS = TimeUnit.SECONDS.toNanos(1);
    /** After this long without an acknowledgement, the cluster is queried for the cause. */
    private static final long STALL_NANOS = TimeUnit.SECONDS.toNanos(4);
    /**
     * After this long without an acknowledgement, although the cluster responds at the same addresses, a new producer
     * is tried.
     */
    private static final long STALL_LIMIT_NANOS = TimeUnit.SECONDS.toNanos(60);

    private final Parts parts;
    private final KafkaGateway gateway;
    private final RecordFactory factory;
    private final PublishFailures failures;
    private final InterruptibleWait wakeable = new InterruptibleWait();
    private final Map<Long, String> refused = new HashMap<>(); // batch number, reason
    private final Set<Long> suspects = new HashSet<>(); // sent alone, to find out which one is rejected
    private @Nullable Connection connection;
    private List<String> remarks = List.of();
    private final long maxInFlightBytes;
    private long topicMaxBytes;
    private Set<String> brokers = Set.of();
    private int pieceBytes = Integer.MAX_VALUE;
    private long seenAcknowledged;
    private long probedNanos;
    private volatile boolean stopping;
    private volatile long stopDeadlineNanos;

    /**
     * The collaborators of a publisher.
     *
     * @param identity of this run
     */
    public record Parts(
            PublishConfig config, RunIdentity identity, BatchQueue queue, PublishMetrics metrics, Health health) {}

    /**
     * Creates a publisher; it does nothing until {@link #run}.
     *
     * @throws IllegalArgumentException when the framing or a zone's width cannot be used
     */
    public Publisher(Parts parts) {
        this(parts, KafkaGateway.of(parts.config()));
    }

    Publisher(Parts parts, KafkaGateway gateway) {
        this.parts = parts;
        this.gateway = gateway;
        maxInFlightBytes = ProducerSettings.maxInFlightBytes(parts.config().kafka());
        factory = new RecordFactory(parts.config(), parts.identity());
        failures = new PublishFailures(LOG, parts.health(), System::nanoTime);
    }

    /**
     * Makes {@link #run} publish the rest of the queue and end. Does not wait. While Kafka is unavailable, it ends at
     * once and unsent batches stay in the queue.
     *
     * @param timeout longest time until it ends in any case
     */
    public void stop(Duration timeout) {
        stopDeadlineNanos = System.nanoTime() + timeout.toNanos();
        stopping = true;
        wake();
    }

    /**
     * Ends the current wait. Waits in the queue are ended with its own {@code wake}, because an interrupt would close
     * the spool's files.
     */
    private void wake() {
        parts.queue().wake();
        wakeable.wake();
    }

    @Override
    public void run() {
        parts.health()
                .report(
                        PublishFailures.COMPONENT,
                        false,
                        "connecting to " + parts.config().bootstrapServers());
        boolean drained = false;
        while (!drained && !mustEnd()) {
            Connection open = connection;
            if (open == null) {
                connect();
            } else if (open.inFlight.failure() != null) {
                recover(open);
            } else {
                boolean last = stopping; // nothing is added to the queue after that
                drained = publishNext(open) && last;
            }
        }
        end();
    }

    /** Whether to end now. While Kafka is unavailable, waiting until the deadline is pointless. */
    private boolean mustEnd() {
        return stopping && (failures.active() || System.nanoTime() - stopDeadlineNanos >= 0);
    }

    private void connect() {
        try {
            Topics.Report report = interruptibly(gateway::prepare);
            note(report);
            brokers = report.brokers();
            connection = new Connection(
                    gateway.producer(report.maxMessageBytes()), report.partitions(), this::onAcknowledged, this::wake);
            seenAcknowledged = 0;
            parts.metrics().watch(connection);
            failures.connected(parts.config().bootstrapServers());
        } catch (KafkaUnreadyException e) {
            parts.metrics().failures.increment();
            failures.connectionFailed(String.valueOf(e.getMessage()));
            backOff();
        } catch (InterruptedException e) {
            // Woken for the stop; the loop checks for it.
        }
    }

    /** Logs the remarks once, and resets the learned piece size when the limit has changed. */
    private void note(Topics.Report report) {
        if (!report.remarks().equals(remarks)) {
            report.remarks().forEach(remark -> LOG.warn("Kafka: {}", remark));
            remarks = report.remarks();
        }
        if (report.maxMessageBytes() != topicMaxBytes) {
            topicMaxBytes = report.maxMessageBytes();
            pieceBytes = Integer.MAX_VALUE;
        }
    }

    /** Publishes the next batch; true when the queue had none. */
    private boolean publishNext(Connection open) {
        checkProgress(open);
        if (!open.inFlight.awaitAtMost(maxInFlightBytes, WAIT_NANOS)) {
            return false;
        }
        QueuedBatch batch = next();
        if (batch == null) {
            return true;
        }
        long number = batch.envelope().number();
        String refusal = refused.remove(number);
        if (refusal != null) {
            parts.queue().setAside(batch, refusal);
            parts.metrics().refusedBatches.increment();
            open.inFlight.add(batch.envelope(), 0, 0);
        } else if (!suspects.contains(number)) {
            send(open, batch);
        } else if (awaitEmpty(open)) {
            send(open, batch);
            if (awaitEmpty(open)) {
                suspects.remove(number);
            }
        }
        return false;
    }

    private @Nullable QueuedBatch next() {
        try {
            return parts.queue().next(stopping ? 0 : WAIT_NANOS);
        } catch (IOException e) {
            LOG.warn("spool cannot be read, retrying: {}", e.toString());
            LockSupport.parkNanos(WAIT_NANOS);
            return null;
        }
    }

    private void send(Connection open, QueuedBatch batch) {
        List<ProducerRecord<byte[], byte[]>> records = factory.records(batch, open.partitions, pieceBytes);
        open.send(batch.envelope(), batch.lengthBytes(), records, () -> {
            checkProgress(open);
            failures.sendFailed("the producer accepts no more records: "
                    + KafkaUnreadyException.reason(
                            parts.config(), new org.apache.kafka.common.errors.TimeoutException()));
            return connection == open && !mustEnd();
        });
        if (connection == open && open.inFlight.failure() == null) {
            parts.metrics().onSent(batch.lengthBytes(), batch.envelope().count());
        }
    }

    private boolean awaitEmpty(Connection open) {
        while (!open.inFlight.awaitAtMost(0, WAIT_NANOS)) {
            if (connection != open || open.inFlight.failure() != null || mustEnd()) {
                return false;
            }
            checkProgress(open);
        }
        return true;
    }

    private void onAcknowledged(InFlight.Entry entry) {
        parts.queue().acknowledge(entry.envelope.number());
        parts.metrics().onAcknowledged(entry);
    }

    /** Ends a failure when something was acknowledged. */
    private void checkAcknowledged(Connection open) {
        long acknowledged = open.inFlight.acknowledged();
        if (acknowledged != seenAcknowledged) {
            seenAcknowledged = acknowledged;
            failures.acknowledged();
        }
    }

    /** Ends a failure when something was acknowledged; queries the cluster after a time without acknowledgements. */
    private void checkProgress(Connection open) {
        checkAcknowledged(open);
        long now = System.nanoTime();
        long stalledNanos = open.inFlight.stalledNanos(now);
        if (stalledNanos < STALL_NANOS || now - probedNanos < STALL_NANOS) {
            return;
        }
        try {
            Topics.Report report = interruptibly(gateway::prepare);
            note(report);
            if (!report.brokers().equals(brokers)) {
                failures.sendFailed("the brokers have moved to " + report.brokers());
                reopen(open);
                return;
            }
            failures.sendFailed(parts.metrics().stallReason(TimeUnit.NANOSECONDS.toSeconds(STALL_NANOS)));
            if (stalledNanos >= STALL_LIMIT_NANOS) {
                reopen(open);
            }
        } catch (KafkaUnreadyException e) {
            failures.sendFailed(String.valueOf(e.getMessage()));
        } catch (InterruptedException e) {
            return; // woken for the stop
        } finally {
            probedNanos = System.nanoTime();
        }
    }

    /** Handles a failure: adjusts to its cause, rewinds to the oldest unacknowledged batch and makes a new producer. */
    private void recover(Connection open) {
        InFlight.Failure failure = open.inFlight.failure();
        checkAcknowledged(open);
        reopen(open);
        parts.metrics().failures.increment();
        if (failure == null) {
            return;
        }
        SendFailure kind = SendFailure.of(failure.exception());
        boolean mayBeCut =
                failure.envelope().count() > 1 && parts.config().records().layout() == Layout.BATCH;
        if (kind == SendFailure.TOO_LARGE && mayBeCut && failure.valueBytes() / 2 < pieceBytes) {
            pieceBytes = failure.valueBytes() / 2;
            LOG.warn(
                    "Kafka: {}; batches are cut into pieces of bytes={}",
                    failure.exception().getMessage(),
                    pieceBytes);
        } else if (kind == SendFailure.TOO_LARGE || kind == SendFailure.REFUSED) {
            refuse(failure);
        } else {
            failures.sendFailed(KafkaUnreadyException.reason(parts.config(), failure.exception()));
            backOff();
        }
    }

    /**
     * Handles a rejected batch. A record may fail because of another one in its request, so a batch is set aside only
     * when it fails alone.
     */
    private void refuse(InFlight.Failure failure) {
        BatchEnvelope envelope = failure.envelope();
        if (suspects.add(envelope.number())) {
            return;
        }
        suspects.remove(envelope.number());
        String reason = KafkaUnreadyException.reason(parts.config(), failure.exception());
        LOG.warn("Kafka rejected a batch permanently, it is set aside: {} reason={}", envelope, reason);
        refused.put(envelope.number(), reason);
    }

    private void reopen(Connection open) {
        connection = null;
        parts.metrics().watch(null);
        open.close(Duration.ZERO);
        parts.queue().rewind();
        parts.metrics().rewinds.increment();
    }

    private void backOff() {
        wakeable.enter();
        long millis = failures.backoffMillis(ThreadLocalRandom.current().nextDouble());
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
        while (!stopping && System.nanoTime() - deadline < 0) {
            LockSupport.parkNanos(deadline - System.nanoTime());
        }
        wakeable.leave();
    }

    private interface Call<T> {
        T call() throws KafkaUnreadyException, InterruptedException;
    }

    private <T> T interruptibly(Call<T> call) throws KafkaUnreadyException, InterruptedException {
        wakeable.enter();
        try {
            return call.call();
        } finally {
            wakeable.leave();
        }
    }

    private void end() {
        Connection open = connection;
        if (open != null) {
            long left = failures.active() ? 0 : Math.max(0, stopDeadlineNanos - System.nanoTime());
            open.close(Duration.ofNanos(left));
            parts.metrics().watch(null);
        }
        long unsent = parts.queue().unacknowledged();
        if (unsent > 0) {
            LOG.warn("publisher ends with unpublished batches={}; they stay in the spool for the next start", unsent);
        } else {
            LOG.info("publisher ends, everything is published");
        }
        parts.health().report(PublishFailures.COMPONENT, false, "stopped");
    }
}
