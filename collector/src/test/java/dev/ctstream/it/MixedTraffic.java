package dev.ctstream.it;

import dev.ctstream.cli.demo.DemoNetwork;
import dev.ctstream.netlink.RawIpSocket;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/**
 * Real TCP, UDP and ICMP connections, IPv4 and IPv6, in the zones of a {@link DemoNetwork}; some TCP connections stay
 * open for a while. Each connection has a unique port or identifier and is recorded.
 *
 * <p>Ownership: owns both ends of all connections. Threads: confined to one thread inside the namespace; other threads
 * may call {@link #connections} afterwards.
 */
final class MixedTraffic implements AutoCloseable {
    /** Number of TCP connections that {@link #round} keeps open. */
    static final int KEPT = 100;

    private static final int TCP = 6;
    private static final int UDP = 17;
    private static final int FIRST_PORT = 10_000;
    private static final int LAST_PORT = 60_000;
    private static final int ANSWER_MILLIS = 30_000;

    private final DemoNetwork network;
    private final List<ServerSocket> listeners = new ArrayList<>();
    private final List<DatagramSocket> answerers = new ArrayList<>();
    private final RawIpSocket icmp;
    private final RawIpSocket icmp6;
    private final List<Connection> connections = new ArrayList<>();
    private final Deque<Kept> kept = new ArrayDeque<>();
    private int lastPort = FIRST_PORT;

    /** Identifies a connection; for an ICMP echo, the port is its identifier. Addresses in Java's notation. */
    record Key(long protocol, String source, long port, String destination) {}

    /** One connection; unused after {@code endNanos}, 0 = still in use. */
    static final class Connection {
        final Key key;
        final long beginNanos = System.nanoTime();
        long endNanos;

        Connection(Key key) {
            this.key = key;
        }
    }

    private record Kept(Connection connection, Socket client, Socket server) {}

    private MixedTraffic(DemoNetwork network) throws IOException {
        this.network = network;
        icmp = RawIpSocket.open(RawIpSocket.AF_INET, RawIpSocket.IPPROTO_ICMP);
        icmp6 = RawIpSocket.open(RawIpSocket.AF_INET6, RawIpSocket.IPPROTO_ICMPV6);
    }

    static MixedTraffic open(DemoNetwork network) throws IOException {
        MixedTraffic traffic = new MixedTraffic(network);
        for (DemoNetwork.Server server : network.servers()) {
            ServerSocket listener = new ServerSocket();
            listener.bind(new InetSocketAddress(server.address(), DemoNetwork.PORT));
            traffic.listeners.add(listener);
            traffic.answerers.add(new DatagramSocket(new InetSocketAddress(server.address(), DemoNetwork.PORT)));
        }
        return traffic;
    }

    /** All connections so far. */
    List<Connection> connections() {
        return connections;
    }

    /**
     * Makes short connections of all kinds to all servers and one kept connection to each, and ends old kept
     * connections.
     */
    void round() throws IOException {
        for (int server = 0; server < listeners.size(); server++) {
            end(connect(server, address(server), DemoNetwork.PORT));
            ask(server);
            ping(address(server));
            kept.addLast(connect(server, address(server), DemoNetwork.PORT));
        }
        end(connect(1, network.translated(), DemoNetwork.TRANSLATED_PORT));
        while (kept.size() > KEPT) {
            end(kept.removeFirst());
        }
    }

    /** Opens a TCP connection to each server; the caller ends them. */
    List<Runnable> open() throws IOException {
        List<Runnable> ends = new ArrayList<>();
        for (int server = 0; server < listeners.size(); server++) {
            Kept opened = connect(server, address(server), DemoNetwork.PORT);
            ends.add(() -> end(opened));
        }
        return ends;
    }

    private InetAddress address(int server) {
        return network.servers().get(server).address();
    }

    private int nextPort() {
        if (++lastPort > LAST_PORT) {
            throw new IllegalStateException("out of ports");
        }
        return lastPort;
    }

    private Connection begin(long protocol, InetAddress destination, int port) {
        String source = network.client(destination).getHostAddress();
        Connection connection = new Connection(new Key(protocol, source, port, destination.getHostAddress()));
        connections.add(connection);
        return connection;
    }

    private Kept connect(int server, InetAddress address, int port) throws IOException {
        int from = nextPort();
        Socket client = new Socket();
        client.bind(new InetSocketAddress(network.client(address), from));
        Connection connection = begin(TCP, address, from);
        client.connect(new InetSocketAddress(address, port), ANSWER_MILLIS);
        Socket accepted = listeners.get(server).accept();
        client.getOutputStream().write(from);
        return new Kept(connection, client, accepted);
    }

    private static void end(Kept ended) {
        try {
            ended.client.shutdownOutput();
            ended.server.getInputStream().readAllBytes();
            ended.server.close();
            ended.client.close();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
        ended.connection.endNanos = System.nanoTime();
    }

    private void ask(int server) throws IOException {
        int from = nextPort();
        try (DatagramSocket client = new DatagramSocket(new InetSocketAddress(network.client(address(server)), from))) {
            Connection connection = begin(UDP, address(server), from);
            client.send(new DatagramPacket(new byte[4], 4, address(server), DemoNetwork.PORT));
            DatagramPacket packet = new DatagramPacket(new byte[4], 4);
            answerers.get(server).receive(packet);
            answerers.get(server).send(packet);
            client.setSoTimeout(ANSWER_MILLIS);
            client.receive(packet);
            connection.endNanos = System.nanoTime();
        }
    }

    /** Sends an echo request, which the kernel answers. */
    private void ping(InetAddress address) throws IOException {
        int identifier = nextPort();
        boolean six = address instanceof Inet6Address;
        RawIpSocket socket = six ? icmp6 : icmp;
        if (six) {
            socket.bind(network.client(address));
        }
        Connection connection = begin(six ? RawIpSocket.IPPROTO_ICMPV6 : RawIpSocket.IPPROTO_ICMP, address, identifier);
        int family = six ? RawIpSocket.AF_INET6 : RawIpSocket.AF_INET;
        socket.send(RawIpSocket.echoRequest(family, identifier, 1), address);
        connection.endNanos = System.nanoTime();
    }

    @Override
    public void close() {
        try {
            for (ServerSocket listener : listeners) {
                listener.close();
            }
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
        answerers.forEach(DatagramSocket::close);
        icmp.close();
        icmp6.close();
    }
}
