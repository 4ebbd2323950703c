package dev.ctstream.publish;

import dev.ctstream.metrics.Health;
import dev.ctstream.metrics.OwnedThread;
import dev.ctstream.netlink.ErrorText;
import dev.ctstream.netlink.StageClock;
import dev.ctstream.segment.BatchEnvelope;
import dev.ctstream.spool.Backlog;
import dev.ctstream.spool.BatchQueue;
import dev.ctstream.spool.QueuedBatch;
import dev.ctstream.spool.RunTopics;
import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.DoubleSupplier;
import java.util.function.Function;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Publishes what the spool has until stopped: control records first, then events, each in the order of its queue. The
 * first failure closes the producer before it can send anything after the failed record. Then both queues are rewound
 * to their oldest unacknowledged batch, and a new producer starts there. So a batch never overtakes another of its
 * queue, and only data that was in flight can be duplicated.
 *
 * <p>A batch of events that Kafka will never take is set aside. A control record that Kafka refuses is kept: it is
 * tried again with nothing else in flight, later control records wait for it, and events go on in between.
 *
 * <p>Ownership: owns the producers. Threads: {@link #run} is the publisher's thread; any thread may call {@link #stop}
 * and {@link #awaitEventsPublished}.
 *
 * <p>Errors: no failure ends it. The log, health and the metrics report what prevents publishing.
 */
public final class Publisher implements Runnable {
    private static final Logger LOG = LoggerFactory.getLogger(Publisher.class);
    /** Longest wait before progress is checked. */
    private static final long WAIT_NANOS = TimeUnit.SECONDS.toNanos(1);
    /** Interval at which {@link #awaitEventsPublished} looks. */
    private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(5);
    /** After this long without an acknowledgement, the cluster is queried for the cause. */
    private static final long STALL_NANOS = TimeUnit.SECONDS.toNanos(4);
    /**
     * After this long without an acknowledgement, although the cluster responds at the same addresses, a new producer
     * is tried.
     */
    private static final long STALL_LIMIT_NANOS = TimeUnit.SECONDS.toNanos(60);

    /** A topic that is deleted and created again is found within this time. */
    private static final long ASK_NANOS = TimeUnit.SECONDS.toNanos(5);

    private final Parts parts;
    private final Backlog backlog;
    private final Function<PublishConfig, KafkaGateway> gateways;
    private volatile PublishConfig config;
    private KafkaGateway gateway;
    private volatile Credentials credentials; // in use
    private final AtomicReference<@Nullable PublishConfig> wanted = new AtomicReference<>(); // with other credentials
    private final RecordTime time;
    private final Ceiling ceiling;
    private final RegistryWatch registry;
    private final CompressionEstimate compression;
    private final PublishFailures failures;
    private final ControlRefusals controlRefusals;
    private final StageClock clock;
    private final DoubleSupplier random;
    private final LineLimit setAsideLines;
    private final LineLimit unreadableLines;
    private final InterruptibleWait wakeable = new InterruptibleWait();
    private final InterruptibleWait flushing = new InterruptibleWait();
    private final Map<Long, String> refused = new HashMap<>(); // batch of events, reason
    private final Set<Long> suspects =
            new HashSet<>(); // batches of events that are sent alone, to find the rejected one
    private final Set<Long> controlSuspects = new HashSet<>(); // control records that are sent alone
    private @Nullable RecordFactory factory; // since the first connection
    private @Nullable Connection connection;
    private final TopicsOfRuns runs;
    private @Nullable CompletableFuture<RunTopics> asked; // which topics there are now
    private long askedNanos;
    private boolean told; // which topics this run has
    private boolean superseded; // a new run must begin; nothing is sent any more
    private String more = ""; // see TopicsOfRuns.more
    private List<String> remarks = List.of();
    private long maxMessageBytes;
    private Set<String> brokers = Set.of();
    private int pieceBytes = Integer.MAX_VALUE;
    private long seenAcknowledged;
    private long probedNanos;
    private long connectNanos; // when to try to connect
    private boolean full; // a queue was not asked because too much is in flight
    private volatile boolean eventsEnded; // a batch could not be set aside; no later one may be acknowledged
    private volatile boolean connected;
    private volatile boolean ended;
    private volatile boolean hurrying; // nothing may wait in the producer for more records
    private volatile boolean stopping;
    private volatile long stopDeadlineNanos;

    /**
     * The collaborators of a publisher.
     */
    public record Parts(
            PublishConfig config, Backlog backlog, PublishMetrics metrics, Health health, TopicsListener topics) {}

    /** Learns what the publisher finds out about the topics. Publisher's thread; must not wait. */
    public interface TopicsListener {
        /**
         * The topics of this run.
         *
         * @param changed whether one is another topic than in the run before, as far as that is known
         * @return false = say it again later
         */
        boolean found(RunTopics topics, boolean changed);

        /**
         * Another topic has the name of one, or one has fewer partitions. Nothing of this run is sent to it before a new
         * run has begun: end this publisher.
         *
         * @param what what has changed, a sentence for people
         */
        void changed(String what);
    }

    /**
     * Creates a publisher; it does nothing until {@link #run}.
     *
     * @throws IllegalArgumentException when a zone's width cannot be used
     */
    public Publisher(Parts parts) {
        this(parts, KafkaGateway::of);
    }

    Publisher(Parts parts, Function<PublishConfig, KafkaGateway> gateways) {
        this(parts, gateways, StageClock.HOST, () -> ThreadLocalRandom.current().nextDouble());
    }

    /**
     * As the other constructors.
     *
     * @param random 0 to 1, spreads the attempts to connect
     */
    Publisher(Parts parts, Function<PublishConfig, KafkaGateway> gateways, StageClock clock, DoubleSupplier random) {
        this.parts = parts;
        this.gateways = gateways;
        config = parts.config();
        gateway = gateways.apply(config);
        credentials = Credentials.of(config.kafka());
        this.clock = clock;
        this.random = random;
        connectNanos = clock.nanoTime();
        setAsideLines = new LineLimit(1, clock::nanoTime);
        unreadableLines = new LineLimit(1, clock::nanoTime);
        backlog = parts.backlog();
        registry = new RegistryWatch(config, parts.health(), parts.metrics().registryFailures, clock);
        ceiling = new Ceiling(LOG, parts.health(), clock, parts.metrics()::requestMillis);
        parts.metrics().show(ceiling, config.inFlightBytes());
        runs = new TopicsOfRuns(backlog, parts.config().topics());
        askedNanos = clock.nanoTime();
        time = new RecordTime(parts.config(), clock, parts.metrics().lateBatches);
        compression = new CompressionEstimate(parts.config(), clock.nanoTime());
        failures = new PublishFailures(LOG, parts.health(), clock::nanoTime);
        controlRefusals = new ControlRefusals(
                LOG, parts.health(), backlog, parts.config().topics().control(), clock::nanoTime);
    }

    /**
     * Uses the credentials of this configuration from now on, if they differ from those in use: the settings {@code
     * ssl.*} and {@code sasl.*}, and the files that they name. What is in flight is acknowledged first, so nothing is
     * lost, and nothing overtakes. While Kafka can be used, new credentials that it does not accept are not taken. Any
     * thread; does not wait. The rest of the configuration is not used.
     *
     * @return the keys that differ, without the prefix {@code kafka.}
     */
    public Set<String> renewCredentials(PublishConfig now) {
        Set<String> keys = Credentials.of(now.kafka()).differences(credentials);
        if (!keys.isEmpty()) {
            wanted.set(now);
            wake();
        }
        return keys;
    }

    /** The configuration in use, with the credentials that Kafka has accepted last. Any thread. */
    public PublishConfig config() {
        return config;
    }

    /**
     * Makes {@link #run} publish the rest of both queues and end. Does not wait. While Kafka is unavailable, it ends at
     * once and unsent batches stay in the queues; so do control records while Kafka refuses one.
     *
     * @param timeout longest time until it ends in any case
     */
    public void stop(Duration timeout) {
        stopDeadlineNanos = clock.nanoTime() + timeout.toNanos();
        stopping = true;
        wake();
    }

    /**
     * Waits until every batch of events that was appended is acknowledged. Call this when no more events are appended.
     *
     * @return false when that is not so after the timeout, or as soon as Kafka is unavailable or a batch cannot be set
     *     aside
     */
    public boolean awaitEventsPublished(Duration timeout) {
        long begin = clock.nanoTime();
        long wokenNanos = begin;
        hurrying = true;
        backlog.wake();
        try {
            while (backlog.events().unacknowledged() > 0) {
                long now = clock.nanoTime();
                boolean unavailable = failures.active() || (!connected && now - begin > WAIT_NANOS);
                if (unavailable
                        || eventsEnded
                        || ended
                        || now - begin >= timeout.toNanos()
                        || Thread.currentThread().isInterrupted()) {
                    return false;
                }
                if (now - wokenNanos > WAIT_NANOS) {
                    flushing.wake(); // so that the publisher's thread checks the progress
                    wokenNanos = now;
                }
                clock.park(this, LOOK_NANOS);
            }
            return true;
        } finally {
            hurrying = false;
            flushing.wake();
        }
    }

    /**
     * Ends the current wait. Waits in the backlog are ended with its own {@code wake}, because an interrupt would close
     * the spool's files.
     */
    private void wake() {
        backlog.wake();
        wakeable.wake();
        flushing.wake();
    }

    @Override
    public void run() {
        parts.health().report(PublishFailures.COMPONENT, false, "connecting to " + config.bootstrapServers());
        for (long waitNanos = step(); waitNanos != OwnedThread.DONE; waitNanos = step()) {
            if (waitNanos > 0) {
                await(waitNanos);
            }
        }
        end();
    }

    /**
     * Does what is due: one attempt to connect, or one round of sending.
     *
     * @return ns until there is something to do, unless the backlog, Kafka or {@link #stop} bring it forward; {@link
     *     OwnedThread#DONE} when it must {@link #end}
     */
    long step() {
        if (mustEnd()) {
            return OwnedThread.DONE;
        }
        if (superseded) {
            return WAIT_NANOS;
        }
        PublishConfig now = stopping ? null : wanted.getAndSet(null);
        if (now != null) {
            take(now);
            return 0;
        }
        Connection open = connection;
        if (open == null) {
            long left = stopping ? 0 : connectNanos - clock.nanoTime();
            if (left <= 0) {
                connect(true);
            }
            return Math.max(0, left);
        }
        if (open.inFlight.failure() != null) {
            recover(open);
            return 0;
        }
        askTopics(open);
        if (connection != open) {
            return 0;
        }
        if (registry.changed()) {
            reopen(open);
            return 0;
        }
        ceiling.look(
                parts.metrics().acknowledgedEvents.value(),
                parts.metrics().acknowledgedBatches.value(),
                backlog.events().unacknowledged());
        full = open.inFlight.isFull();
        boolean last = stopping && !full && !mayBeHeld(open); // nothing is appended after that
        if (publishRound(open) || !isUsable(open)) {
            return 0;
        }
        long left = controlRefusals.leftNanos();
        return last ? OwnedThread.DONE : left == 0 ? WAIT_NANOS : Math.min(left, WAIT_NANOS);
    }

    private void await(long waitNanos) {
        Connection open = connection;
        if (open != null) {
            idle(open, waitNanos);
            return;
        }
        wakeable.enter();
        long deadline = clock.nanoTime() + waitNanos;
        while (!stopping && clock.nanoTime() - deadline < 0) {
            clock.park(this, deadline - clock.nanoTime());
        }
        wakeable.leave();
    }

    /** Whether to end now. While Kafka is unavailable, waiting until the deadline is pointless. */
    private boolean mustEnd() {
        return stopping && (failures.active() || clock.nanoTime() - stopDeadlineNanos >= 0);
    }

    private boolean isUsable(Connection open) {
        return connection == open && open.inFlight.failure() == null && !mustEnd();
    }

    /** Whether events may wait for the acknowledgement of a GAP that is in flight. */
    private boolean mayBeHeld(Connection open) {
        long unacknowledged = backlog.events().unacknowledged(); // before the count, which may decrease in between
        return open.inFlight.count(BatchEnvelope.CONTROL) > 0
                && unacknowledged > open.inFlight.count(BatchEnvelope.EVENTS);
    }

    private void take(PublishConfig other) {
        Map<String, String> settings = new HashMap<>(config.kafka());
        settings.keySet().removeIf(Credentials::has);
        other.kafka().forEach((key, value) -> {
            if (Credentials.has(key)) {
                settings.put(key, value);
            }
        });
        PublishConfig now = new PublishConfig(
                config.topics(),
                config.records(),
                config.zoneWidth(),
                config.inFlightBytes(),
                settings,
                config.registry());
        KafkaGateway candidate = gateways.apply(now);
        Credentials of = Credentials.of(settings); // before they are read: a later change is seen the next time
        try {
            note(interruptibly(candidate::prepare));
        } catch (KafkaUnreadyException e) {
            if (connection != null && !failures.active()) {
                LOG.warn("Kafka: the new credentials are not taken, those in use stay: {}", e.getMessage());
                return;
            }
        } catch (InterruptedException e) {
            var unused = wanted.compareAndSet(null, other); // woken: the next step tries again
            return;
        }
        Connection open = connection;
        long deadline = clock.nanoTime() + STALL_NANOS;
        while (open != null
                && open.inFlight.failure() == null
                && !open.inFlight.awaitEmpty(WAIT_NANOS)
                && clock.nanoTime() - deadline < 0
                && !mustEnd()) {
            checkAcknowledged(open);
        }
        config = now;
        forgetAsked();
        gateway.close();
        gateway = candidate;
        credentials = of;
        if (open != null && connection == open) {
            reopen(open);
        }
        connectNanos = clock.nanoTime();
        LOG.info("Kafka: uses the new credentials");
    }

    /** Makes a producer; {@code prepare} says whether to inspect the topics before. */
    private void connect(boolean prepare) {
        try {
            if (prepare) {
                note(interruptibly(gateway::prepare));
            }
            if (!superseded) {
                factory = new RecordFactory(config, interruptibly(registry::connect));
                open();
            }
        } catch (KafkaUnreadyException e) {
            parts.metrics().failures.increment();
            failures.connectionFailed(String.valueOf(e.getMessage()));
            backOff();
        } catch (InterruptedException e) {
            // Woken for the stop; the loop checks for it.
        }
    }

    private void open() throws KafkaUnreadyException {
        connection = new Connection(
                gateway.producer(maxMessageBytes), config.inFlightBytes(), this::onAcknowledged, this::wake, clock);
        seenAcknowledged = 0;
        parts.metrics().watch(connection);
        failures.connected(config.bootstrapServers());
        connected = true;
    }

    /** Logs the remarks once, and resets the learned piece size when the limit has changed. */
    private void note(Topics.Report report) {
        if (!report.remarks().equals(remarks)) {
            report.remarks().forEach(remark -> LOG.warn("Kafka: {}", remark));
        }
        if (report.maxMessageBytes() != maxMessageBytes) {
            pieceBytes = Integer.MAX_VALUE;
        }
        time.limit(report.ages());
        remarks = report.remarks();
        maxMessageBytes = report.maxMessageBytes();
        brokers = report.brokers();
        note(report.topics());
    }

    /** Compares the topics with those of this run, and ends the run when they are others. */
    private void note(RunTopics topics) {
        String change = runs.found(topics);
        if (change != null) {
            supersede(change);
            return;
        }
        String said = Objects.requireNonNullElse(runs.more(), "");
        if (!said.equals(more) && !said.isEmpty()) {
            LOG.warn("Kafka: {}", said);
        }
        more = said;
        RunTopics own = runs.own();
        told = told || (own != null && parts.topics().found(own, runs.differFromRunBefore()));
    }

    private void supersede(String change) {
        if (superseded) {
            return;
        }
        superseded = true;
        failures.sendFailed(change + "; a new run begins");
        Connection open = connection;
        if (open != null) {
            reopen(open);
        }
        parts.topics().changed(change);
    }

    /** Asks every few seconds which topics there are, because a producer does not say when they are others. */
    private void askTopics(Connection open) {
        CompletableFuture<RunTopics> answer = asked;
        long now = clock.nanoTime();
        if (answer == null && now - askedNanos >= ASK_NANOS) {
            askedNanos = now;
            try {
                asked = gateway.topics();
            } catch (KafkaUnreadyException e) {
                LOG.debug("topics cannot be asked for", e); // the producer has the same trouble, and says so
            }
        } else if (answer != null && answer.isDone()) {
            forgetAsked();
            try {
                note(answer.join());
            } catch (CompletionException e) {
                if (e.getCause() instanceof UnknownTopicOrPartitionException) {
                    failures.connectionFailed("a topic does not exist any more"); // or not yet, at this broker
                    reopen(open);
                    backOff();
                } else {
                    gateway.close();
                }
            }
        } else if (answer != null && now - askedNanos >= STALL_LIMIT_NANOS) {
            forgetAsked();
            gateway.close();
        }
    }

    private void forgetAsked() {
        if (asked != null) {
            asked.cancel(false);
        }
        asked = null;
    }

    /** Publishes what the queue of control records has, then one batch of events; false when there was nothing. */
    private boolean publishRound(Connection open) {
        checkProgress(open);
        boolean control = publishControl(open);
        return publishEvents(open) || control;
    }

    private boolean publishControl(Connection open) {
        boolean any = false;
        while (isUsable(open) && open.inFlight.hasRoom(BatchEnvelope.CONTROL) && controlRefusals.leftNanos() == 0) {
            QueuedBatch batch = next(backlog.control());
            if (batch == null) {
                break;
            }
            any = true;
            if (controlSuspects.contains(batch.envelope().number())) {
                publishAlone(open, batch);
            } else {
                send(open, batch, false);
            }
        }
        return any;
    }

    /** Sends a control record that Kafka has refused before, with nothing else in flight. */
    private void publishAlone(Connection open, QueuedBatch batch) {
        if (!awaitEmpty(open)) {
            return;
        }
        send(open, batch, true);
        if (!awaitEmpty(open)) {
            return;
        }
        InFlight.Failure refusal = open.inFlight.takeRefusal();
        if (refusal == null) {
            controlSuspects.remove(batch.envelope().number());
            controlRefusals.accepted();
        } else {
            backlog.control().rewind();
            parts.metrics().controlRefusals.increment();
            controlRefusals.refused(SendFailure.of(refusal.exception()), reason(refusal));
        }
    }

    private boolean publishEvents(Connection open) {
        if (eventsEnded || !isUsable(open) || !open.inFlight.hasRoom(BatchEnvelope.EVENTS)) {
            return false;
        }
        QueuedBatch batch = next(backlog.events());
        if (batch == null) {
            return false;
        }
        long number = batch.envelope().number();
        String refusal = refused.get(number);
        if (refusal != null) {
            if (awaitEmpty(open)) {
                setAside(open, batch, refusal);
            }
        } else if (!suspects.contains(number)) {
            send(open, batch, false);
        } else if (awaitEmpty(open)) {
            send(open, batch, false);
            if (awaitEmpty(open)) {
                suspects.remove(number);
            }
        }
        return true;
    }

    private void setAside(Connection open, QueuedBatch batch, String reason) {
        if (!backlog.setAside(batch, reason)) {
            eventsEnded = true;
            return;
        }
        refused.remove(batch.envelope().number());
        parts.metrics().refusedBatches.increment();
        if (setAsideLines.admit()) {
            LOG.warn(
                    "Kafka rejected a batch permanently, it is set aside: {} reason={} batches_so_far={}",
                    batch.envelope(),
                    reason,
                    parts.metrics().refusedBatches.value());
        }
        open.inFlight.add(batch.envelope(), 0, 0, false);
    }

    private @Nullable QueuedBatch next(BatchQueue queue) {
        try {
            return queue.next();
        } catch (IOException e) {
            if (unreadableLines.admit()) {
                LOG.warn("spool cannot be read, retrying: {}", ErrorText.of(e));
            }
            clock.park(this, WAIT_NANOS);
            return null;
        }
    }

    private void send(Connection open, QueuedBatch batch, boolean mayBeRefused) {
        List<ProducerRecord<byte[], byte[]>> records = Objects.requireNonNull(factory)
                .records(batch, runs.of(batch.identity()), pieceBytes, time.ofPublishing(batch.envelope()));
        open.send(batch.envelope(), batch.lengthBytes(), records, mayBeRefused, () -> {
            checkProgress(open);
            if (!failures.active()) {
                failures.sendFailed("the producer accepts no more records before the brokers answer");
            }
            return connection == open && !mustEnd();
        });
        if (connection == open && open.inFlight.failure() == null) {
            parts.metrics().onSent(batch.lengthBytes(), batch.envelope().events());
        }
    }

    private boolean awaitEmpty(Connection open) {
        while (!open.inFlight.awaitEmpty(WAIT_NANOS)) {
            if (!isUsable(open)) {
                return false;
            }
            checkProgress(open);
        }
        return true;
    }

    /** Waits until there may be something to publish. */
    private void idle(Connection open, long waitNanos) {
        flushing.enter();
        boolean flush = hurrying && !stopping && open.inFlight.bytes() > 0;
        try {
            if (flush) {
                open.producer().flush();
            }
        } catch (KafkaException | IllegalStateException e) {
            LOG.debug("flush has ended", e); // woken, or the producer was closed after a failure
        } finally {
            flushing.leave();
        }
        if (full) {
            open.inFlight.awaitRoom(WAIT_NANOS);
        } else if (!flush) {
            backlog.await(waitNanos);
        }
    }

    private void onAcknowledged(InFlight.Entry entry) {
        BatchQueue queue = entry.envelope.kind() == BatchEnvelope.EVENTS ? backlog.events() : backlog.control();
        queue.acknowledge(entry.envelope.number());
        parts.metrics().onAcknowledged(entry);
    }

    /** Ends a failure when something was acknowledged, unless the other chain stands still. */
    private void checkAcknowledged(Connection open) {
        long acknowledged = open.inFlight.acknowledged();
        if (acknowledged != seenAcknowledged && open.inFlight.stalledNanos(clock.nanoTime()) < STALL_NANOS) {
            seenAcknowledged = acknowledged;
            failures.acknowledged();
        }
    }

    /** Ends a failure when something was acknowledged; queries the cluster after a time without acknowledgements. */
    private void checkProgress(Connection open) {
        checkAcknowledged(open);
        long now = clock.nanoTime();
        compression.correct(open.producer(), now);
        long stalledNanos = open.inFlight.stalledNanos(now);
        if (stalledNanos < STALL_NANOS || now - probedNanos < STALL_NANOS) {
            return;
        }
        Set<String> before = brokers;
        try {
            note(interruptibly(gateway::prepare));
            if (superseded) {
                return;
            }
            if (!brokers.equals(before)) {
                failures.sendFailed("the brokers have moved to " + brokers);
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
            probedNanos = clock.nanoTime();
        }
    }

    /** Handles a failure: adjusts to its cause, rewinds both queues and makes a new producer. */
    private void recover(Connection open) {
        InFlight.Failure failure = open.inFlight.failure();
        checkAcknowledged(open);
        reopen(open);
        parts.metrics().failures.increment();
        if (failure == null) {
            return;
        }
        SendFailure kind = SendFailure.of(failure.exception());
        if (failure.envelope().kind() == BatchEnvelope.CONTROL && kind.isRefusal()) {
            parts.metrics().controlRefusals.increment();
            controlSuspects.add(failure.envelope().number());
            connect(false); // the topic of control records may be out of reach, but events can go on
        } else if (kind == SendFailure.TOO_LARGE || kind == SendFailure.REFUSED) {
            refuse(failure, kind);
        } else if (kind == SendFailure.TIMESTAMP && time.refused(failure.envelope())) {
            connect(false);
        } else {
            failures.sendFailed(reason(failure));
            backOff();
        }
    }

    /**
     * Handles a rejected batch of events. Smaller pieces of it may be accepted. A record may also fail because of
     * another one in its request, so a batch is set aside only when it fails alone.
     */
    private void refuse(InFlight.Failure failure, SendFailure kind) {
        long number = failure.envelope().number();
        boolean mayBeCut = kind == SendFailure.TOO_LARGE
                && failure.envelope().count() > 1
                && config.records().layout() == Layout.BATCH;
        if (mayBeCut && failure.valueBytes() / 2 < pieceBytes) {
            pieceBytes = failure.valueBytes() / 2;
            LOG.warn("Kafka: {}; batches are cut into pieces of bytes={}", reason(failure), pieceBytes);
        } else if (!suspects.add(number)) {
            suspects.remove(number);
            refused.put(number, reason(failure));
        }
    }

    private String reason(InFlight.Failure failure) {
        return KafkaUnreadyException.reason(config, failure.exception());
    }

    private void reopen(Connection open) {
        connection = null;
        parts.metrics().watch(null);
        open.close(Duration.ZERO);
        backlog.control().rewind();
        backlog.events().rewind();
        parts.metrics().rewinds.increment();
    }

    private void backOff() {
        long millis = failures.backoffMillis(random.getAsDouble());
        connectNanos = clock.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
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

    void end() {
        Connection open = connection;
        if (open != null) {
            long left = failures.active() ? 0 : Math.max(0, stopDeadlineNanos - clock.nanoTime());
            open.close(Duration.ofNanos(left));
            parts.metrics().watch(null);
        }
        forgetAsked();
        gateway.close();
        ended = true;
        controlRefusals.end();
        registry.end();
        if (!superseded) { // it has said why
            parts.health().report(PublishFailures.COMPONENT, false, "stopped");
        }
    }
}
