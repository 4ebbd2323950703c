package dev.ctstream;

import dev.ctstream.config.CollectorConfig;
import dev.ctstream.conntrack.ConntrackTable;
import dev.ctstream.conntrack.EventSocket;
import dev.ctstream.control.ObservedNamespace;
import dev.ctstream.metrics.Health;
import dev.ctstream.metrics.OwnedThread;
import dev.ctstream.netlink.NetlinkException;
import dev.ctstream.netlink.NetworkNamespace;
import dev.ctstream.record.StreamId;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The observed network namespaces: one event socket in each, and a periodic check whether connections are tracked
 * there.
 *
 * <p>Ownership: owns the namespaces' handles; the sockets belong to the receiver once they are added.
 *
 * <p>Threads: {@link #open} and {@link #close} by the collector's owner. {@code ctstream-tracking} checks, and ends when
 * connections are tracked in every namespace.
 */
public final class Namespaces implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Namespaces.class);
    /** Name of the collector's own namespace in the configuration. */
    static final String SELF = "self";
    /** Name of the collector's own namespace in the records. */
    static final String HOST = "host";

    private static final long LOOK_NANOS = TimeUnit.SECONDS.toNanos(2);

    private static final long JOIN_MILLIS = 1_000;

    private final CollectorConfig config;
    private final Health health;
    private final List<ObservedNamespace> watched = new ArrayList<>();
    private final List<TrackingCheck> unknown = new ArrayList<>();
    private final OwnedThread looking = OwnedThread.stepping("ctstream-tracking", this::look, JOIN_MILLIS);

    Namespaces(CollectorConfig config, Health health) {
        this.config = config;
        this.health = health;
    }

    /**
     * Subscribes in every namespace; the kernel queues events from then on.
     *
     * @throws NetlinkException naming the namespace; all opened sockets and namespaces are closed again
     */
    void open() throws NetlinkException {
        try {
            for (String name : config.netns()) {
                add(name, subscribe(name));
            }
        } catch (NetlinkException e) {
            watched.forEach(opened -> opened.socket().close());
            close();
            throw e;
        }
    }

    /** One namespace by two names is one: its streams would have the same identity. */
    private void add(String name, ObservedNamespace opened) {
        String netnsId = opened.socket().netnsId();
        for (ObservedNamespace known : watched) {
            if (known.socket().netnsId().equals(netnsId)) {
                LOG.warn("namespace is already observed and is not added again netns={} as={}", name, known.netns());
                opened.socket().close();
                closeHandle(opened);
                return;
            }
        }
        watched.add(opened);
    }

    private static void closeHandle(ObservedNamespace one) {
        NetworkNamespace namespace = one.namespace();
        if (namespace != null) {
            namespace.close();
        }
    }

    private ObservedNamespace subscribe(String name) throws NetlinkException {
        if (name.equals(SELF)) {
            return new ObservedNamespace(EventSocket.open(null, HOST, config.subscription()), null);
        }
        NetworkNamespace namespace = handle(name);
        try {
            return new ObservedNamespace(
                    EventSocket.open(namespace, namespace.label(), config.subscription()), namespace);
        } catch (NetlinkException e) {
            namespace.close();
            throw e;
        }
    }

    /** Opens a namespace by its name or its path, as the key {@code netns} gives it. */
    static NetworkNamespace handle(String name) throws NetlinkException {
        return name.startsWith("/") ? NetworkNamespace.path(Path.of(name)) : NetworkNamespace.named(name);
    }

    /** Starts to check whether connections are tracked. */
    void start(OwnedThread.FailureHandler handler) {
        watched.forEach(one -> unknown.add(new TrackingCheck(one, health)));
        looking.start(handler);
    }

    private long look(long nowNanos) {
        unknown.removeIf(TrackingCheck::look);
        return unknown.isEmpty() ? OwnedThread.DONE : LOOK_NANOS;
    }

    /** Events that the kernel could not queue, in all namespaces. */
    long lostByKernel() {
        return watched.stream().mapToLong(one -> one.socket().dropsTotal()).sum();
    }

    /**
     * Control stream of the collector's own namespace, even if it is not observed or has another name in the configuration.
     *
     * @throws NetlinkException when the kernel does not report the namespace's identity
     */
    StreamId own() throws NetlinkException {
        for (ObservedNamespace one : watched) {
            if (one.namespace() == null) {
                return StreamId.control(HOST, one.socket().netnsId());
            }
        }
        try (ConntrackTable table = ConntrackTable.open(null)) {
            String netnsId = table.netnsId();
            String name = watched.stream()
                    .filter(one -> one.socket().netnsId().equals(netnsId))
                    .map(ObservedNamespace::netns)
                    .findFirst()
                    .orElse(HOST);
            return StreamId.control(name, netnsId);
        }
    }

    /** All observed namespaces; empty before {@link #open}. */
    List<ObservedNamespace> list() {
        return List.copyOf(watched);
    }

    public List<EventSocket> sockets() {
        return watched.stream().map(ObservedNamespace::socket).toList();
    }

    @Override
    public void close() {
        looking.close();
        watched.forEach(Namespaces::closeHandle);
    }
}
