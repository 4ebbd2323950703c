package dev.ctstream.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class HttpEndpointTest {
    private final HttpClient client = HttpClient.newHttpClient();
    private final Metrics metrics = new Metrics();
    private final Health health = new Health();
    private HttpEndpoint endpoint;

    @BeforeEach
    void start() throws IOException {
        endpoint = HttpEndpoint.start(
                "127.0.0.1:0", List.of(), metrics, health, () -> "{\"received\":5,\"text\":\"<&,\"}");
    }

    @AfterEach
    void close() {
        endpoint.close();
        metrics.close();
    }

    @Test
    void servesMetrics() throws Exception {
        metrics.counter(MetricDescription.counter("ctstream_a_total", "", "A.")).add(2);
        HttpResponse<String> response = get("/metrics");
        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(response.headers().firstValue("content-type"))
                .hasValueSatisfying(type -> assertThat(type).startsWith("text/plain; version=0.0.4"));
        assertThat(response.body()).contains("ctstream_a_total 2.0\n");
    }

    @Test
    void isNotReadyUntilEverythingIsAndSaysWhy() throws Exception {
        assertThat(get("/readyz").statusCode()).isEqualTo(503);
        health.report("receive", true, "joined");
        assertThat(get("/readyz").statusCode()).isEqualTo(200);
        health.report("kafka", false, "broker 127.0.0.1:1 is unreachable");
        HttpResponse<String> response = get("/readyz");
        assertThat(response.statusCode()).isEqualTo(503);
        assertThat(response.body()).isEqualTo("""
            not ok
            not ready  kafka: broker 127.0.0.1:1 is unreachable
            ready      receive: joined
            """);
        assertThat(get("/livez").statusCode()).isEqualTo(200);
        assertThat(health.reasons()).containsOnlyKeys("kafka");
    }

    @Test
    void isNotLiveAfterAFailure() throws Exception {
        assertThat(get("/livez").statusCode()).isEqualTo(200);
        health.fail("receive", "the thread ended");
        assertThat(get("/livez").statusCode()).isEqualTo(503);
        health.remove("receive");
        assertThat(get("/livez").statusCode()).isEqualTo(200);
    }

    @Test
    void servesStatusAndAPageThatEscapesIt() throws Exception {
        health.report("receive", false, "<script>");
        assertThat(get("/status").body()).isEqualTo("{\"received\":5,\"text\":\"<&,\"}\n");
        assertThat(get("/").body())
                .contains("not ready")
                .contains("&lt;script&gt;")
                .doesNotContain("<script>")
                .contains("&quot;received&quot;: 5,\n  &quot;text&quot;: &quot;&lt;&amp;,&quot;");
    }

    @Test
    void acceptsOnlyReadsOfKnownPaths() throws Exception {
        assertThat(get("/secret").statusCode()).isEqualTo(404);
        HttpRequest post = HttpRequest.newBuilder(uri("/metrics"))
                .POST(HttpRequest.BodyPublishers.ofString("x"))
                .build();
        assertThat(client.send(post, HttpResponse.BodyHandlers.ofString()).statusCode())
                .isEqualTo(405);
        HttpRequest head = HttpRequest.newBuilder(uri("/livez"))
                .method("HEAD", HttpRequest.BodyPublishers.noBody())
                .build();
        assertThat(client.send(head, HttpResponse.BodyHandlers.ofString()).statusCode())
                .isEqualTo(200);
    }

    @Test
    void aTakenPortIsAnErrorThatNamesTheAddress() {
        String listen = "127.0.0.1:" + endpoint.port();
        assertThatThrownBy(() -> HttpEndpoint.start(listen, List.of(), metrics, health, () -> "{}"))
                .isInstanceOf(IOException.class)
                .hasMessage(
                        "http.listen (" + listen + "): EADDRINUSE (98) Address already in use; stop what listens there,"
                                + " or set http.listen to another address, or to off");
        assertThatThrownBy(() -> HttpEndpoint.start("127.0.0.1", List.of(), metrics, health, () -> "{}"))
                .hasMessageContaining("host:port");
    }

    private HttpResponse<String> get(String path) throws IOException, InterruptedException {
        return client.send(
                HttpRequest.newBuilder(uri(path))
                        .timeout(Duration.ofSeconds(10))
                        .build(),
                HttpResponse.BodyHandlers.ofString());
    }

    private URI uri(String path) {
        return URI.create("http://127.0.0.1:" + endpoint.port() + path);
    }
}
