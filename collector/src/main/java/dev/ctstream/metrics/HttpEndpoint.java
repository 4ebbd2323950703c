package dev.ctstream.metrics;

import dev.ctstream.metrics.HttpRequest.BadRequestException;
import dev.ctstream.netlink.ErrorText;
import dev.ctstream.record.PrintableText;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PushbackInputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import javax.net.ssl.SSLSocket;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The HTTP endpoint for machines and people: {@code /metrics} (Prometheus text), {@code /livez} and {@code /readyz}
 * (200 or 503, with the reasons), {@code /status} (JSON), {@code /} (a page).
 *
 * <p>Read-only; takes no request body; one request for each connection. {@link HttpConnections} bounds what clients can
 * take, {@link HttpRequest} what they can send, {@link AllowedHosts} under which names they can read, {@link HttpToken} who
 * can, and {@link HttpTls} that nobody on the way can. An address that other hosts reach must have one of the last two.
 * TLS is for clients of other hosts; what a client of this host sends does not leave it, so it may do without.
 *
 * <p>Ownership: the caller of {@link #start} closes it; the port is free afterwards.
 */
public final class HttpEndpoint implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(HttpEndpoint.class);
    private static final int OK = 200;
    private static final int BAD_REQUEST = 400;
    private static final int UNAUTHORIZED = 401;
    private static final int NOT_FOUND = 404;
    private static final int METHOD_NOT_ALLOWED = 405;
    private static final int MISDIRECTED = 421;
    private static final int INTERNAL_ERROR = 500;
    private static final int UNAVAILABLE = 503;
    private static final Map<Integer, String> REASONS = Map.of(
            OK,
            "OK",
            BAD_REQUEST,
            "Bad Request",
            UNAUTHORIZED,
            "Unauthorized",
            NOT_FOUND,
            "Not Found",
            METHOD_NOT_ALLOWED,
            "Method Not Allowed",
            MISDIRECTED,
            "Misdirected Request",
            431,
            "Request Header Fields Too Large",
            INTERNAL_ERROR,
            "Internal Server Error",
            UNAVAILABLE,
            "Service Unavailable");
    private static final String TEXT = "text/plain; charset=utf-8";

    /** Bytes of an unread body that are taken before closing: closing with unread bytes would discard the answer. */
    private static final int MAX_UNREAD_BYTES = 1 << 20;

    private static final int UNREAD_MILLIS = 500;
    private static final int CONNECT_MILLIS = 1_000;

    private static final String KEY = "http.listen";
    private static final String OPEN = "other hosts could read it without a token";
    private static final String ENCRYPTED =
            "this port speaks TLS with other hosts: ask for https://, as " + HttpTls.CERTIFICATE_KEY + " is set\n";
    /** First byte of a TLS connection, which is none of an HTTP request. */
    private static final int TLS_HANDSHAKE = 22;

    private static final String REMEDY = "stop what listens there, or set http.listen to another address, or to off";

    private final HttpContent content;
    private final InetSocketAddress address;
    private final String host; // of http.listen
    private final Predicate<Socket> ofThisHost;
    private final HttpConnections connections;
    private volatile Guard guard;

    /** What a request is held against. */
    private record Guard(HttpAccess access, AllowedHosts hosts) {}

    private record Answer(int status, String contentType, String body, List<String> fields) {
        static Answer text(int status, String body) {
            return new Answer(status, TEXT, body, List.of());
        }
    }

    private HttpEndpoint(
            String listen,
            HttpAccess access,
            HttpContent content,
            LongSupplier freeDescriptors,
            Predicate<Socket> ofThisHost)
            throws IOException {
        this.content = content;
        this.ofThisHost = ofThisHost;
        address = parse(listen);
        if (access.isOpen() && !isLoopback(address)) {
            throw new IllegalArgumentException(OPEN);
        }
        host = listen.substring(0, Math.max(0, listen.lastIndexOf(':')));
        guard = guard(access, host);
        connections = HttpConnections.start(address, this::serve, freeDescriptors);
    }

    private static Guard guard(HttpAccess access, String host) {
        List<String> names = new ArrayList<>(access.names());
        names.add(host);
        return new Guard(access, new AllowedHosts(names));
    }

    /**
     * Starts to listen and to answer.
     *
     * @param listen {@code host:port}, {@code [v6]:port}; port 0 takes a free one
     * @throws IOException when the address cannot be listened on, or others than this host could ask although there is
     *     neither a token nor TLS; the text names it
     */
    public static HttpEndpoint start(String listen, HttpAccess access, HttpContent content) throws IOException {
        return start(listen, access, content, Descriptors::free);
    }

    static HttpEndpoint start(String listen, HttpAccess access, HttpContent content, LongSupplier freeDescriptors)
            throws IOException {
        return start(listen, access, content, freeDescriptors, HttpEndpoint::isOfThisHost);
    }

    /** @param ofThisHost whether the client of a connection is on this host */
    static HttpEndpoint start(
            String listen,
            HttpAccess access,
            HttpContent content,
            LongSupplier freeDescriptors,
            Predicate<Socket> ofThisHost)
            throws IOException {
        try {
            return new HttpEndpoint(listen, access, content, freeDescriptors, ofThisHost);
        } catch (IOException | IllegalArgumentException e) {
            throw new IOException(KEY + " (" + listen + "): " + ErrorText.reason(e) + "; " + REMEDY, e);
        }
    }

    /**
     * Holds clients against other names, another token or certificate from the next connection on. Any thread.
     *
     * @return the keys that differ; none when {@code http.listen} cannot do without what they take away
     */
    public Set<String> renew(HttpAccess access) {
        Set<String> keys = access.differences(guard.access());
        if (access.isOpen() && !isLoopback(address)) {
            LOG.warn("{}: {}; the token and the certificate stay until it starts again", KEY, OPEN);
            return Set.of();
        }
        guard = guard(access, host);
        return keys;
    }

    /** Whether the client is on this host: the kernel takes no packet with such an address from outside. */
    static boolean isOfThisHost(Socket connection) {
        InetAddress client = connection.getInetAddress();
        return client.isLoopbackAddress() || client.equals(connection.getLocalAddress());
    }

    private static boolean isLoopback(InetSocketAddress address) {
        return address.getAddress().isLoopbackAddress();
    }

    /** Why the address cannot be used without a token and TLS; empty when it can. */
    public static String withoutToken(String listen) {
        try {
            return isLoopback(parse(listen))
                    ? ""
                    : OPEN + ": give " + HttpToken.KEY + ", or " + HttpTls.CERTIFICATE_KEY + " and "
                            + HttpTls.PRIVATE_KEY + ", or all three, or listen on 127.0.0.1";
        } catch (IOException | IllegalArgumentException e) {
            return ""; // it is refused as an address
        }
    }

    /** Checks that the address can be listened on, and listens no longer. */
    public static Check check(String listen) {
        String wanted = "an address of this host on which nothing listens";
        try {
            HttpConnections.bind(parse(listen)).close();
            return Check.ok(KEY, listen, "free", wanted);
        } catch (IOException | IllegalArgumentException e) {
            return Check.fail(KEY, listen, ErrorText.reason(e), wanted, REMEDY);
        }
    }

    /** Whether something accepts connections there. */
    public static boolean answers(String listen) {
        try (Socket socket = new Socket()) {
            socket.connect(parse(listen), CONNECT_MILLIS);
            return true;
        } catch (IOException | IllegalArgumentException e) {
            return false;
        }
    }

    /** The port that it listens on. */
    public int port() {
        return connections.port();
    }

    int connections() {
        return connections.count();
    }

    @Override
    public void close() {
        connections.close();
    }

    /**
     * Splits {@code host:port}.
     *
     * @throws IllegalArgumentException when the text has another form; the message says why
     */
    public static InetSocketAddress parse(String listen) throws IOException {
        int colon = listen.lastIndexOf(':');
        String host = colon < 0 ? "" : listen.substring(0, colon);
        if (host.isEmpty() || (host.indexOf(':') >= 0 && !host.startsWith("["))) {
            throw new IllegalArgumentException("not of the form host:port or [address]:port");
        }
        int port;
        try {
            port = Integer.parseInt(listen.substring(colon + 1));
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("the port is not a number", e);
        }
        if (port < 0 || port > 0xFFFF) {
            throw new IllegalArgumentException("the port is not in 0..65535");
        }
        return new InetSocketAddress(InetAddress.getByName(host), port);
    }

    private void serve(Socket socket) throws IOException {
        Guard of = guard;
        HttpTls tls = of.access().tls();
        if (tls == null) {
            serve(socket, socket.getInputStream(), of);
            return;
        }
        PushbackInputStream in = new PushbackInputStream(socket.getInputStream());
        int first = in.read();
        if (first < 0) {
            return;
        }
        if (first == TLS_HANDSHAKE) {
            try (SSLSocket encrypted = tls.on(socket, new ByteArrayInputStream(new byte[] {(byte) first}))) {
                serve(encrypted, encrypted.getInputStream(), of);
            }
        } else if (ofThisHost.test(socket)) {
            in.unread(first);
            serve(socket, in, of);
        } else {
            send(socket.getOutputStream(), Answer.text(BAD_REQUEST, ENCRYPTED), true);
            skipUnread(socket, in);
        }
    }

    private void serve(Socket socket, InputStream in, Guard of) throws IOException {
        String method = "";
        Answer answer;
        try {
            HttpRequest request = HttpRequest.read(in);
            if (request == null) {
                return;
            }
            method = request.method();
            answer = answer(request, of);
        } catch (BadRequestException e) {
            answer = Answer.text(e.status(), e.getMessage() + "\n");
        } catch (RuntimeException e) {
            LOG.warn("cannot produce an answer", e);
            answer = Answer.text(INTERNAL_ERROR, "cannot produce the answer; the log says why\n");
        }
        send(socket.getOutputStream(), answer, !method.equals("HEAD"));
        if (!method.equals("GET") && !method.equals("HEAD")) {
            skipUnread(socket, in);
        }
    }

    private static void skipUnread(Socket socket, InputStream in) throws IOException {
        socket.shutdownOutput();
        socket.setSoTimeout(UNREAD_MILLIS);
        in.skipNBytes(MAX_UNREAD_BYTES); // ends with an exception at the end, or when nothing comes
    }

    private Answer answer(HttpRequest request, Guard of) {
        String asked = request.host();
        if (asked != null && !of.hosts().contain(asked)) {
            return Answer.text(
                    MISDIRECTED,
                    "the Host header names another server; if this one is meant, add the name to http.hosts\n");
        }
        if (!request.method().equals("GET") && !request.method().equals("HEAD")) {
            return new Answer(METHOD_NOT_ALLOWED, TEXT, "only GET and HEAD\n", List.of("Allow: GET, HEAD"));
        }
        HttpToken wanted = of.access().token();
        if (wanted != null && !wanted.isIn(request.authorization())) {
            return new Answer(UNAUTHORIZED, TEXT, "give the token of http.token-file\n", HttpToken.CHALLENGES);
        }
        Health health = content.health();
        return switch (request.path()) {
            case "/metrics" ->
                new Answer(
                        OK,
                        "text/plain; version=0.0.4; charset=utf-8",
                        content.metrics().prometheusText(),
                        List.of());
            case "/livez" -> Answer.text(health.live() ? OK : UNAVAILABLE, healthText(health, health.live()));
            case "/readyz" -> Answer.text(health.ready() ? OK : UNAVAILABLE, healthText(health, health.ready()));
            case "/status" ->
                new Answer(OK, "application/json", content.statusJson().get() + "\n", List.of());
            case "/" -> page(false);
            case HtmlPage.STILL -> page(true);
            default -> Answer.text(NOT_FOUND, "try /metrics /livez /readyz /status /\n");
        };
    }

    private Answer page(boolean still) {
        return new Answer(OK, "text/html; charset=utf-8", content.page().html(still), HtmlPage.fields(still));
    }

    private static String healthText(Health health, boolean good) {
        StringBuilder text = new StringBuilder(good ? "ok\n" : "not ok\n");
        if (health.components().isEmpty()) {
            text.append("no component has reported yet\n");
        }
        health.components()
                .forEach((component, state) -> text.append(state.ready() ? "ready      " : "not ready  ")
                        .append(component)
                        .append(": ")
                        .append(PrintableText.of(state.reason()))
                        .append('\n'));
        return text.toString();
    }

    private static void send(OutputStream out, Answer answer, boolean withBody) throws IOException {
        byte[] body = answer.body.getBytes(StandardCharsets.UTF_8);
        StringBuilder head = new StringBuilder(256)
                .append("HTTP/1.1 ")
                .append(answer.status)
                .append(' ')
                .append(REASONS.get(answer.status))
                .append("\r\nContent-Type: ")
                .append(answer.contentType)
                .append("\r\nContent-Length: ")
                .append(body.length)
                .append("\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer"
                        + "\r\nConnection: close\r\n");
        answer.fields.forEach(field -> head.append(field).append("\r\n"));
        byte[] start = head.append("\r\n").toString().getBytes(StandardCharsets.ISO_8859_1);
        byte[] all = new byte[start.length + (withBody ? body.length : 0)];
        System.arraycopy(start, 0, all, 0, start.length);
        System.arraycopy(body, 0, all, start.length, all.length - start.length);
        out.write(all); // in one write: small answers go out in one segment
        out.flush();
    }
}
