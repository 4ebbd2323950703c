package dev.ctstream.cli;

import dev.ctstream.metrics.Health;
import dev.ctstream.metrics.OwnedThread;
import dev.ctstream.netlink.ErrorText;
import dev.ctstream.netlink.NetlinkException;
import dev.ctstream.netlink.NotifySocket;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What systemd is told of a run: that it has subscribed, that it is alive, what it lacks, that it reads its configuration
 * again, and that it ends. The sign of life stays away while a stage stands still or has failed for good, so that systemd
 * starts the service again. Says nothing without NOTIFY_SOCKET in the environment.
 *
 * <p>Threads: confined to the one that carries out requests; the signs of life come from a thread of their own.
 *
 * <p>Source: {@code sd_notify(3)}, {@code sd_watchdog_enabled(3)}.
 */
final class ServiceManager implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ServiceManager.class);
    private static final long STATUS_NANOS = TimeUnit.SECONDS.toNanos(10);
    /** Signs of life in one period of the watchdog. */
    private static final int SIGNS = 3;

    private static final long JOIN_MILLIS = 1_000;
    private static final String READY = "READY=1";

    private final @Nullable NotifySocket socket;
    private final long stepNanos;
    private final boolean watched;
    private @Nullable OwnedThread signs;
    private String status = "";

    private ServiceManager(@Nullable NotifySocket socket, long watchdogNanos) {
        this.socket = socket;
        watched = watchdogNanos > 0;
        stepNanos = watched ? Math.min(STATUS_NANOS, watchdogNanos / SIGNS) : STATUS_NANOS;
    }

    /**
     * The manager that the environment names. One that cannot be spoken to is warned of, and not spoken to.
     *
     * @param pid of this process; WATCHDOG_PID may name another
     */
    static ServiceManager of(Map<String, String> environment, long pid) {
        String address = environment.getOrDefault("NOTIFY_SOCKET", "");
        if (address.isEmpty()) {
            return new ServiceManager(null, 0);
        }
        try {
            return new ServiceManager(NotifySocket.open(address), watchdogNanos(environment, pid));
        } catch (NetlinkException e) {
            LOG.warn("NOTIFY_SOCKET is not used: {}", ErrorText.reason(e));
            return new ServiceManager(null, 0);
        }
    }

    private static long watchdogNanos(Map<String, String> environment, long pid) {
        String own = Long.toString(pid);
        if (!environment.getOrDefault("WATCHDOG_PID", own).equals(own)) {
            return 0;
        }
        try {
            return TimeUnit.MICROSECONDS.toNanos(Long.parseLong(environment.getOrDefault("WATCHDOG_USEC", "0")));
        } catch (NumberFormatException e) {
            LOG.warn("WATCHDOG_USEC is not a number; no signs of life are sent");
            return 0;
        }
    }

    /** The collector has subscribed. From now on signs of life are sent. */
    void started(Health health) {
        if (socket == null) {
            return;
        }
        send(READY);
        OwnedThread thread = OwnedThread.stepping(
                "ctstream-notify",
                now -> {
                    sign(health);
                    return stepNanos;
                },
                JOIN_MILLIS);
        signs = thread;
        thread.start((name, failure) -> LOG.error("{} has ended", name, failure));
    }

    private void sign(Health health) {
        if (watched && health.progressing()) {
            send("WATCHDOG=1");
        }
        String now = health.ready()
                ? "ready"
                : "not ready: " + String.join("; ", health.reasons().values());
        if (!now.equals(status)) {
            status = now;
            send("STATUS=" + now.replace('\n', ' '));
        }
    }

    /** The configuration is being read again; {@link #reloaded} ends that. */
    void reloading() {
        // CLOCK_MONOTONIC, which is what nanoTime reads on Linux
        send("RELOADING=1\nMONOTONIC_USEC=" + TimeUnit.NANOSECONDS.toMicros(System.nanoTime()));
    }

    void reloaded() {
        send(READY);
    }

    /** The collector ends, and takes the time that it needs. */
    void stopping() {
        send("STOPPING=1\nSTATUS=publishing what was received");
    }

    private synchronized void send(String state) {
        if (socket == null) {
            return;
        }
        try {
            socket.send(state);
        } catch (NetlinkException e) {
            LOG.debug("not said to the service manager state={}: {}", state, ErrorText.reason(e));
        }
    }

    @Override
    public void close() {
        if (signs != null) {
            signs.close();
        }
        if (socket != null) {
            socket.close();
        }
    }
}
