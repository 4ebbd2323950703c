package dev.ctstream.metrics;

import dev.ctstream.netlink.ErrorText;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Accepts connections and serves each on a thread of its own, so that one client cannot hold up another.
 *
 * <p>Bounds: at most {@value #MOST} connections, each for at most 5 s, whatever the client does. A new one takes the
 * slot of the oldest, because the oldest is the likeliest to hang: an honest client is done within milliseconds. A
 * connection is kept beside others only while {@value #RESERVED_DESCRIPTORS} file descriptors stay free; those are for
 * the data path.
 *
 * <p>Threads: one accepts ({@code ctstream-http}); one serves each connection, and ends 10 s after its last one.
 *
 * <p>Ownership: owns the listening socket and the connections.
 */
final class HttpConnections implements AutoCloseable {
    /** Most connections at a time. */
    static final int MOST = 32;
    /** Descriptors that connections leave free. */
    static final int RESERVED_DESCRIPTORS = 64;
    /** How long one connection may take, from accept to close. */
    static final long LONGEST_NANOS = TimeUnit.SECONDS.toNanos(5);

    private static final Logger LOG = LoggerFactory.getLogger(HttpConnections.class);
    private static final String THREAD = "ctstream-http";
    private static final int LOOK_MILLIS = 250;
    private static final int IDLE_THREAD_SECONDS = 10;
    private static final long STOP_MILLIS = 1000;
    private static final long AFTER_FAILURE_NANOS = TimeUnit.MILLISECONDS.toNanos(100);
    private static final long LOG_NANOS = TimeUnit.MINUTES.toNanos(1);

    private final ServerSocket listener;
    private final Server server;
    private final LongSupplier freeDescriptors;
    private final Deque<Connection> open = new ArrayDeque<>(); // oldest first; its own monitor guards it
    private final ExecutorService servers;
    private final OwnedThread acceptor;
    private volatile boolean closing;

    /** Serves one connection, which is closed when it returns. */
    @FunctionalInterface
    interface Server {
        /** Reads from the socket and writes to it; blocking calls end with an exception when the time is over. */
        void serve(Socket socket) throws IOException;
    }

    private record Connection(Socket socket, long acceptedNanos) {}

    private HttpConnections(ServerSocket listener, Server server, LongSupplier freeDescriptors) {
        this.listener = listener;
        this.server = server;
        this.freeDescriptors = freeDescriptors;
        servers = new ThreadPoolExecutor(
                0, 2 * MOST, IDLE_THREAD_SECONDS, TimeUnit.SECONDS, new SynchronousQueue<>(), task -> {
                    Thread thread = new Thread(task, THREAD + "-client");
                    thread.setDaemon(true);
                    return thread;
                });
        acceptor = OwnedThread.looping(THREAD, this::acceptAll, STOP_MILLIS);
    }

    /** Takes the address; the caller closes the socket. */
    static ServerSocket bind(InetSocketAddress address) throws IOException {
        ServerSocket listener = new ServerSocket();
        try {
            listener.bind(address);
            return listener;
        } catch (IOException | IllegalArgumentException e) {
            listener.close();
            throw e;
        }
    }

    /**
     * Starts to accept.
     *
     * @param freeDescriptors how many descriptors this process may still open
     */
    static HttpConnections start(InetSocketAddress address, Server server, LongSupplier freeDescriptors)
            throws IOException {
        HttpConnections connections = new HttpConnections(bind(address), server, freeDescriptors);
        connections.acceptor.start((thread, failure) -> LOG.error("thread has failed thread={}", thread, failure));
        return connections;
    }

    int port() {
        return listener.getLocalPort();
    }

    /** Number of open connections. Any thread. */
    int count() {
        synchronized (open) {
            return open.size();
        }
    }

    private void acceptAll() {
        long loggedNanos = System.nanoTime() - LOG_NANOS;
        while (!closing) {
            try {
                // Without connections there is nothing to look after: no wake-ups while nobody asks.
                listener.setSoTimeout(count() == 0 ? 0 : LOOK_MILLIS);
                admit(listener.accept());
            } catch (SocketTimeoutException e) {
                closeOverdue(System.nanoTime());
            } catch (IOException e) {
                if (closing) {
                    return;
                }
                closeOldest(0);
                if (System.nanoTime() - loggedNanos >= LOG_NANOS) {
                    loggedNanos = System.nanoTime();
                    LOG.warn("cannot accept HTTP connections: {}", ErrorText.of(e));
                }
                LockSupport.parkNanos(AFTER_FAILURE_NANOS); // no descriptor: it fails again at once
            }
        }
    }

    private void admit(Socket socket) {
        long now = System.nanoTime();
        closeOverdue(now);
        closeOldest(freeDescriptors.getAsLong() < RESERVED_DESCRIPTORS ? 0 : MOST - 1);
        Connection connection = new Connection(socket, now);
        synchronized (open) {
            open.add(connection);
        }
        try {
            servers.execute(() -> serve(connection));
        } catch (RejectedExecutionException e) {
            finish(connection);
        }
    }

    private void serve(Connection connection) {
        try {
            connection.socket.setTcpNoDelay(true);
            server.serve(connection.socket);
        } catch (IOException e) {
            LOG.debug("HTTP client: {}", ErrorText.of(e)); // it has gone, or its time was over
        } finally {
            finish(connection);
        }
    }

    private void finish(Connection connection) {
        synchronized (open) {
            open.remove(connection);
        }
        close(connection.socket);
    }

    private void closeOverdue(long nowNanos) {
        List<Connection> overdue = new ArrayList<>();
        synchronized (open) {
            for (Iterator<Connection> all = open.iterator(); all.hasNext(); ) {
                Connection connection = all.next();
                if (nowNanos - connection.acceptedNanos >= LONGEST_NANOS) {
                    overdue.add(connection);
                    all.remove();
                }
            }
        }
        overdue.forEach(connection -> close(connection.socket));
    }

    /** Closes the oldest until no more than these are left. */
    private void closeOldest(int left) {
        List<Connection> oldest = new ArrayList<>();
        synchronized (open) {
            while (open.size() > left) {
                oldest.add(open.remove());
            }
        }
        oldest.forEach(connection -> close(connection.socket));
    }

    private static void close(Socket socket) {
        try {
            socket.close();
        } catch (IOException e) {
            LOG.debug("close HTTP connection: {}", ErrorText.of(e));
        }
    }

    @Override
    public void close() {
        closing = true;
        try {
            listener.close();
        } catch (IOException e) {
            LOG.debug("close HTTP listener: {}", ErrorText.of(e));
        }
        acceptor.close();
        closeOldest(0);
        servers.shutdownNow();
    }
}
