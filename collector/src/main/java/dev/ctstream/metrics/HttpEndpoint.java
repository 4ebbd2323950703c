package dev.ctstream.metrics;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Supplier;

/**
 * The HTTP endpoint for machines and people: {@code /metrics} (Prometheus text), {@code /livez} and {@code /readyz}
 * (200 or 503, with the reasons), {@code /status} (JSON), {@code /} (a page).
 *
 * <p>Read-only, takes no request body, uses two threads, and disconnects a client that takes longer than 10 seconds.
 *
 * <p>Ownership: the caller of {@link #start} closes it; the port is free afterwards.
 */
public final class HttpEndpoint implements AutoCloseable {
    private static final int THREADS = 2;
    private static final int OK = 200;
    private static final int NOT_FOUND = 404;
    private static final int METHOD_NOT_ALLOWED = 405;
    private static final int INTERNAL_ERROR = 500;
    private static final int UNAVAILABLE = 503;
    private static final String TEXT = "text/plain; charset=utf-8";

    static {
        // The JDK reads these once, in the class used below. Without them a silent client holds a thread indefinitely.
        limit("sun.net.httpserver.maxReqTime", "10");
        limit("sun.net.httpserver.maxRspTime", "10");
        limit("jdk.httpserver.maxConnections", "64");
    }

    private final HttpServer server;
    private final ExecutorService threads;
    private final Metrics metrics;
    private final Health health;
    private final Supplier<String> statusJson;

    private HttpEndpoint(HttpServer server, Metrics metrics, Health health, Supplier<String> statusJson) {
        this.server = server;
        this.metrics = metrics;
        this.health = health;
        this.statusJson = statusJson;
        threads = Executors.newFixedThreadPool(THREADS, task -> {
            Thread thread = new Thread(task, "ctstream-http");
            thread.setDaemon(true);
            return thread;
        });
    }

    /**
     * Starts to listen and to answer.
     *
     * @param listen {@code host:port}, {@code [v6]:port}; port 0 takes a free one
     * @param statusJson one JSON object; called by the serving thread for each request
     * @throws IOException when the address cannot be listened on; the text names it
     */
    public static HttpEndpoint start(String listen, Metrics metrics, Health health, Supplier<String> statusJson)
            throws IOException {
        HttpServer server;
        try {
            server = HttpServer.create(parse(listen), 0);
        } catch (IOException | IllegalArgumentException e) {
            throw new IOException("listen on " + listen + ": " + e.getMessage(), e);
        }
        HttpEndpoint endpoint = new HttpEndpoint(server, metrics, health, statusJson);
        server.setExecutor(endpoint.threads);
        server.createContext("/", endpoint::handle);
        server.start();
        return endpoint;
    }

    /** The port that it listens on. */
    public int port() {
        return server.getAddress().getPort();
    }

    @Override
    public void close() {
        server.stop(0);
        threads.shutdownNow();
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

    private void handle(HttpExchange exchange) throws IOException {
        try (exchange) {
            String method = exchange.getRequestMethod();
            if (!method.equals("GET") && !method.equals("HEAD")) {
                exchange.getResponseHeaders().set("Allow", "GET, HEAD");
                send(exchange, METHOD_NOT_ALLOWED, TEXT, "only GET and HEAD\n");
                return;
            }
            try {
                answer(exchange);
            } catch (RuntimeException e) {
                send(exchange, INTERNAL_ERROR, TEXT, "cannot produce the answer: " + e + "\n");
            }
        }
    }

    private void answer(HttpExchange exchange) throws IOException {
        switch (exchange.getRequestURI().getPath()) {
            case "/metrics" -> send(exchange, OK, "text/plain; version=0.0.4; charset=utf-8", metrics.prometheusText());
            case "/livez" -> send(exchange, health.live() ? OK : UNAVAILABLE, TEXT, healthText(health.live()));
            case "/readyz" -> send(exchange, health.ready() ? OK : UNAVAILABLE, TEXT, healthText(health.ready()));
            case "/status" -> send(exchange, OK, "application/json", statusJson.get() + "\n");
            case "/" -> {
                String page = StatusPage.html(health, statusJson.get());
                exchange.getResponseHeaders()
                        .set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'");
                send(exchange, OK, "text/html; charset=utf-8", page);
            }
            default -> send(exchange, NOT_FOUND, TEXT, "try /metrics /livez /readyz /status /\n");
        }
    }

    private String healthText(boolean good) {
        StringBuilder text = new StringBuilder(good ? "ok\n" : "not ok\n");
        if (health.components().isEmpty()) {
            text.append("no component has reported yet\n");
        }
        health.components()
                .forEach((component, state) -> text.append(state.ready() ? "ready      " : "not ready  ")
                        .append(component)
                        .append(": ")
                        .append(state.reason())
                        .append('\n'));
        return text.toString();
    }

    private static void send(HttpExchange exchange, int code, String contentType, String text) throws IOException {
        byte[] body = text.getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", contentType);
        exchange.getResponseHeaders().set("Cache-Control", "no-store");
        if (exchange.getRequestMethod().equals("HEAD")) {
            exchange.sendResponseHeaders(code, -1);
            return;
        }
        exchange.sendResponseHeaders(code, body.length == 0 ? -1 : body.length);
        try (OutputStream out = exchange.getResponseBody()) {
            out.write(body);
        }
    }

    private static void limit(String property, String value) {
        if (System.getProperty(property) == null) {
            System.setProperty(property, value);
        }
    }
}
