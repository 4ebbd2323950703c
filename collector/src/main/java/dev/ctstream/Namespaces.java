package dev.ctstream;

import dev.ctstream.batch.ControlRecord;
import dev.ctstream.config.CollectorConfig;
import dev.ctstream.conntrack.ConntrackTable;
import dev.ctstream.conntrack.EventSocket;
import dev.ctstream.conntrack.EventSource;
import dev.ctstream.control.ObservedNamespace;
import dev.ctstream.metrics.Health;
import dev.ctstream.metrics.Metrics;
import dev.ctstream.metrics.OwnedThread;
import dev.ctstream.netlink.Epoll;
import dev.ctstream.netlink.Errno;
import dev.ctstream.netlink.ErrorText;
import dev.ctstream.netlink.NamespaceFile;
import dev.ctstream.netlink.NamespaceNames;
import dev.ctstream.netlink.NamespaceProcesses;
import dev.ctstream.netlink.NetlinkException;
import dev.ctstream.netlink.NetworkNamespace;
import dev.ctstream.netlink.Wakeup;
import dev.ctstream.record.StreamId;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The observed network namespaces: one event socket in each, from the moment the namespace is found to its end. ADR 27
 * has the life cycle.
 *
 * <p>Invariants:
 *
 * <ol>
 *   <li>A namespace is observed once, however many names it has, and under one label as long as it is observed.
 *   <li>A namespace that is observed again has another identity than before ({@link EndedNamespaces}).
 *   <li>Two observed namespaces never have the same label.
 *   <li>A namespace that has ended is let go of within a second: handle, event socket and request sockets keep it, its
 *       interfaces and their peers alive.
 * </ol>
 *
 * <p>Bounds: {@value #MOST} namespaces, and what {@link EndedNamespaces} remembers.
 *
 * <p>Ownership: owns the namespaces' handles; a socket belongs to the receiver once its namespace is handed to the
 * {@link Observer}.
 *
 * <p>Threads: {@code ctstream-namespaces} looks for changes, {@code ctstream-tracking} whether connections are tracked;
 * the other methods by the collector's owner, the totals and lists by any.
 */
public final class Namespaces implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Namespaces.class);
    /** Name of the collector's own namespace in the configuration. */
    static final String SELF = "self";
    /** Stands for every namespace in the configuration. */
    static final String ALL = "all";
    /** The collector's own namespace. */
    static final Path OWN_FILE = Path.of("/proc/self/ns/net");

    /** Most namespaces of {@code netns=all}: each has four descriptors, and whoever may make namespaces may make many. */
    static final int MOST = 4096;

    /** Least receive buffer of a namespace: 512 events. */
    private static final int LEAST_BUFFER_BYTES = 320 << 10;

    private static final String COMPONENT = "namespaces";
    private static final long TRACKING_NANOS = TimeUnit.SECONDS.toNanos(2);
    private static final long JOIN_MILLIS = 1_000;
    private static final long NANOS_PER_MILLI = 1_000_000;
    /** A namespace is let go of this long after its end even if it could not be dumped. */
    private static final long HARVEST_NANOS = TimeUnit.MILLISECONDS.toNanos(600);
    /** Interval of a look at a namespace that is ending. */
    private static final long ENDING_NANOS = TimeUnit.MILLISECONDS.toNanos(5);
    /** From a failed subscription to the next attempt; doubled with each. */
    private static final long RETRY_NANOS = TimeUnit.MILLISECONDS.toNanos(250);

    private static final int MOST_DOUBLINGS = 8;
    /** Failed attempts after which a namespace counts as one that cannot be observed, and not as one that has just ended. */
    private static final int ATTEMPTS = 3;

    private final CollectorConfig config;
    private final Path processes;
    private final Health health;
    private final Map<NamespaceFile, Life> lives = new LinkedHashMap<>();
    private final List<Life> ending = new ArrayList<>();
    private final Map<NamespaceFile, Failure> failures = new HashMap<>();
    private final EndedNamespaces ended = new EndedNamespaces();
    private final Map<String, String> warned = new HashMap<>(); // of listed names that are not there
    private final List<TrackingCheck> unknown = new ArrayList<>();
    private final OwnedThread tracking = OwnedThread.stepping("ctstream-tracking", this::lookAtTracking, JOIN_MILLIS);
    private final OwnedThread thread = OwnedThread.looping("ctstream-namespaces", this::follow, JOIN_MILLIS);
    private @Nullable NamespaceFinder finder;
    private @Nullable Epoll epoll;
    private @Nullable Wakeup wakeup;
    private @Nullable Observer observer;
    private volatile boolean stopping;
    private volatile List<ObservedNamespace> observed = List.of();
    private volatile List<String> waiting = List.of();
    private final AtomicLong lostInEnded = new AtomicLong();
    private final AtomicLong unseen = new AtomicLong(); // ended before they could be observed
    private volatile long missedNames;
    private volatile long failing; // cannot be observed
    private volatile int sharedBufferBytes;
    private @Nullable String reported;
    private @Nullable Map<NamespaceFile, NamespaceFinder.Found> settledWith; // found, and nothing left to do about it

    /** Works on namespaces that come and go. Every method returns soon; all are called on one thread at a time. */
    interface Observer {
        /** Receives from the namespace; its socket belongs to the observer from now on. */
        void add(ObservedNamespace namespace);

        /** Asks for the last counters of the namespace's flows. */
        void harvest(ObservedNamespace namespace);

        /** Whether the last counters are there, or none will come. */
        boolean harvested(ObservedNamespace namespace);

        /** Ends all flows of the namespace and closes its socket; it does not exist any more. */
        void remove(ObservedNamespace namespace);
    }

    /** A subscribed namespace. */
    private static final class Life {
        final NamespaceFile file;
        final ObservedNamespace namespace;
        final boolean shared; // its receive buffer is a part of what all have together
        boolean added;
        long harvestUntilNanos;

        Life(NamespaceFile file, ObservedNamespace namespace, boolean shared) {
            this.file = file;
            this.namespace = namespace;
            this.shared = shared;
        }

        String label() {
            return namespace.netns();
        }
    }

    /** Attempts to subscribe that have failed. */
    private record Failure(int attempts, long nextNanos, NetlinkException error) {}

    /**
     * Observes nothing yet.
     *
     * @param processes see {@link NamespaceProcesses}
     */
    Namespaces(CollectorConfig config, Path processes, Health health) {
        this.config = config;
        this.processes = processes;
        this.health = health;
        sharedBufferBytes = config.netnsBuffers().eachBytes();
    }

    /** The file that an item of the key {@code netns} names. */
    static Path path(String name) {
        if (name.equals(SELF)) {
            return OWN_FILE;
        }
        return name.startsWith("/") ? Path.of(name) : NamespaceNames.FOLDER.resolve(name);
    }

    /** Opens a namespace by its name or its path, as the key {@code netns} gives it. */
    static NetworkNamespace handle(String name) throws NetlinkException {
        return name.startsWith("/") ? NetworkNamespace.path(Path.of(name)) : NetworkNamespace.named(name);
    }

    /**
     * The namespaces that the key {@code netns} stands for now, by label: for each the value of the key that names it alone.
     * A listed one counts also when it is not there yet.
     */
    public static Map<String, String> present(List<String> netns) throws IOException {
        return present(netns, NamespaceProcesses.PROC);
    }

    static Map<String, String> present(List<String> netns, Path processes) throws IOException {
        Map<String, String> present = new LinkedHashMap<>();
        if (netns.contains(ALL)) {
            try (NamespaceFinder finder = NamespaceFinder.open(netns, new NamespaceProcesses(processes))) {
                finder.look(System.nanoTime());
                finder.found().values().forEach(one -> {
                    boolean own = one.label().equals(EventSource.HOST);
                    present.put(one.label(), own ? SELF : one.path().toString());
                });
            }
        } else {
            netns.forEach(name -> present.put(name.equals(SELF) ? EventSource.HOST : name, name));
        }
        return present;
    }

    private boolean all() {
        return config.netns().contains(ALL);
    }

    /** Registers the metrics. */
    void register(Metrics metrics) {
        metrics.gauge(NamespacesMetric.OBSERVED, () -> observed.size());
        metrics.gauge(NamespacesMetric.WAITING, () -> waiting.size());
        metrics.gauge(NamespacesMetric.FAILING, () -> failing);
        metrics.counterFrom(NamespacesMetric.MISSED, () -> unseen.get() + missedNames);
        metrics.gauge(NamespacesMetric.BUFFER, () -> sharedBufferBytes);
    }

    /**
     * Subscribes in every namespace that is there; the kernel queues events from then on. One that is missing is waited
     * for.
     *
     * @throws IOException when one that the configuration names cannot be subscribed to; all opened sockets and
     *     namespaces are closed again
     */
    synchronized void open() throws IOException {
        try {
            finder = NamespaceFinder.open(config.netns(), new NamespaceProcesses(processes));
            finder.look(System.nanoTime());
            subscribe(finder, System.nanoTime());
            Failure failed = failures.values().stream().findFirst().orElse(null);
            if (failed != null && !all()) {
                throw failed.error;
            }
            lives.values().forEach(life -> life.added = true);
            publish(finder);
        } catch (IOException e) {
            lives.values().forEach(life -> life.namespace.socket().close());
            close();
            throw e;
        }
    }

    /** Subscribes in what was found and is not observed yet. */
    private void subscribe(NamespaceFinder finding, long nowNanos) {
        List<NamespaceFinder.Found> fresh = finding.found().values().stream()
                .filter(one -> !lives.containsKey(one.file()) && isDue(one.file(), nowNanos))
                .limit(Math.max(0, MOST - lives.size()))
                .toList();
        share(lives.values().stream().filter(life -> life.shared).count() + fresh.size());
        for (NamespaceFinder.Found one : fresh) {
            try {
                Life life = subscribe(one);
                failures.remove(one.file());
                if (life != null) {
                    lives.put(one.file(), life);
                }
            } catch (NetlinkException e) {
                failed(one, e, nowNanos);
            }
        }
    }

    private boolean isDue(NamespaceFile file, long nowNanos) {
        Failure failure = failures.get(file);
        return failure == null || nowNanos - failure.nextNanos >= 0;
    }

    private void failed(NamespaceFinder.Found one, NetlinkException error, long nowNanos) {
        Failure before = failures.get(one.file());
        int attempts = before == null ? 1 : before.attempts + 1;
        long wait = RETRY_NANOS << Math.min(attempts - 1, MOST_DOUBLINGS);
        failures.put(one.file(), new Failure(attempts, nowNanos + wait, error));
    }

    private @Nullable Life subscribe(NamespaceFinder.Found one) throws NetlinkException {
        if (one.label().equals(EventSource.HOST)) {
            EventSocket socket = EventSocket.open(null, EventSource.HOST, config.subscription());
            return new Life(one.file(), new ObservedNamespace(socket, null), false);
        }
        String label = isTaken(one.label()) ? Long.toString(one.file().inode()) : one.label();
        NetworkNamespace namespace = NetworkNamespace.path(one.path(), label);
        try {
            if (!namespace.file().equals(one.file())) {
                namespace.close(); // the path has another namespace by now: the next look finds it
                return null;
            }
            EventSocket socket = open(namespace, label);
            socket.identify(ended.identity(socket.netnsId()));
            return new Life(one.file(), new ObservedNamespace(socket, namespace, foundBy(one), !all()), all());
        } catch (NetlinkException e) {
            namespace.close();
            throw e;
        }
    }

    private EventSocket open(NetworkNamespace namespace, String label) throws NetlinkException {
        return all()
                ? EventSocket.open(namespace, label, config.subscription(), sharedBufferBytes)
                : EventSocket.open(namespace, label, config.subscription());
    }

    private static ControlRecord.FoundBy foundBy(NamespaceFinder.Found one) {
        Long processId = one.processId();
        return new ControlRecord.FoundBy(
                one.path().toString(), processId == null ? null : NamespaceProcesses.container(processId));
    }

    /** Whether a namespace that goes on has this label: its name was removed, or given to another one. */
    private boolean isTaken(String label) {
        return lives.values().stream().anyMatch(life -> life.label().equals(label));
    }

    /** Divides the receive buffers; the number of namespaces counts as a power of two, so that they change rarely. */
    private void share(long namespaces) {
        long divisor = Long.highestOneBit(Math.max(1, 2 * namespaces - 1));
        long part = config.netnsBuffers().totalBytes() / divisor;
        int bytes = (int)
                Math.max(LEAST_BUFFER_BYTES, Math.min(config.netnsBuffers().eachBytes(), part));
        if (bytes == sharedBufferBytes) {
            return;
        }
        sharedBufferBytes = bytes;
        for (Life life : lives.values()) {
            try {
                if (life.shared) {
                    life.namespace.socket().resize(bytes);
                }
            } catch (NetlinkException e) {
                LOG.warn("the receive buffer stays as it is: netns={} {}", life.label(), ErrorText.of(e));
            }
        }
    }

    /** Starts to look for changes and whether connections are tracked. */
    void start(OwnedThread.FailureHandler failed) throws NetlinkException {
        synchronized (unknown) {
            lives.values().forEach(this::checkTracking);
        }
        tracking.start(failed);
        NamespaceFinder finding = finder;
        if (finding == null || config.netns().stream().allMatch(SELF::equals)) {
            return; // the own namespace neither comes nor goes
        }
        Epoll waits = Epoll.open();
        epoll = waits;
        Wakeup signal = Wakeup.open();
        wakeup = signal;
        waits.add(signal.fd(), 0);
        waits.add(finding.fd(), 1);
        thread.start(failed);
    }

    /** Works with another observer from now on; null = waits until there is one. */
    synchronized void follow(@Nullable Observer next) {
        observer = next;
    }

    private void follow() {
        Epoll waits = Objects.requireNonNull(epoll);
        Wakeup signal = Objects.requireNonNull(wakeup);
        try {
            while (!stopping) {
                long wait = step(System.nanoTime());
                if (!stopping) {
                    waits.await((int) ((wait + NANOS_PER_MILLI - 1) / NANOS_PER_MILLI));
                    signal.drain();
                }
            }
        } catch (NetlinkException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Follows what has changed; returns the nanoseconds until the next step. */
    private synchronized long step(long nowNanos) {
        NamespaceFinder finding = finder;
        Observer to = observer;
        if (finding == null || to == null) {
            return ENDING_NANOS;
        }
        long wait = finding.look(nowNanos);
        missedNames = finding.missed();
        if (finding.found().equals(settledWith) && finding.waiting().isEmpty()) {
            return wait; // nothing has changed
        }
        settledWith = null;
        endThoseGone(finding, to);
        subscribe(finding, nowNanos);
        letGo(to);
        for (Life life : lives.values()) {
            if (!life.added && isFree(life.label())) {
                life.added = true;
                to.add(life.namespace);
                checkTracking(life);
            }
        }
        publish(finding);
        boolean all =
                lives.size() >= MOST || lives.keySet().equals(finding.found().keySet());
        if (all && ending.isEmpty() && lives.values().stream().allMatch(life -> life.added)) {
            settledWith = finding.found();
        }
        return ending.isEmpty() ? wait : Math.min(wait, ENDING_NANOS);
    }

    private boolean isFree(String label) {
        return Stream.concat(lives.values().stream().filter(life -> life.added), ending.stream())
                .noneMatch(other -> other.label().equals(label));
    }

    private void endThoseGone(NamespaceFinder finding, Observer to) {
        for (Iterator<Life> all = lives.values().iterator(); all.hasNext(); ) {
            Life life = all.next();
            if (finding.found().containsKey(life.file)) {
                continue;
            }
            all.remove();
            if (life.added) {
                LOG.info("namespace has ended: netns={}", life.label());
                life.harvestUntilNanos = System.nanoTime() + HARVEST_NANOS;
                to.harvest(life.namespace);
                ending.add(life);
                ended.add(life.namespace.socket().netnsId());
            } else {
                unseen.incrementAndGet();
                life.namespace.socket().close();
                close(life);
            }
        }
        long before = failures.size();
        failures.keySet().removeIf(file -> !finding.found().containsKey(file));
        unseen.addAndGet(before - failures.size());
    }

    private void letGo(Observer to) {
        for (Iterator<Life> all = ending.iterator(); all.hasNext(); ) {
            Life life = all.next();
            boolean harvested = to.harvested(life.namespace);
            if (harvested || System.nanoTime() - life.harvestUntilNanos >= 0) {
                all.remove();
                if (!harvested) {
                    LOG.warn("flows end without their last counters, there was no time: netns={}", life.label());
                }
                forget(life);
                to.remove(life.namespace);
                lostInEnded.addAndGet(life.namespace.socket().dropsTotal());
                close(life);
            }
        }
    }

    private static void close(Life life) {
        NetworkNamespace namespace = life.namespace.namespace();
        if (namespace != null) {
            namespace.close();
        }
    }

    /** Whether connections are tracked in a namespace that nobody has named is its owner's matter. */
    private void checkTracking(Life life) {
        if (life.namespace.named()) {
            synchronized (unknown) {
                unknown.add(new TrackingCheck(life.namespace, health));
            }
            tracking.wake();
        }
    }

    private void forget(Life life) {
        synchronized (unknown) {
            unknown.removeIf(check -> check.isOf(life.namespace));
            health.remove(TrackingCheck.component(life.label()));
        }
    }

    private long lookAtTracking(long nowNanos) {
        synchronized (unknown) {
            unknown.removeIf(TrackingCheck::look);
            return unknown.isEmpty() ? Long.MAX_VALUE : TRACKING_NANOS;
        }
    }

    private void publish(NamespaceFinder finding) {
        observed = Stream.concat(lives.values().stream(), ending.stream())
                .filter(life -> life.added)
                .map(life -> life.namespace)
                .toList();
        waiting = List.copyOf(finding.waiting().keySet());
        finding.waiting().forEach((name, reason) -> {
            if (!reason.equals(warned.put(name, reason))) {
                LOG.warn("netns={} is waited for: {}; {}", name, reason, LocalChecks.NETNS_REMEDY);
            }
        });
        warned.keySet().retainAll(finding.waiting().keySet());
        report(finding);
    }

    /** One that belongs to another user namespace's owner (EPERM) is a remark; what else fails is a fault of this host. */
    private void report(NamespaceFinder finding) {
        List<String> remarks = new ArrayList<>();
        Failure failed = failures.values().stream().findFirst().orElse(null);
        long refused = failures.values().stream()
                .filter(failure -> failure.attempts >= ATTEMPTS)
                .count();
        failing = refused;
        boolean ready = failures.values().stream()
                .allMatch(failure -> failure.attempts < ATTEMPTS || failure.error.errno() == Errno.EPERM);
        if (failed != null && refused > 0) {
            remarks.add(refused + " cannot be observed: " + ErrorText.of(failed.error));
        }
        int more = finding.found().size() - lives.size();
        if (lives.size() >= MOST && more > 0) {
            remarks.add(more + " are not observed: at most " + MOST + " are");
        }
        finding.waiting().forEach((name, reason) -> remarks.add("waits for " + name + ": " + reason));
        String reason = observed.size() + " observed" + (remarks.isEmpty() ? "" : "; " + String.join("; ", remarks));
        if (!reason.equals(reported)) {
            if (!ready) {
                LOG.warn("network namespaces: {}", reason);
            }
            reported = reason;
            health.report(COMPONENT, ready, reason);
        }
    }

    /** Events that the kernel could not queue, in all namespaces. */
    long lostByKernel() {
        return lostInEnded.get()
                + observed.stream().mapToLong(one -> one.socket().dropsTotal()).sum();
    }

    /**
     * Control stream of the collector's own namespace, even if it is not observed.
     *
     * @throws NetlinkException when the kernel does not report the namespace's identity
     */
    StreamId own() throws NetlinkException {
        for (ObservedNamespace one : observed) {
            if (one.namespace() == null) {
                return StreamId.control(EventSource.HOST, one.socket().netnsId());
            }
        }
        try (ConntrackTable table = ConntrackTable.open(null)) {
            return StreamId.control(EventSource.HOST, table.netnsId());
        }
    }

    /** All observed namespaces; empty before {@link #open}. Any thread. */
    List<ObservedNamespace> list() {
        return observed;
    }

    /** The event sockets of all observed namespaces. Any thread. */
    public List<EventSocket> sockets() {
        return observed.stream().map(ObservedNamespace::socket).toList();
    }

    /** The names in the configuration that are not there. Any thread. */
    List<String> waiting() {
        return waiting;
    }

    /** Looks for no further changes. */
    void stopFollowing() {
        stopping = true;
        Wakeup signal = wakeup;
        if (signal != null) {
            signal.signal();
        }
        thread.close();
        tracking.close();
    }

    /** Closes what it holds but the sockets of {@link #list}, which the receiver closes. */
    @Override
    public void close() {
        stopFollowing();
        synchronized (this) {
            for (Life life : lives.values()) {
                if (!life.added) {
                    life.namespace.socket().close();
                }
                close(life);
            }
            ending.forEach(Namespaces::close);
            lives.clear();
            ending.clear();
            closeAll(finder, epoll, wakeup);
            finder = null;
            epoll = null;
            wakeup = null;
        }
    }

    private static void closeAll(@Nullable NamespaceFinder finder, @Nullable Epoll epoll, @Nullable Wakeup wakeup) {
        if (finder != null) {
            finder.close();
        }
        if (epoll != null) {
            epoll.close();
        }
        if (wakeup != null) {
            wakeup.close();
        }
    }
}
