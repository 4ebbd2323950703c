package dev.ctstream;

import dev.ctstream.config.CollectorConfig;
import dev.ctstream.conntrack.EventSocket;
import dev.ctstream.control.BusyStreams;
import dev.ctstream.control.RunDescription;
import dev.ctstream.metrics.Health;
import dev.ctstream.metrics.HealthMetrics;
import dev.ctstream.metrics.HttpAccess;
import dev.ctstream.metrics.HttpContent;
import dev.ctstream.metrics.HttpEndpoint;
import dev.ctstream.metrics.HttpTls;
import dev.ctstream.metrics.HttpToken;
import dev.ctstream.metrics.Metrics;
import dev.ctstream.metrics.OwnedThread;
import dev.ctstream.netlink.Clock;
import dev.ctstream.netlink.ErrorText;
import dev.ctstream.netlink.NamespaceProcesses;
import dev.ctstream.netlink.NetlinkException;
import dev.ctstream.netlink.ProcessControl;
import dev.ctstream.publish.PublishConfig;
import dev.ctstream.record.RunIdentity;
import dev.ctstream.spool.Spool;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
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
 *   <li>{@code ctstream-namespaces}: namespaces that come and go, from the first subscription to the last harvest.
 *   <li>{@code ctstream-new-run}: nothing; lives while a changed topic ends a run and begins the next.
 *   <li>{@code ctstream-http}: the endpoint.
 * </ul>
 *
 * <p>Errors: an exception that one of these threads does not handle is a bug. {@link #awaitEnd} throws it, and the process
 * must end.
 */
public final class Collector implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Collector.class);
    /** STOPPED is appended this long before a stop must have ended, even if events still wait for Kafka. */
    private static final long STOPPED_BEFORE_END_NANOS = TimeUnit.MILLISECONDS.toNanos(500);

    /** Component of health until everything has been started. */
    private static final String STARTING = "start";

    /** Component of health while a new run has no spool. */
    private static final String NEW_RUN = "new-run";

    private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(1);

    private final CollectorConfig config;
    private final Metrics metrics;
    private final Health health;
    private final RunParts parts;
    private final Namespaces namespaces;
    private final RateHistory history;
    private final CompletableFuture<Void> ended = new CompletableFuture<>();
    private volatile Tracking tracking;
    private volatile Sending sending;
    private volatile long lostInEarlierRuns; // of this process
    private volatile PublishConfig applied; // by the last apply()
    private volatile boolean stopRequested;
    private boolean unfinished; // a new run has begun to receive and has no spool yet
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
        namespaces.register(metrics);
        http = early.http();
        parts = new RunParts(
                config,
                program,
                namespaces,
                namespaces.own(), // it may fail: before the spool is open
                health,
                RunParts.Stages.register(metrics),
                this::threadFailed,
                this::topicsChanged);
        RunParts.Queues queues = RunParts.Queues.create();
        history = history(parts.stages(), namespaces);
        applied = config.publish();
        sending = Sending.open(parts, queues, null, applied);
        Spool spool = sending.spool();
        tracking = new Tracking(parts, queues, spool.identity(), before(spool.previousRun()));
    }

    private static RateHistory history(RunParts.Stages stages, Namespaces namespaces) {
        BusyStreams busy = stages.control().busyStreams();
        RateHistory history = new RateHistory(
                new RateHistory.Counters(
                        stages.receive()::eventsTotal,
                        () -> namespaces.lostByKernel()
                                + stages.batch().lostEventsTotal()
                                + stages.spool().lostEventsTotal(),
                        stages.publish()::acknowledgedEventsTotal),
                busy,
                System.nanoTime());
        busy.whenTaken(() -> history.take(System.nanoTime()));
        return history;
    }

    private static RunDescription.@Nullable PreviousRun before(Spool.@Nullable PreviousRun run) {
        return run == null
                ? null
                : new RunDescription.PreviousRun(run.identity(), run.aliveNanos(), run.clean(), run.open());
    }

    /**
     * Takes the address of {@code http.listen}, subscribes, opens the spool and starts publishing. An absent broker does
     * not keep it from starting.
     *
     * @throws dev.ctstream.netlink.NetlinkException when the kernel refuses the subscription
     * @throws IOException when the spool or the HTTP endpoint cannot be opened; the message names the remedy
     */
    public static Collector start(CollectorConfig config, Program program) throws IOException {
        return start(config, program, Rehearsal.begin());
    }

    /** As {@link #start(CollectorConfig, Program)}, with a rehearsal that has begun. */
    public static Collector start(CollectorConfig config, Program program, Rehearsal rehearsal) throws IOException {
        return start(config, program, rehearsal, NamespaceProcesses.PROC);
    }

    /**
     * As the other methods.
     *
     * @param processes where to look for processes with {@code netns=all}
     */
    static Collector start(CollectorConfig config, Program program, Rehearsal rehearsal, Path processes)
            throws IOException {
        Early early = early(config, program);
        Namespaces namespaces = new Namespaces(config, processes, early.health());
        Collector collector;
        boolean preferred = false;
        try {
            rehearsal.await(config.batch());
            namespaces.open(); // from here on the kernel keeps events for us, as many as the buffer holds
            preferred = ProcessControl.preferThread();
            collector = new Collector(config, namespaces, early, program);
            collector.tracking.receive(); // before anything else starts
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

    private static Early early(CollectorConfig config, Program program) throws IOException {
        Metrics metrics = new Metrics();
        Health health = new Health();
        health.report(STARTING, false, "the collector is starting");
        HealthMetrics.register(metrics, health, program.version());
        AtomicReference<@Nullable Collector> status = new AtomicReference<>();
        String listen = config.httpListen().orElse(null);
        if (listen == null) {
            return new Early(metrics, health, status, null);
        }
        try {
            return new Early(
                    metrics,
                    health,
                    status,
                    HttpEndpoint.start(
                            listen,
                            access(config),
                            new HttpContent(
                                    metrics,
                                    health,
                                    () -> Status.json(config, health, status.get()),
                                    still -> PageFacts.page(config, program, health, status.get(), still))));
        } catch (IOException e) {
            metrics.close();
            throw e;
        }
    }

    /** Who may ask, from the files as they are now. */
    private static HttpAccess access(CollectorConfig config) throws IOException {
        List<String> names = new ArrayList<>(config.httpHosts());
        names.add(config.host().name());
        Optional<Path> token = config.httpTokenFile();
        Optional<HttpTls.Location> tls = config.httpTls();
        return new HttpAccess(
                names,
                token.isPresent() ? HttpToken.read(token.get()) : null,
                tls.isPresent() ? HttpTls.read(tls.get()) : null);
    }

    private void begin() {
        sending.startSpool();
        tracking.startHelpers();
        sending.startPublisher();
        namespaces.follow(tracking);
        try {
            namespaces.start(this::threadFailed);
        } catch (NetlinkException e) {
            threadFailed("ctstream-namespaces", e);
        }
    }

    private void topicsChanged(Sending by, String what) {
        OwnedThread.looping("ctstream-new-run", () -> beginRun(by, what), RunParts.LOCAL_STOP_MILLIS)
                .start(this::threadFailed);
    }

    /**
     * Ends a run and begins another one on the same event sockets and in the same spool. The sockets wait until the end
     * of the run is appended; the spool is opened again while the new run receives. Gives up when {@link #stop} is
     * called meanwhile: then what the new run has received is lost, and this collector has not ended cleanly.
     */
    private synchronized void beginRun(Sending before, String reason) {
        if (stopped || !sending.equals(before)) {
            return;
        }
        LOG.warn("a new run begins: {}", reason);
        long begin = System.nanoTime();
        try {
            namespaces.follow(null);
            if (tracking.end(true)) {
                tracking.stopped("topic-changed");
            }
            boolean clean = before.endSpool();
            if (!await(tracking::ended)) {
                return;
            }
            tracking.close();
            unfinished = true;
            RunIdentity ended = before.spool().identity();
            RunIdentity run = new RunIdentity(
                    ended.hostId(), ended.bootId(), Math.max(Clock.realtimeNanos(), ended.streamEpoch() + 1));
            RunParts.Queues queues = RunParts.Queues.create();
            // Of a run whose end could not be appended, everything that it ever held in memory may be lost.
            tracking = new Tracking(
                    parts, queues, run, new RunDescription.PreviousRun(ended, ended.streamEpoch(), clean, List.of()));
            tracking.receive();
            tracking.startHelpers();
            namespaces.follow(tracking);
            before.endPublisher(Duration.ZERO);
            if (!await(before::ended)) { // the disk does not answer; meanwhile the ring holds what is received
                return;
            }
            before.close();
            Sending next = openAgain(queues, run, before.publisher().config());
            if (next == null) {
                return;
            }
            sending = next;
            lostInEarlierRuns += before.spool().lostEvents();
            next.startSpool();
            next.startPublisher();
            next.publisher().renewCredentials(applied); // if they came while nothing was published
            unfinished = false;
            LOG.info(
                    "a new run has begun stream_epoch={} after_millis={}",
                    run.streamEpoch(),
                    TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begin));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Waits for the condition; false when {@link #stop} was called before it held. */
    private boolean await(BooleanSupplier condition) {
        while (!condition.getAsBoolean()) {
            if (stopRequested) {
                return false;
            }
            LockSupport.parkNanos(LOOK_NANOS);
        }
        return true;
    }

    /** Opens the spool for the run, each second again while that fails; null when {@link #stop} was called. */
    private @Nullable Sending openAgain(RunParts.Queues queues, RunIdentity run, PublishConfig publish) {
        while (true) {
            try {
                Sending opened = Sending.open(parts, queues, run, publish);
                health.remove(NEW_RUN);
                return opened;
            } catch (IOException e) {
                String reason = "the spool cannot be opened for the new run: " + ErrorText.of(e);
                health.report(NEW_RUN, false, reason);
                LOG.error("{}; next attempt in 1 s", reason);
            }
            long failed = System.nanoTime();
            if (!await(() -> System.nanoTime() - failed > TimeUnit.SECONDS.toNanos(1))) {
                return null;
            }
        }
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
     * Applies what can change while it runs: the credentials for Kafka, and who may ask the endpoint. Any thread.
     *
     * @return the keys that have changed since they were applied
     */
    public Set<String> apply(CollectorConfig now) {
        applied = now.publish();
        Set<String> keys = sending.publisher().renewCredentials(now.publish()).stream()
                .map(key -> "kafka." + key)
                .collect(Collectors.toCollection(TreeSet::new));
        if (http != null) {
            try {
                keys.addAll(http.renew(access(now)));
            } catch (IOException e) {
                LOG.warn("the endpoint's token and certificate stay as they are: {}", ErrorText.of(e));
            }
        }
        return keys;
    }

    /** Number of events so far. Any thread. */
    public Totals totals() {
        return new Totals(
                parts.stages().receive().eventsTotal(),
                parts.stages().publish().acknowledgedEventsTotal(),
                namespaces.lostByKernel(),
                lostInEarlierRuns + sending.spool().lostEvents());
    }

    public Health health() {
        return health;
    }

    RateHistory history() {
        return history;
    }

    RunParts.Stages stages() {
        return parts.stages();
    }

    BusyStreams busyStreams() {
        return parts.stages().control().busyStreams();
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
        return sending.spool();
    }

    /** The metrics of all stages. Any thread. */
    public Metrics metrics() {
        return metrics;
    }

    /** Number of batches in the spool that Kafka has not confirmed. Any thread. */
    public long unacknowledgedBatches() {
        return sending.spool().unacknowledged();
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
    public boolean stop() {
        stopRequested = true;
        return stopNow();
    }

    private synchronized boolean stopNow() {
        if (stopped) {
            return unacknowledgedBatches() == 0;
        }
        stopped = true;
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(config.shutdownTimeoutSeconds());
        try {
            namespaces.stopFollowing();
            if (tracking.end(false)) {
                sending.awaitAppended();
                sending.publisher()
                        .awaitEventsPublished(
                                Duration.ofNanos(deadline - System.nanoTime() - STOPPED_BEFORE_END_NANOS));
                tracking.stopped("stop");
            }
            endedCleanly = sending.endSpool() && !unfinished;
            sending.endPublisher(Duration.ofNanos(deadline - System.nanoTime()));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        boolean published = unacknowledgedBatches() == 0;
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
                        unacknowledgedBatches(),
                        totals.lostByKernel() + totals.lostLater());
    }

    private void closeParts() {
        if (http != null) {
            http.close();
        }
        namespaces.close();
        tracking.close();
        sending.close();
        metrics.close();
    }

    @Override
    public void close() {
        stop();
    }
}
