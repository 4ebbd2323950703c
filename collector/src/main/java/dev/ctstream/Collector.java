package dev.ctstream;

import dev.ctstream.batch.BatchMetrics;
import dev.ctstream.batch.BatchRing;
import dev.ctstream.batch.ControlOutbox;
import dev.ctstream.config.CollectorConfig;
import dev.ctstream.conntrack.EventSocket;
import dev.ctstream.conntrack.ReceiveMetrics;
import dev.ctstream.metrics.Health;
import dev.ctstream.metrics.HttpEndpoint;
import dev.ctstream.metrics.Metrics;
import dev.ctstream.metrics.OwnedThread;
import dev.ctstream.netlink.ErrorText;
import dev.ctstream.netlink.ProcessControl;
import dev.ctstream.publish.PublishMetrics;
import dev.ctstream.publish.Publisher;
import dev.ctstream.record.RunIdentity;
import dev.ctstream.record.StreamId;
import dev.ctstream.spool.Spool;
import dev.ctstream.spool.SpoolMetrics;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * A running collector: builds the stages in the order of the data path, owns their threads, and stops them in the same
 * order, so that all received events are published or stay in the spool.
 *
 * <p>Threads, each with what it owns:
 *
 * <ul>
 *   <li>{@code ctstream-receive}: event sockets, open batches, sequences. Waits for nothing but the kernel.
 *   <li>{@code ctstream-spool}: the segment in use and the stored position.
 *   <li>{@code ctstream-publish}: the producer and its position in the spool.
 *   <li>{@code ctstream-control}: reports; {@code ctstream-dump}: snapshots and reconciliation; {@code ctstream-guard}: the
 *       reliable mode; {@code ctstream-tracking}: whether connections are tracked; each with request sockets of its own.
 *   <li>{@code ctstream-http}: the endpoint.
 * </ul>
 *
 * <p>Errors: an exception that one of these threads does not handle is a bug. {@link #awaitEnd} throws it, and the process
 * must end.
 */
public final class Collector implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Collector.class);
    /** The longest that a stop waits for the receive thread, and for the spool thread; Kafka gets the rest. */
    private static final long LOCAL_STOP_MILLIS = 2_500;

    /** STOPPED is appended this long before a stop must have ended, even if events still wait for Kafka. */
    private static final long STOPPED_BEFORE_END_NANOS = TimeUnit.MILLISECONDS.toNanos(500);

    /** Component of health until everything has been started. */
    private static final String STARTING = "start";

    private final CollectorConfig config;
    private final Metrics metrics;
    private final Health health;
    private final BatchRing ring = new BatchRing();
    private final ControlOutbox outbox = new ControlOutbox(ring);
    private final ReceiveMetrics receiveMetrics;
    private final PublishMetrics publishMetrics;
    private final Namespaces namespaces;
    private final StreamId own; // control stream of the collector's own namespace
    private final Spool spool;
    private final Publisher publisher;
    private final OwnedThread receiveThread;
    private final OwnedThread spoolThread;
    private final OwnedThread publishThread;
    private final CompletableFuture<Void> ended = new CompletableFuture<>();
    private final Tracking tracking;
    private final @Nullable HttpEndpoint http;
    private boolean stopped;
    private volatile boolean endedCleanly;

    /**
     * Number of events so far.
     *
     * @param received events that were received and decoded
     * @param acknowledged events that Kafka has confirmed
     * @param lostByKernel events that the kernel could not queue
     * @param lostLater events that were lost after they had been numbered; all are declared
     */
    public record Totals(long received, long acknowledged, long lostByKernel, long lostLater) {}

    /**
     * Facts about this program for the records.
     *
     * @param configurationDigest SHA-256 of the effective configuration without secrets, hexadecimal
     */
    public record Program(String version, String configurationDigest) {}

    /** What exists before the subscription. */
    private record Early(
            Metrics metrics,
            Health health,
            AtomicReference<@Nullable Collector> status,
            @Nullable HttpEndpoint http) {
        void close() {
            if (http != null) {
                http.close();
            }
            metrics.close();
        }
    }

    private Collector(CollectorConfig config, Namespaces namespaces, Early early, Program program) throws IOException {
        this.config = config;
        this.namespaces = namespaces;
        health = early.health();
        metrics = early.metrics();
        http = early.http();
        receiveMetrics = new ReceiveMetrics(metrics);
        publishMetrics = new PublishMetrics(metrics);
        BatchMetrics.registerRing(metrics, ring);
        own = namespaces.own(); // it may fail: before the spool is open
        spool = Spool.open(new Spool.Parts(
                config.spool(),
                new Spool.Host(
                        config.host().id(),
                        config.host().bootId(),
                        config.host().name()),
                ring,
                outbox,
                own,
                new SpoolMetrics(metrics),
                health));
        RunIdentity run = spool.identity();
        tracking = new Tracking(
                config,
                Tracking.facts(config, run, program, spool.previousRun()),
                ring,
                outbox,
                new Tracking.Observers(metrics, health, receiveMetrics));
        publisher = new Publisher(new Publisher.Parts(config.publish(), spool, publishMetrics, health));
        receiveThread = OwnedThread.looping("ctstream-receive", tracking.receiver(), LOCAL_STOP_MILLIS);
        spoolThread = OwnedThread.looping("ctstream-spool", spool, LOCAL_STOP_MILLIS);
        publishThread = OwnedThread.looping("ctstream-publish", publisher, LOCAL_STOP_MILLIS);
    }

    /**
     * Takes the address of {@code http.listen}, subscribes, opens the spool and starts publishing. An absent broker does
     * not keep it from starting.
     *
     * @throws dev.ctstream.netlink.NetlinkException when the kernel refuses the subscription
     * @throws IOException when the spool or the HTTP endpoint cannot be opened; the message names the remedy
     */
    public static Collector start(CollectorConfig config, Program program) throws IOException {
        Early early = early(config);
        Namespaces namespaces = new Namespaces(config, early.health());
        Collector collector;
        boolean preferred = false;
        try {
            namespaces.open(); // from here on the kernel keeps events for us, as many as the buffer holds
            preferred = ProcessControl.preferThread();
            collector = new Collector(config, namespaces, early, program);
            collector.receive();
        } catch (IOException | RuntimeException e) {
            namespaces.sockets().forEach(EventSocket::close);
            namespaces.close();
            early.close();
            throw e;
        } finally {
            if (preferred) {
                ProcessControl.preferThreadNoLonger();
            }
        }
        collector.begin();
        early.health().remove(STARTING);
        early.status().set(collector);
        return collector;
    }

    private static Early early(CollectorConfig config) throws IOException {
        Metrics metrics = new Metrics();
        Health health = new Health();
        health.report(STARTING, false, "the collector is starting");
        AtomicReference<@Nullable Collector> status = new AtomicReference<>();
        String listen = config.httpListen().orElse(null);
        if (listen == null) {
            return new Early(metrics, health, status, null);
        }
        List<String> names = new ArrayList<>(config.httpHosts());
        names.add(config.host().name());
        try {
            return new Early(
                    metrics,
                    health,
                    status,
                    HttpEndpoint.start(
                            listen, names, metrics, health, () -> Status.json(config, health, status.get())));
        } catch (IOException e) {
            metrics.close();
            throw e;
        }
    }

    /** Receives before anything else starts. */
    private void receive() {
        tracking.add(namespaces.list(), own);
        receiveThread.start(this::threadFailed);
    }

    private void begin() {
        spoolThread.start(this::threadFailed);
        tracking.start(this::threadFailed);
        publishThread.start(this::threadFailed);
        namespaces.start(this::threadFailed);
        if (spool.replayedBatches() > 0) {
            LOG.info("batches of an earlier run are published first batches={}", spool.replayedBatches());
        }
        metrics.bindProcess();
    }

    /** Ends the process with the reason: {@link #awaitEnd} throws it. */
    void threadFailed(String name, Throwable failure) {
        LOG.error("thread has failed thread={}", name, failure);
        health.fail(name, ErrorText.of(failure));
        ended.completeExceptionally(failure);
    }

    /** Announces every live flow again, as EXISTING. Any thread. */
    public void requestSnapshot() {
        tracking.requestSnapshot();
    }

    /**
     * Applies what can change while it runs: the credentials for Kafka. Any thread.
     *
     * @return the keys that have changed since they were applied
     */
    public Set<String> apply(CollectorConfig now) {
        return publisher.renewCredentials(now.publish()).stream()
                .map(key -> "kafka." + key)
                .collect(Collectors.toCollection(TreeSet::new));
    }

    /** Number of events so far. Any thread. */
    public Totals totals() {
        return new Totals(
                receiveMetrics.eventsTotal(),
                publishMetrics.acknowledgedEventsTotal(),
                namespaces.lostByKernel(),
                spool.lostEvents());
    }

    public Health health() {
        return health;
    }

    CollectorConfig config() {
        return config;
    }

    public Namespaces namespaces() {
        return namespaces;
    }

    /** {@code http.listen} with the port that was taken; {@code off} without an endpoint. */
    public String listening() {
        HttpEndpoint open = http;
        return open == null
                ? "off"
                : config.httpListen()
                        .map(listen -> listen.substring(0, listen.lastIndexOf(':') + 1) + open.port())
                        .orElseThrow();
    }

    Spool spool() {
        return spool;
    }

    /** The metrics of all stages. Any thread. */
    public Metrics metrics() {
        return metrics;
    }

    /** Number of batches in the spool that Kafka has not confirmed. Any thread. */
    public long unacknowledgedBatches() {
        return spool.unacknowledged();
    }

    /** Runs the action when this collector has ended, by {@link #stop} or by a failure; at once if it has. */
    public void whenEnded(Runnable action) {
        var unused = ended.whenComplete((nothing, failure) -> action.run());
    }

    /** Whether {@link #stop} has put a STOPPED into the spool for each namespace, so that the next run misses nothing. */
    public boolean endedCleanly() {
        return endedCleanly;
    }

    /**
     * Waits until {@link #stop} has been called by another thread.
     *
     * @throws IllegalStateException when a thread has failed; the process must end with a failure
     */
    public void awaitEnd() throws InterruptedException {
        try {
            ended.get();
        } catch (ExecutionException e) {
            throw new IllegalStateException("a thread has failed", e.getCause());
        }
    }

    /**
     * Unsubscribes, publishes what was received and ends all threads, within {@code shutdown.timeout-seconds}.
     *
     * @return whether Kafka has confirmed everything; otherwise the rest waits in the spool for the next start
     */
    public synchronized boolean stop() {
        if (stopped) {
            return spool.unacknowledged() == 0;
        }
        stopped = true;
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(config.shutdownTimeoutSeconds());
        try {
            tracking.stopHelpers();
            tracking.receiver().stop(LOCAL_STOP_MILLIS);
            if (receiveThread.join(LOCAL_STOP_MILLIS) && tracking.finish(LOCAL_STOP_MILLIS)) {
                awaitAppended();
                publisher.awaitEventsPublished(
                        Duration.ofNanos(deadline - System.nanoTime() - STOPPED_BEFORE_END_NANOS));
                tracking.stopped(LOCAL_STOP_MILLIS);
            }
            spool.stop();
            endedCleanly = spoolThread.join(LOCAL_STOP_MILLIS) && spool.endedCleanly();
            publisher.stop(Duration.ofNanos(Math.max(0, deadline - System.nanoTime())));
            publishThread.join(TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime()) + 500);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        boolean published = spool.unacknowledged() == 0;
        logEnd(published);
        closeParts();
        ended.complete(null);
        return published;
    }

    private void logEnd(boolean published) {
        Totals totals = totals();
        LOG.atLevel(published ? Level.INFO : Level.WARN)
                .log(
                        "stopped, {} published_events={} unpublished_batches={} lost_events={}",
                        published ? "everything is published" : "the rest stays in the spool for the next run",
                        totals.acknowledged(),
                        spool.unacknowledged(),
                        totals.lostByKernel() + totals.lostLater());
    }

    /** Waits until what was received is in the spool, so that the publisher can know when it has sent all of it. */
    private void awaitAppended() {
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(LOCAL_STOP_MILLIS);
        while (!spool.hasAppendedEverything() && System.nanoTime() - deadline < 0) {
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1));
        }
    }

    private void closeParts() {
        if (http != null) {
            http.close();
        }
        namespaces.close();
        tracking.receiver().close();
        try {
            if (!spoolThread.isAlive() && !publishThread.isAlive()) {
                spool.close();
            }
        } catch (IOException e) {
            LOG.error("spool cannot be closed: {}", ErrorText.of(e));
        }
        metrics.close();
    }

    @Override
    public void close() {
        stop();
    }
}
