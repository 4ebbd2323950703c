package dev.ctstream.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Clients that hang, drip, ask nonsense, or are a browser that another site sends here. */
class HostileHttpTest {
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private final Metrics metrics = new Metrics();
    private final Health health = new Health();
    private final AtomicLong freeDescriptors = new AtomicLong(10_000);
    private final List<Socket> hostile = new ArrayList<>();
    private HttpEndpoint endpoint;

    @BeforeEach
    void start() throws IOException {
        health.report("receive", true, "joined");
        endpoint = HttpEndpoint.start(
                "127.0.0.1:0",
                new HttpAccess(List.of("node-1", "Scrape.Example.org", ".internal"), null, null),
                new HttpContent(metrics, health, () -> "{\"secret\":1}", still -> "<p>page"),
                freeDescriptors::get);
    }

    @AfterEach
    void close() throws IOException {
        for (Socket socket : hostile) {
            socket.close();
        }
        endpoint.close();
        metrics.close();
    }

    private Socket connect(String sent) throws IOException {
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), endpoint.port());
        socket.setSoTimeout((int) PATIENCE.toMillis());
        socket.getOutputStream().write(sent.getBytes(StandardCharsets.ISO_8859_1));
        return socket;
    }

    private String answer(String request) throws IOException {
        try (Socket socket = connect(request)) {
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private String get(String path, String host) throws IOException {
        return answer("GET " + path + " HTTP/1.1\r\nHost: " + host + "\r\n\r\n");
    }

    private static boolean closedByServer(Socket socket) throws IOException {
        try {
            socket.setSoTimeout(1);
            return socket.getInputStream().read() < 0;
        } catch (SocketException e) {
            return true; // reset
        } catch (java.net.SocketTimeoutException e) {
            return false;
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "GET /live", "GET /metrics HTTP/1.1\r\nHost: localhost\r\nX: "})
    void livezAnswersWithin100MillisWhile60ClientsHang(String sent) throws IOException {
        get("/livez", "localhost"); // loads the classes
        for (int i = 0; i < 60; i++) {
            hostile.add(connect(sent));
        }
        List<Long> millis = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            long begin = System.nanoTime();
            assertThat(get("/livez", "localhost")).startsWith("HTTP/1.1 200 OK\r\n");
            millis.add(Duration.ofNanos(System.nanoTime() - begin).toMillis());
        }
        millis.sort(null);
        assertThat(millis.get(10)).as("median of %s", millis).isLessThan(100);
        assertThat(endpoint.connections()).isLessThanOrEqualTo(HttpConnections.MOST);
    }

    @Test
    void livezAnswersWhile60ClientsDripAndNoneOfThemLastsLongerThanItsTime() throws Exception {
        for (int i = 0; i < 60; i++) {
            hostile.add(connect("GET / HTTP/1.1\r\nX: "));
        }
        long begin = System.nanoTime();
        await().atMost(PATIENCE).until(() -> {
            for (Socket socket : hostile) {
                drip(socket.getOutputStream());
            }
            assertThat(get("/livez", "localhost")).startsWith("HTTP/1.1 200 OK\r\n");
            return endpoint.connections() == 0;
        });
        assertThat(System.nanoTime() - begin).isGreaterThan(HttpConnections.LONGEST_NANOS / 2);
        for (Socket socket : hostile) {
            assertThat(closedByServer(socket)).isTrue();
        }
    }

    private static void drip(OutputStream out) {
        try {
            out.write('x');
        } catch (IOException e) {
            // the server has closed it, which the test waits for
        }
    }

    @Test
    void aClientThatDoesNotReadItsAnswerHoldsNobodyUp() throws IOException {
        MetricDescription many = MetricDescription.counter("ctstream_many_total", "", "Many.", "i");
        for (int i = 0; i < 2000; i++) {
            metrics.counter(many, "x".repeat(200) + i);
        }
        for (int i = 0; i < 40; i++) {
            Socket socket = new Socket();
            socket.setReceiveBufferSize(1024);
            socket.connect(new java.net.InetSocketAddress(InetAddress.getLoopbackAddress(), endpoint.port()));
            socket.getOutputStream().write("GET /metrics HTTP/1.0\r\n\r\n".getBytes(StandardCharsets.ISO_8859_1));
            hostile.add(socket);
        }
        assertThat(get("/livez", "localhost")).startsWith("HTTP/1.1 200 OK\r\n");
        await().atMost(PATIENCE).until(() -> endpoint.connections() == 0);
    }

    @Test
    void withFewDescriptorsLeftOnlyTheNewestClientKeepsOne() throws IOException {
        for (int i = 0; i < 10; i++) {
            hostile.add(connect("GET"));
        }
        await().atMost(PATIENCE).until(() -> endpoint.connections() == 10);
        freeDescriptors.set(HttpConnections.RESERVED_DESCRIPTORS - 1);
        assertThat(get("/livez", "localhost")).startsWith("HTTP/1.1 200 OK\r\n");
        await().atMost(PATIENCE).until(() -> endpoint.connections() == 0);
        for (Socket socket : hostile) {
            assertThat(closedByServer(socket)).isTrue();
        }
    }

    @Test
    void theProcessKnowsHowManyDescriptorsAreLeft() {
        assertThat(Descriptors.free()).isPositive();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "localhost",
                "LOCALHOST:9477",
                "127.0.0.1",
                "127.0.0.1:9477",
                "[::1]:9477",
                "10.1.2.3",
                "node-1:9477",
                "node-1.",
                "scrape.example.org",
                "a.b.internal:80"
            })
    void answersUnderItsOwnNames(String host) throws IOException {
        assertThat(get("/status", host)).startsWith("HTTP/1.1 200 OK\r\n").contains("{\"secret\":1}");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "evil.example",
                "evil.example:9477",
                "127.0.0.1.evil.example",
                "localhost.evil.example",
                "node-1.evil.example",
                "internal",
                "xinternal",
                "1.2.3",
                "",
                "localhost@evil.example",
                "evil.example/localhost",
                "[::1].evil.example",
                "localhost, evil.example",
                "2130706433"
            })
    void aPageOfAnotherSiteReadsNothing(String host) throws IOException {
        for (String path : new String[] {"/status", "/metrics", "/readyz", "/livez", "/"}) {
            assertThat(get(path, host))
                    .startsWith("HTTP/1.1 421 ")
                    .doesNotContain("secret")
                    .doesNotContain("ready");
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "GET /livez HTTP/1.1~~ | 400", // no Host
                "GET /livez HTTP/1.1~Host: localhost~Host: evil~~ | 400",
                "GET /livez HTTP/1.1~Host : localhost~~ | 400",
                "GET /livez HTTP/1.1~ folded: x~Host: localhost~~ | 400",
                "GET http://evil/status HTTP/1.1~Host: localhost~~ | 400",
                "GET /status HTTP/2.0~Host: localhost~~ | 400",
                "GET  /status HTTP/1.1~Host: localhost~~ | 400",
                "GET /sta\u0007tus HTTP/1.1~Host: localhost~~ | 400",
                "get /status HTTP/1.1~Host: localhost~~ | 400",
                "\u0016\u0003\u0001\u0002~~ | 400", // a TLS client
                "DELETE /status HTTP/1.1~Host: localhost~~ | 405",
                "GET /../../etc/passwd HTTP/1.1~Host: localhost~~ | 404",
                "GET /status/ HTTP/1.1~Host: localhost~~ | 404",
                "GET /livez?x=1 HTTP/1.1~Host: localhost~~ | 200",
                "GET /livez HTTP/1.0~~ | 200",
            })
    void oddRequestsGetTheirStatus(String request, int status) throws IOException {
        String answer = answer(request.replace("~", "\r\n"));
        assertThat(answer).startsWith("HTTP/1.1 " + status + " ").contains("\r\nConnection: close\r\n");
    }

    @Test
    void aHeadWithoutEndIsRefusedAtItsLimit() throws IOException {
        try (Socket socket = connect("GET / HTTP/1.1\r\nX: " + "x".repeat(8192 - 19))) {
            byte[] answer = socket.getInputStream().readNBytes(13);
            assertThat(new String(answer, StandardCharsets.ISO_8859_1)).isEqualTo("HTTP/1.1 431 ");
        }
    }

    @Test
    void aRequestWithABodyIsAnsweredAllTheSame() throws IOException {
        assertThat(answer("POST /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n"
                        + "x".repeat(100_000)))
                .startsWith("HTTP/1.1 405 Method Not Allowed\r\n")
                .contains("\r\nAllow: GET, HEAD\r\n");
    }
}
