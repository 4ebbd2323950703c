package dev.ctstream.record;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsParameters;
import com.sun.net.httpserver.HttpsServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import org.apache.avro.Schema;
import org.jspecify.annotations.Nullable;

/** The part of Confluent's HTTP API that we use, on 127.0.0.1, with faults on request. Checks no compatibility by itself. */
public final class RegistryStandIn implements AutoCloseable {
    /** A subject's schema. */
    private record Entry(int id, String schema) {}

    /** Answers to be given first: an HTTP status each. */
    public final ConcurrentLinkedQueue<Integer> failures = new ConcurrentLinkedQueue<>();

    /** Method and path of each request. */
    public final List<String> requests = new CopyOnWriteArrayList<>();

    /** The Authorization that is demanded; null = none. */
    public volatile @Nullable String authorization;

    /** Whether the user may read only. */
    public volatile boolean readOnly;

    /** Whether schemas are refused. */
    public volatile boolean refusing;

    /** What answers consist of beside their fields. */
    volatile String padding = "";

    private final Map<String, List<Entry>> subjects = new TreeMap<>();
    private final Map<String, String> levels = new TreeMap<>();
    private final HttpServer server;
    private int lastId;

    public RegistryStandIn() throws IOException {
        this(0, 0);
    }

    /**
     * Listens.
     *
     * @param port 0 = any
     * @param lastId the next id is one more
     */
    public RegistryStandIn(int port, int lastId) throws IOException {
        this(HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 0), lastId);
    }

    /** Listens with TLS, and demands a certificate of its clients. */
    RegistryStandIn(SSLContext tls) throws IOException {
        this(withTls(tls), 0);
    }

    private RegistryStandIn(HttpServer server, int lastId) {
        this.server = server;
        this.lastId = lastId;
        server.createContext("/", this::handle);
        server.start();
    }

    private static HttpServer withTls(SSLContext tls) throws IOException {
        HttpsServer server = HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setHttpsConfigurator(new HttpsConfigurator(tls) {
            @Override
            public void configure(HttpsParameters parameters) {
                SSLParameters ours = tls.getDefaultSSLParameters();
                ours.setNeedClientAuth(true);
                parameters.setSSLParameters(ours);
            }
        });
        return server;
    }

    /** An address at which nothing listens. */
    static String nowhere() throws IOException {
        try (RegistryStandIn gone = new RegistryStandIn()) {
            return gone.url();
        }
    }

    public int port() {
        return server.getAddress().getPort();
    }

    public String url() {
        return (server instanceof HttpsServer ? "https" : "http") + "://127.0.0.1:" + port();
    }

    public SchemaRegistry client() {
        return new SchemaRegistry(RegistrySettings.of(Map.of(RegistrySettings.URL, url())));
    }

    /** Adds a schema to a subject, as another program would. */
    public synchronized int add(String subject, String schema) {
        List<Entry> entries = subjects.computeIfAbsent(subject, unused -> new ArrayList<>());
        for (Entry entry : entries) {
            if (entry.schema.equals(schema)) {
                return entry.id;
            }
        }
        entries.add(new Entry(++lastId, schema));
        return lastId;
    }

    /** The compatibility that was set for a subject; null = none. */
    public synchronized @Nullable String compatibility(String subject) {
        return levels.get(subject);
    }

    private synchronized void handle(HttpExchange exchange) throws IOException {
        String path = exchange.getRequestURI().getPath();
        requests.add(exchange.getRequestMethod() + " " + path);
        String body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
        Integer failure = failures.poll();
        if (failure != null) {
            answer(exchange, failure, "<html>a proxy</html>");
        } else if (authorization != null
                && !authorization.equals(exchange.getRequestHeaders().getFirst("Authorization"))) {
            answer(exchange, 401, error(40101, "who are you"));
        } else {
            answer(exchange, path.split("/", -1), body);
        }
    }

    private void answer(HttpExchange exchange, String[] path, String body) throws IOException {
        String method = exchange.getRequestMethod();
        if (path[1].equals("schemas")) {
            schemaById(exchange, Integer.parseInt(path[3]));
        } else if (path[1].equals("config")) {
            levels.put(path[2], Objects.requireNonNull(field(body, "compatibility")));
            answer(exchange, 200, body);
        } else if (path[1].equals("compatibility")) {
            answer(exchange, 200, "{\"is_compatible\":" + !refusing + "}");
        } else if (method.equals("GET")) {
            latest(exchange, path[2]);
        } else if (path.length == 3) {
            lookUp(exchange, path[2], schema(body));
        } else if (readOnly) {
            answer(exchange, 403, error(40301, "User is denied operation Write"));
        } else if (refusing) {
            answer(exchange, 409, error(409, "Schema being registered is incompatible"));
        } else {
            answer(exchange, 200, "{\"id\":" + add(path[2], schema(body)) + "}");
        }
    }

    private static String schema(String body) throws IOException {
        return new Schema.Parser().parse(field(body, "schema")).toString();
    }

    private void schemaById(HttpExchange exchange, int id) throws IOException {
        for (List<Entry> entries : subjects.values()) {
            for (Entry entry : entries) {
                if (entry.id == id) {
                    answer(exchange, 200, "{\"schema\":" + quoted(entry.schema) + padding + "}");
                    return;
                }
            }
        }
        answer(exchange, 404, error(40403, "Schema not found"));
    }

    private void latest(HttpExchange exchange, String subject) throws IOException {
        List<Entry> entries = subjects.get(subject);
        if (entries == null) {
            answer(exchange, 404, error(40401, "Subject not found"));
        } else {
            answer(exchange, 200, version(entries, entries.size() - 1));
        }
    }

    private void lookUp(HttpExchange exchange, String subject, String schema) throws IOException {
        List<Entry> entries = subjects.getOrDefault(subject, List.of());
        for (int i = 0; i < entries.size(); i++) {
            if (entries.get(i).schema.equals(schema)) {
                answer(exchange, 200, version(entries, i));
                return;
            }
        }
        answer(exchange, 404, error(entries.isEmpty() ? 40401 : 40403, "not found"));
    }

    private static String version(List<Entry> entries, int index) {
        return "{\"version\":" + (index + 1) + ",\"id\":" + entries.get(index).id + ",\"references\":[],\"schema\":"
                + quoted(entries.get(index).schema) + "}";
    }

    private static String error(int code, String message) {
        return "{\"error_code\":" + code + ",\"message\":\"" + message + "\"}";
    }

    private static String quoted(String text) {
        return "\"" + text.replace("\\", "\\\\").replace("\"", "\\\"") + "\"";
    }

    private static @Nullable String field(String body, String name) throws IOException {
        try (JsonParser json = new JsonFactory().createParser(body)) {
            while (json.nextToken() != null) {
                if (name.equals(json.currentName()) && json.currentToken().isScalarValue()) {
                    return json.getText();
                }
            }
            return null;
        }
    }

    private static void answer(HttpExchange exchange, int status, String text) throws IOException {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        exchange.sendResponseHeaders(status, bytes.length);
        try (exchange;
                var out = exchange.getResponseBody()) {
            out.write(bytes);
        }
    }

    @Override
    public void close() {
        server.stop(0);
    }
}
