package dev.ctstream.cli.demo;

import static java.nio.charset.StandardCharsets.US_ASCII;

import dev.ctstream.netlink.ErrorText;
import dev.ctstream.netlink.RawIpSocket;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Makes real connections over loopback and counts them: TCP and UDP with an answer, ICMP echo answered by the kernel,
 * and TCP to a translated address.
 *
 * <p>Ownership: owns its server sockets. Threads: {@link #round} runs on one thread; each server socket has one more.
 */
public final class DemoTraffic implements AutoCloseable {
    private static final byte[] TEXT = "one line over the loopback\n".getBytes(US_ASCII);
    private static final int ANSWER_MILLIS = 2_000;
    private static final int MOST_PORTS = 10_000;

    private final DemoNetwork network;
    private final List<AutoCloseable> open = new ArrayList<>();
    private final Set<Integer> udpPorts = new HashSet<>();
    private final RawIpSocket icmp;
    private final RawIpSocket icmp6;
    private int echo;
    private long tcp;
    private long translated;
    private long udp;
    private long pings;

    private DemoTraffic(DemoNetwork network) throws IOException {
        this.network = network;
        icmp = RawIpSocket.open(RawIpSocket.AF_INET, RawIpSocket.IPPROTO_ICMP);
        open.add(icmp);
        icmp6 = RawIpSocket.open(RawIpSocket.AF_INET6, RawIpSocket.IPPROTO_ICMPV6);
        open.add(icmp6);
    }

    /** Opens the servers. */
    public static DemoTraffic open(DemoNetwork network) throws IOException {
        DemoTraffic traffic = new DemoTraffic(network);
        try {
            for (DemoNetwork.Server server : network.servers()) {
                traffic.serve(server.address());
            }
            return traffic;
        } catch (IOException e) {
            traffic.close();
            throw e;
        }
    }

    /** Connections of all kinds so far. */
    long connections() {
        return tcp + translated + udp + pings;
    }

    /** One line for the summary. */
    String summary() {
        return connections() + " connections: " + tcp + " TCP, " + translated + " TCP translated, " + udp + " UDP, "
                + pings + " ICMP echo";
    }

    /** Makes one connection of each kind to each server. */
    public void round() throws IOException {
        for (DemoNetwork.Server server : network.servers()) {
            connect(server.address(), DemoNetwork.PORT);
            tcp++;
            ask(server.address());
            udp++;
            ping(server.address());
            pings++;
        }
        connect(network.translated(), DemoNetwork.TRANSLATED_PORT);
        translated++;
    }

    private void connect(InetAddress address, int port) throws IOException {
        try (Socket socket = new Socket()) {
            socket.bind(new InetSocketAddress(network.client(address), 0));
            socket.connect(new InetSocketAddress(address, port), ANSWER_MILLIS);
            socket.setSoTimeout(ANSWER_MILLIS);
            socket.getOutputStream().write(TEXT);
            socket.shutdownOutput();
            socket.getInputStream().readAllBytes();
        }
    }

    private void ask(InetAddress address) throws IOException {
        try (DatagramSocket socket = client(network.client(address))) {
            socket.setSoTimeout(ANSWER_MILLIS);
            socket.send(new DatagramPacket(TEXT, TEXT.length, address, DemoNetwork.PORT));
            socket.receive(new DatagramPacket(new byte[TEXT.length], TEXT.length));
        }
    }

    /** A socket whose port was not used lately: from the same port it would not be another connection. */
    private DatagramSocket client(InetAddress address) throws IOException {
        while (true) {
            DatagramSocket socket = new DatagramSocket(new InetSocketAddress(address, 0));
            if (udpPorts.size() >= MOST_PORTS) {
                udpPorts.clear();
            }
            if (udpPorts.add(socket.getLocalPort())) {
                return socket;
            }
            socket.close();
        }
    }

    /** Sends one echo request with its own identifier, which makes it a separate connection. */
    private void ping(InetAddress address) throws IOException {
        echo = echo % 0xFFFF + 1;
        if (address instanceof Inet6Address) {
            icmp6.bind(network.client(address));
            icmp6.send(RawIpSocket.echoRequest(RawIpSocket.AF_INET6, echo, 1), address);
        } else {
            icmp.send(RawIpSocket.echoRequest(RawIpSocket.AF_INET, echo, 1), address);
        }
    }

    private void serve(InetAddress address) throws IOException {
        ServerSocket server = new ServerSocket();
        open.add(server);
        server.bind(new InetSocketAddress(address, DemoNetwork.PORT));
        start("demo-tcp-" + address.getHostAddress(), () -> answerConnections(server));
        DatagramSocket datagrams = new DatagramSocket(new InetSocketAddress(address, DemoNetwork.PORT));
        open.add(datagrams);
        start("demo-udp-" + address.getHostAddress(), () -> answerDatagrams(datagrams));
    }

    private static void start(String name, Runnable work) {
        Thread thread = new Thread(work, name);
        thread.setDaemon(true);
        thread.start();
    }

    private static void answerConnections(ServerSocket server) {
        while (!server.isClosed()) {
            try (Socket socket = server.accept()) {
                socket.getOutputStream().write(socket.getInputStream().readAllBytes());
            } catch (IOException e) {
                // The client or the demo has ended; the next round sees which.
            }
        }
    }

    private static void answerDatagrams(DatagramSocket socket) {
        DatagramPacket packet = new DatagramPacket(new byte[TEXT.length], TEXT.length);
        while (!socket.isClosed()) {
            try {
                socket.receive(packet);
                socket.send(packet);
            } catch (IOException e) {
                // The demo has ended, or a client did not wait.
            }
        }
    }

    @Override
    public void close() {
        for (AutoCloseable closeable : open) {
            try {
                closeable.close();
            } catch (Exception e) { // AutoCloseable.close may throw any
                System.err.println("demo: " + ErrorText.of(e));
            }
        }
    }
}
