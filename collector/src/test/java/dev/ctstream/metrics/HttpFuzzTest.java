package dev.ctstream.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Damaged requests: each has an answer of HTTP or a closed connection, and the next good one is answered. */
class HttpFuzzTest {
    private static final long SEED = Long.getLong("test.seed", 20_261_129);
    private static final int REQUESTS = 600;
    private static final String GOOD =
            "GET /readyz HTTP/1.1\r\nHost: localhost\r\nAccept: text/plain\r\nContent-Length: 0\r\n\r\n";

    @Test
    @Timeout(value = 60, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void eachRequestIsAnsweredOrClosed() throws IOException {
        SplittableRandom random = new SplittableRandom(SEED);
        Metrics metrics = new Metrics();
        Health health = new Health();
        int answered = 0;
        try (HttpEndpoint endpoint = HttpEndpoint.start(
                "127.0.0.1:0",
                new HttpAccess(List.of(), null, null),
                new HttpContent(metrics, health, () -> "{}", still -> "<p>page"))) {
            for (int i = 0; i < REQUESTS; i++) {
                byte[] request = damaged(random);
                String answer = answer(endpoint.port(), request);
                answered += answer.isEmpty() ? 0 : 1;
                assertThat(answer)
                        .as("request %d, -Dtest.seed=%d", i, SEED)
                        .matches("(?s)(HTTP/1\\.1 [2345]\\d\\d .*)?")
                        .doesNotContain("Exception", "java.");
            }
            assertThat(answer(endpoint.port(), GOOD.replace("readyz", "livez").getBytes(StandardCharsets.ISO_8859_1)))
                    .startsWith("HTTP/1.1 200 OK");
        } finally {
            metrics.close();
        }
        assertThat(answered).isGreaterThan(REQUESTS / 2);
    }

    private static byte[] damaged(SplittableRandom random) {
        byte[] bytes = GOOD.getBytes(StandardCharsets.ISO_8859_1);
        for (int i = random.nextInt(1, 5); i > 0; i--) {
            bytes[random.nextInt(bytes.length)] =
                    (byte) (random.nextBoolean() ? random.nextInt() : " \r\n:/?%.0".charAt(random.nextInt(9)));
        }
        return bytes;
    }

    private static String answer(int port, byte[] request) throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.getOutputStream().write(request);
            socket.shutdownOutput(); // a request without its end is over then
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
        } catch (SocketException e) {
            return ""; // reset
        }
    }
}
