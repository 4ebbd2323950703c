package dev.ctstream;

import dev.ctstream.config.CollectorConfig;
import dev.ctstream.conntrack.EventReceiver;
import dev.ctstream.conntrack.EventSocket;
import dev.ctstream.metrics.Health;
import dev.ctstream.netlink.NetlinkException;
import dev.ctstream.netlink.NetworkNamespace;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The network namespaces that are watched: one event socket in each, and a look now and then whether connections are
 * tracked there.
 *
 * <p>Ownership: owns the namespaces' handles; the sockets belong to the receiver once they are added.
 *
 * <p>Threads: {@link #open} and {@link #close} by the collector's owner; the looks are on {@code ctstream-control}.
 */
final class Namespaces implements AutoCloseable {
    /** The collector's own namespace, in the configuration. */
    private static final String SELF = "self";
    /** And in the records. */
    private static final String HOST = "host";

    private static final long LOOK_SECONDS = 2;

    private final CollectorConfig config;
    private final Health health;
    private final List<Watched> watched = new ArrayList<>();
    private @Nullable ScheduledExecutorService control;

    /** @param namespace null = the collector's own */
    private record Watched(@Nullable NetworkNamespace namespace, EventSocket socket) {}

    Namespaces(CollectorConfig config, Health health) {
        this.config = config;
        this.health = health;
    }

    /**
     * Subscribes in every namespace; events count from now on.
     *
     * @throws NetlinkException naming the namespace; what was opened is closed again
     */
    void open() throws NetlinkException {
        try {
            for (String name : config.netns()) {
                watched.add(subscribe(name));
            }
        } catch (NetlinkException e) {
            watched.forEach(opened -> opened.socket.close());
            close();
            throw e;
        }
    }

    private Watched subscribe(String name) throws NetlinkException {
        if (name.equals(SELF)) {
            return new Watched(null, EventSocket.open(null, HOST, config.subscription()));
        }
        NetworkNamespace namespace =
                name.startsWith("/") ? NetworkNamespace.path(Path.of(name)) : NetworkNamespace.named(name);
        try {
            return new Watched(namespace, EventSocket.open(namespace, namespace.label(), config.subscription()));
        } catch (NetlinkException e) {
            namespace.close();
            throw e;
        }
    }

    /** Hands the sockets to the receiver and begins to look whether connections are tracked. */
    void start(EventReceiver receiver) {
        ScheduledExecutorService executor = Executors.newSingleThreadScheduledExecutor(work -> {
            Thread thread = new Thread(work, "ctstream-control");
            thread.setDaemon(true);
            return thread;
        });
        control = executor;
        for (Watched one : watched) {
            receiver.add(one.socket);
            TrackingCheck check = new TrackingCheck(one.socket, one.namespace, health);
            List<ScheduledFuture<?>> self = new ArrayList<>();
            self.add(executor.scheduleWithFixedDelay(
                    () -> {
                        if (check.look()) {
                            self.forEach(look -> look.cancel(false));
                        }
                    },
                    0,
                    LOOK_SECONDS,
                    TimeUnit.SECONDS));
        }
    }

    /** Events that the kernel could not queue, in all namespaces. */
    long lostByKernel() {
        return watched.stream().mapToLong(one -> one.socket.dropsTotal()).sum();
    }

    List<EventSocket> sockets() {
        return watched.stream().map(Watched::socket).toList();
    }

    @Override
    public void close() {
        if (control != null) {
            control.shutdownNow();
        }
        for (Watched one : watched) {
            if (one.namespace != null) {
                one.namespace.close();
            }
        }
    }
}
