package dev.ctstream.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HttpEndpointTest {
    private final HttpClient client = HttpClient.newHttpClient();
    private final Metrics metrics = new Metrics();
    private final Health health = new Health();
    private HttpEndpoint endpoint;

    @TempDir
    Path folder;

    @BeforeEach
    void start() throws IOException {
        endpoint = HttpEndpoint.start(
                "127.0.0.1:0",
                new HttpAccess(List.of(), null, null),
                new HttpContent(metrics, health, () -> "{\"received\":5,\"text\":\"<&,\"}", still -> "<p>page"));
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
    void servesStatusAndAPageThatAllowsNothingElse() throws Exception {
        assertThat(get("/status").body()).isEqualTo("{\"received\":5,\"text\":\"<&,\"}\n");
        HttpResponse<String> page = get("/");
        assertThat(page.body()).isEqualTo("<p>page");
        assertThat(page.headers().firstValue("content-security-policy"))
                .hasValueSatisfying(policy -> assertThat(policy)
                        .startsWith("default-src 'none'; style-src 'sha256-")
                        .contains("frame-ancestors 'none'", "form-action 'none'", "base-uri 'none'")
                        .doesNotContain("unsafe", "http", "*", "script"));
        assertThat(page.headers().firstValue("x-content-type-options")).hasValue("nosniff");
        assertThat(page.headers().firstValue("referrer-policy")).hasValue("no-referrer");
        assertThat(page.headers().firstValue("refresh")).hasValue("10");
        HttpResponse<String> still = get(HtmlPage.STILL);
        assertThat(still.body()).isEqualTo(page.body());
        assertThat(still.headers().firstValue("refresh")).isEmpty();
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
        assertThatThrownBy(() -> HttpEndpoint.start(
                        listen,
                        new HttpAccess(List.of(), null, null),
                        new HttpContent(metrics, health, () -> "{}", still -> "<p>page")))
                .isInstanceOf(IOException.class)
                .hasMessage(
                        "http.listen (" + listen + "): EADDRINUSE (98) Address already in use; stop what listens there,"
                                + " or set http.listen to another address, or to off");
        assertThatThrownBy(() -> HttpEndpoint.start(
                        "127.0.0.1",
                        new HttpAccess(List.of(), null, null),
                        new HttpContent(metrics, health, () -> "{}", still -> "<p>page")))
                .hasMessageContaining("host:port");
    }

    @Test
    void whereATokenIsWantedNothingIsToldWithoutIt() throws Exception {
        Path file = Files.writeString(folder.resolve("token"), "0123456789abcdef\n");
        HttpContent content = new HttpContent(metrics, health, () -> "{}", still -> "<p>page");
        try (HttpEndpoint guarded =
                HttpEndpoint.start("0.0.0.0:0", new HttpAccess(List.of(), HttpToken.read(file), null), content)) {
            for (String path : List.of("/", "/metrics", "/livez", "/readyz", "/status", "/still", "/nope")) {
                HttpResponse<String> refused = get(guarded, path, "Bearer 0123456789abcdeX");
                assertThat(refused.statusCode()).as(path).isEqualTo(401);
                assertThat(refused.headers().allValues("www-authenticate"))
                        .containsExactly("Bearer realm=\"ctstream\"", "Basic realm=\"ctstream\"");
                assertThat(get(guarded, path, "Digest 0123456789abcdef").statusCode())
                        .isEqualTo(401);
            }
            assertThat(get(guarded, "/status", "Bearer 0123456789abcdef").body())
                    .isEqualTo("{}\n");
            String login = Base64.getEncoder().encodeToString("me:0123456789abcdef".getBytes(StandardCharsets.UTF_8));
            assertThat(get(guarded, "/", "Basic " + login).body()).isEqualTo("<p>page");
            assertThat(get(guarded, "/", "Basic ?").statusCode()).isEqualTo(401);
        }
    }

    @Test
    void anAddressThatOthersReachNeedsAToken() {
        HttpContent content = new HttpContent(metrics, health, () -> "{}", still -> "<p>page");
        assertThatThrownBy(() -> HttpEndpoint.start("0.0.0.0:0", new HttpAccess(List.of(), null, null), content))
                .hasMessageContaining("http.listen (0.0.0.0:0): other hosts could read it without a token");
        assertThat(HttpEndpoint.withoutToken("0.0.0.0:9477"))
                .isEqualTo("other hosts could read it without a token: give http.token-file, or"
                        + " http.tls.certificate-file and http.tls.key-file, or all three, or listen on 127.0.0.1");
        assertThat(HttpEndpoint.withoutToken("[::]:9477")).isNotEmpty();
        assertThat(HttpEndpoint.withoutToken("[::1]:9477")).isEmpty();
        assertThat(HttpEndpoint.withoutToken("127.0.0.5:9477")).isEmpty();
    }

    @Test
    void aFileWithoutATokenIsRefusedByName() throws IOException {
        Path file = Files.writeString(folder.resolve("short"), "abc");
        assertThatThrownBy(() -> HttpToken.read(file))
                .hasMessageStartingWith("http.token-file (" + file + "): does not hold one line of 16 to 1024");
        assertThat(HttpToken.check(file).failed()).isTrue();
        assertThat(HttpToken.check(folder.resolve("none")).failed()).isTrue();
    }

    private HttpResponse<String> get(HttpEndpoint of, String path, String authorization) throws Exception {
        URI uri = URI.create("http://127.0.0.1:" + of.port() + path);
        return client.send(
                HttpRequest.newBuilder(uri)
                        .header("Authorization", authorization)
                        .build(),
                HttpResponse.BodyHandlers.ofString());
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
