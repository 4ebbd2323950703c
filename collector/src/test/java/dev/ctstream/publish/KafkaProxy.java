package dev.ctstream.publish;

import dev.ctstream.broker.BrokerServer;
import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.common.protocol.ApiKeys;

/**
 * Stands between clients and a broker that announces the proxy's address. It reads Kafka's frames (4 bytes of length,
 * then the request's api_key, api_version and correlation_id, or the answer's correlation_id), and so can hold back or
 * drop single answers to produce requests, and cut connections.
 *
 * <p>Threads: the setters may be called from any thread; each connection has three of its own, which end with it.
 */
public final class KafkaProxy implements AutoCloseable {
    private static final int CONNECT_MILLIS = 5_000;
    private static final InetAddress LOOPBACK = InetAddress.getLoopbackAddress();

    private final ServerSocket listener;
    private final Set<Socket> open = ConcurrentHashMap.newKeySet();
    private final AtomicLong produceRequests = new AtomicLong();
    private final AtomicLong droppedAnswers = new AtomicLong();
    private final Random random = new Random(1);
    private volatile int brokerPort;
    private volatile long delayNanos;
    private volatile double dropShare;

    /** Listens at a free port of 127.0.0.1; clients wait until {@link #forwardTo}. */
    public KafkaProxy() throws IOException {
        listener = new ServerSocket(BrokerServer.freePort(), 50, LOOPBACK);
        start(this::accept, "kafka-proxy");
    }

    /** What the broker must announce so that clients come back here. */
    public Map<String, String> brokerProperties() {
        return Map.of("advertised.listeners", "PLAINTEXT://" + address());
    }

    public String address() {
        return "127.0.0.1:" + listener.getLocalPort();
    }

    /** Sets the broker's address, {@code host:port}. */
    public void forwardTo(String address) {
        brokerPort = Integer.parseInt(address.substring(address.lastIndexOf(':') + 1));
    }

    /** Holds back each answer to a produce request by this time. */
    void delay(long millis) {
        delayNanos = TimeUnit.MILLISECONDS.toNanos(millis);
    }

    /** Drops this share of the answers to produce requests. */
    void drop(double share) {
        dropShare = share;
    }

    /** Cuts all connections; clients may connect again. */
    void cut() {
        open.forEach(KafkaProxy::closeQuietly);
    }

    public long produceRequests() {
        return produceRequests.get();
    }

    long droppedAnswers() {
        return droppedAnswers.get();
    }

    @Override
    public void close() throws IOException {
        listener.close();
        cut();
    }

    private void accept() {
        while (!listener.isClosed()) {
            try {
                Socket client = listener.accept();
                open.add(client);
                start(() -> connect(client), "kafka-proxy-connection");
            } catch (IOException e) {
                // Closed, or the client has gone.
            }
        }
    }

    private void connect(Socket client) {
        try (client;
                Socket broker = new Socket()) {
            client.setTcpNoDelay(true);
            broker.setTcpNoDelay(true);
            broker.connect(new InetSocketAddress(LOOPBACK, brokerPort), CONNECT_MILLIS);
            open.add(broker);
            Set<Integer> produced = ConcurrentHashMap.newKeySet(); // correlation ids
            BlockingQueue<Answer> answers = new LinkedBlockingQueue<>();
            start(() -> readAnswers(broker, client, produced, answers), "kafka-proxy-answers");
            start(() -> writeAnswers(client, broker, answers), "kafka-proxy-delay");
            DataInputStream in = input(client);
            while (true) {
                byte[] frame = frame(in);
                ByteBuffer header = ByteBuffer.wrap(frame, Integer.BYTES, frame.length - Integer.BYTES);
                boolean produce = header.getShort() == ApiKeys.PRODUCE.id;
                header.getShort(); // api_version
                if (produce) {
                    produced.add(header.getInt());
                    produceRequests.incrementAndGet();
                }
                broker.getOutputStream().write(frame);
            }
        } catch (IOException e) {
            // One side has closed.
        } finally {
            open.remove(client);
        }
    }

    /** An answer, and when it may go on. */
    private static final class Answer {
        private final byte[] frame;
        private final long dueNanos;

        private Answer(byte[] frame, long dueNanos) {
            this.frame = frame;
            this.dueNanos = dueNanos;
        }
    }

    private void readAnswers(Socket broker, Socket client, Set<Integer> produced, BlockingQueue<Answer> answers) {
        try {
            DataInputStream in = input(broker);
            while (true) {
                byte[] frame = frame(in);
                boolean produce = produced.remove(ByteBuffer.wrap(frame).getInt(Integer.BYTES));
                if (produce && dropped()) {
                    droppedAnswers.incrementAndGet();
                } else {
                    answers.add(new Answer(frame, System.nanoTime() + (produce ? delayNanos : 0)));
                }
            }
        } catch (IOException e) {
            closeQuietly(client);
            open.remove(broker);
            answers.add(new Answer(new byte[0], 0)); // ends the writer
        }
    }

    private synchronized boolean dropped() {
        return random.nextDouble() < dropShare;
    }

    private static void writeAnswers(Socket client, Socket broker, BlockingQueue<Answer> answers) {
        try {
            for (Answer next = answers.take(); next.frame.length > 0; next = answers.take()) {
                TimeUnit.NANOSECONDS.sleep(next.dueNanos - System.nanoTime()); // the delay is what is tested
                client.getOutputStream().write(next.frame);
            }
        } catch (IOException e) {
            closeQuietly(broker);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static DataInputStream input(Socket socket) throws IOException {
        return new DataInputStream(new BufferedInputStream(socket.getInputStream(), 1 << 16));
    }

    /** Reads a frame with its length before it. */
    private static byte[] frame(DataInputStream in) throws IOException {
        int length = in.readInt();
        byte[] frame = new byte[Integer.BYTES + length];
        ByteBuffer.wrap(frame).putInt(length);
        in.readFully(frame, Integer.BYTES, length);
        return frame;
    }

    private static void closeQuietly(Socket socket) {
        try {
            socket.close();
        } catch (IOException e) {
            // It is closed all the same.
        }
    }

    private static void start(Runnable work, String name) {
        Thread thread = new Thread(work, name);
        thread.setDaemon(true);
        thread.start();
    }
}
