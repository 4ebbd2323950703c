package dev.ctstream.broker;

import dev.ctstream.netlink.ErrorText;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.lang.reflect.InvocationTargetException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.utils.Time;
import org.jspecify.annotations.Nullable;

/**
 * The embedded broker, inside its own JVM: one KRaft node, controller and broker in one, on 127.0.0.1 only. Kafka's
 * server classes are reached by reflection, so that the agent neither links nor loads them.
 *
 * <p>Ownership: owns its data directory (guarded by a lock file; the kernel frees the lock when the process dies).
 * <p>Threads: {@link #run} blocks its caller until the broker has stopped; it is called once per process.
 * <p>Errors: a failure to start is printed to stderr and gives exit code 1.
 */
public final class BrokerServer {
    /** The broker deletes a directory that contains this file when its parent process is gone. */
    static final String TEMPORARY_MARKER = "delete-when-orphaned";

    private static final String HOST = "127.0.0.1";
    private static final byte[] LOOPBACK = {127, 0, 0, 1};
    private static final String LOCK_FILE = "ctstream-broker.lock";
    private static final long STOP_SECONDS = 15;

    private @Nullable Object server;
    private volatile boolean started;
    private volatile boolean orphaned;

    private BrokerServer() {}

    /**
     * Runs a broker until SIGTERM, SIGINT or, with {@code exitWithStdin}, the end of stdin.
     *
     * @param port 0 picks a free one
     * @param data reused when it already holds a broker's data; null for a temporary one, deleted at the end
     * @param extra broker properties, which override ours
     * @param out gets one line, {@code 127.0.0.1:PORT}, once records can be produced
     * @return the process's exit code
     */
    public static int run(
            int port, @Nullable Path data, boolean exitWithStdin, Map<String, String> extra, PrintStream out) {
        if (System.getProperty("logback.configurationFile") == null) {
            System.setProperty("logback.configurationFile", "dev/ctstream/broker/logback-broker.xml");
        }
        try {
            return new BrokerServer().prepare(port, data, exitWithStdin, extra, out);
        } catch (FileSystemException e) {
            System.err.println("ctstream broker: cannot use the data directory: " + ErrorText.of(e));
        } catch (IOException e) {
            System.err.println("ctstream broker: " + ErrorText.of(e));
        } catch (InvocationTargetException e) {
            System.err.println("ctstream broker: cannot start: " + ErrorText.of(rootCause(e)));
        } catch (ReflectiveOperationException e) {
            System.err.println("ctstream broker: Kafka's server classes are not on the class path (" + ErrorText.of(e)
                    + "); run it through the launcher, bin/ctstream broker");
        }
        return 1;
    }

    private int prepare(
            int wantedPort,
            @Nullable Path wantedData,
            boolean exitWithStdin,
            Map<String, String> extra,
            PrintStream out)
            throws IOException, ReflectiveOperationException {
        int port = wantedPort == 0 ? freePort() : wantedPort;
        requireFree(port);
        Path data = wantedData == null ? Files.createTempDirectory("ctstream-broker-") : wantedData.toAbsolutePath();
        Files.createDirectories(data);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(data, wantedData == null), "broker-stop"));
        if (exitWithStdin) {
            Thread watcher = new Thread(this::exitWithStdin, "broker-stdin");
            watcher.setDaemon(true);
            watcher.start();
        }
        FileLock lock = lock(data);
        try {
            return serve(port, data, extra, out);
        } finally {
            lock.channel().close();
        }
    }

    private int serve(int port, Path data, Map<String, String> extra, PrintStream out)
            throws IOException, ReflectiveOperationException {
        Properties properties = properties(port, freePort(), data);
        properties.putAll(extra);
        format(data, properties);
        Object raft = Class.forName("kafka.server.KafkaRaftServer")
                .getConstructor(Class.forName("kafka.server.KafkaConfig"), Time.class)
                .newInstance(config(properties), Time.SYSTEM);
        server = raft;
        raft.getClass().getMethod("startup").invoke(raft); // returns when the broker has joined the cluster
        started = true;
        out.println(HOST + ":" + port);
        out.flush();
        raft.getClass().getMethod("awaitShutdown").invoke(raft);
        return 0;
    }

    private static Object config(Properties properties) throws ReflectiveOperationException {
        return Class.forName("kafka.server.KafkaConfig")
                .getMethod("fromProps", Properties.class, boolean.class)
                .invoke(null, properties, false);
    }

    /** Formats the storage as {@code kafka-storage format} does, unless it is already formatted. */
    private static void format(Path data, Properties properties) throws IOException, ReflectiveOperationException {
        if (Files.exists(data.resolve("meta.properties"))) {
            return;
        }
        Path file = data.resolve("server.properties");
        try (var writer = Files.newBufferedWriter(file)) {
            properties.store(writer, null);
        }
        ByteArrayOutputStream said = new ByteArrayOutputStream();
        String[] arguments = {"format", "-t", Uuid.randomUuid().toString(), "-c", file.toString(), "--ignore-formatted"
        };
        Object status = Class.forName("kafka.tools.StorageTool")
                .getMethod("execute", String[].class, PrintStream.class)
                .invoke(null, arguments, new PrintStream(said, true, StandardCharsets.UTF_8));
        if (!Integer.valueOf(0).equals(status)) {
            throw new IOException("cannot format " + data + ": "
                    + said.toString(StandardCharsets.UTF_8).trim());
        }
    }

    /** A small node for one host: creates no topic by accident and is back at once after kill -9. */
    private static Properties properties(int port, int controllerPort, Path data) {
        Properties properties = new Properties();
        properties.setProperty("process.roles", "broker,controller");
        properties.setProperty("node.id", "1");
        properties.setProperty("controller.quorum.voters", "1@" + HOST + ":" + controllerPort);
        properties.setProperty(
                "listeners", "PLAINTEXT://" + HOST + ":" + port + ",CONTROLLER://" + HOST + ":" + controllerPort);
        properties.setProperty("advertised.listeners", "PLAINTEXT://" + HOST + ":" + port);
        properties.setProperty("controller.listener.names", "CONTROLLER");
        properties.setProperty("inter.broker.listener.name", "PLAINTEXT");
        properties.setProperty("listener.security.protocol.map", "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT");
        properties.setProperty("log.dirs", data.toString());
        // A killed broker is refused until its old session has expired; the default is 9 s.
        properties.setProperty("broker.session.timeout.ms", "1000");
        properties.setProperty("broker.heartbeat.interval.ms", "200");
        properties.setProperty("auto.create.topics.enable", "false");
        properties.setProperty("group.initial.rebalance.delay.ms", "0");
        properties.setProperty("log.cleaner.dedupe.buffer.size", "2097152");
        for (String threads : new String[] {"num.network.threads", "num.io.threads", "background.threads"}) {
            properties.setProperty(threads, "2");
        }
        for (String internal :
                new String[] {"offsets.topic", "transaction.state.log", "share.coordinator.state.topic"}) {
            properties.setProperty(internal + ".replication.factor", "1");
            properties.setProperty(internal + ".num.partitions", "1");
        }
        properties.setProperty("transaction.state.log.min.isr", "1");
        properties.setProperty("share.coordinator.state.topic.min.isr", "1");
        return properties;
    }

    /** Locks the data directory for this process. */
    private static FileLock lock(Path data) throws IOException {
        Path file = data.resolve(LOCK_FILE);
        FileChannel channel =
                FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
        FileLock lock = channel.tryLock();
        if (lock == null) {
            String owner = Files.readString(file).trim();
            channel.close();
            throw new IOException("the data directory " + data + " is in use by process " + owner
                    + "; stop it or choose another with --data");
        }
        channel.truncate(0);
        channel.write(StandardCharsets.UTF_8.encode(ProcessHandle.current().pid() + "\n"));
        return lock;
    }

    private static void requireFree(int port) throws IOException {
        if (!isFree(port)) {
            throw new IOException("port " + port + " on " + HOST
                    + " is taken; stop what listens there or choose another with --port");
        }
    }

    private static boolean isFree(int port) {
        try (ServerSocket socket = new ServerSocket()) {
            socket.setReuseAddress(true);
            socket.bind(new InetSocketAddress(InetAddress.getByAddress(LOOPBACK), port));
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    /** A free port below the range that Linux uses for outgoing connections, so that no such connection takes it. */
    public static int freePort() throws IOException {
        RandomGenerator random = RandomGenerator.getDefault();
        for (int attempt = 0; attempt < 1000; attempt++) {
            int port = random.nextInt(20_000, 32_000);
            if (isFree(port)) {
                return port;
            }
        }
        throw new IOException("no free port between 20000 and 32000 on " + HOST);
    }

    /** A byte means "stop". The end of stdin means that the parent is gone: its temporary data is no longer needed. */
    private void exitWithStdin() {
        int first = -1;
        try {
            first = System.in.read();
        } catch (IOException e) {
            // An unreadable stdin counts as ended.
        }
        orphaned = first < 0;
        System.exit(0);
    }

    /** The shutdown hook. Bounded: a broker that does not stop in time recovers at the next start. */
    private void stop(Path data, boolean temporary) {
        Object running = server;
        if (started && running != null) {
            Thread stopper = new Thread(() -> shutdown(running), "broker-shutdown");
            stopper.setDaemon(true);
            stopper.start();
            try {
                stopper.join(TimeUnit.SECONDS.toMillis(STOP_SECONDS));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
        if (temporary || (orphaned && Files.exists(data.resolve(TEMPORARY_MARKER)))) {
            deleteTree(data);
        }
    }

    private static void shutdown(Object running) {
        try {
            running.getClass().getMethod("shutdown").invoke(running);
        } catch (ReflectiveOperationException e) {
            System.err.println("ctstream broker: cannot stop cleanly: " + ErrorText.of(rootCause(e)));
        }
    }

    /** Deletes a directory with everything in it; reports on stderr when it cannot. */
    public static void deleteTree(Path directory) {
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : (Iterable<Path>) files.sorted(Comparator.reverseOrder())::iterator) {
                Files.deleteIfExists(file);
            }
        } catch (IOException | UncheckedIOException e) {
            System.err.println("ctstream broker: cannot delete " + ErrorText.ofFile(directory, e));
        }
    }

    private static Throwable rootCause(Throwable failure) {
        Throwable cause = failure;
        while (cause.getCause() != null) {
            cause = cause.getCause();
        }
        return cause;
    }
}
