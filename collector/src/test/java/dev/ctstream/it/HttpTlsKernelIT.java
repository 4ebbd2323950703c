package dev.ctstream.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.ctstream.broker.BrokerServer;
import dev.ctstream.netlink.FreshNamespace;
import dev.ctstream.netlink.Links;
import dev.ctstream.record.TestCertificate;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.KeyStore;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A running collector whose endpoint has a certificate. */
class HttpTlsKernelIT {
    private static final Duration SOON = Duration.ofSeconds(30);
    private static final String ELSEWHERE =
            "192.0.2.7"; // an address that is neither of the loopback nor the one that is asked

    @TempDir
    private Path folder;

    @Test
    void otherHostsNeedTlsOwnProgramsDoNotAndSighupBringsTheRenewedCertificate() throws Exception {
        TestCertificate first = TestCertificate.make(folder, "first", "ip:127.0.0.1");
        TestCertificate second = TestCertificate.make(folder, "second", "ip:127.0.0.1", "-keyalg", "Ed25519");
        Path chain = folder.resolve("chain.pem");
        Path key = folder.resolve("key.pem");
        install(first, chain, key);
        FreshNamespace.run(() -> {
            Links.addAddress("lo", InetAddress.getByName(ELSEWHERE), 32);
            int port = BrokerServer.freePort();
            Path file = Files.writeString(
                    folder.resolve("c.properties"),
                    String.join(
                            "\n",
                            "http.listen=0.0.0.0:" + port,
                            "http.tls.certificate-file=" + chain,
                            "http.tls.key-file=" + key,
                            "kafka.bootstrap.servers=127.0.0.1:1",
                            "spool.directory=" + folder.resolve("spool")));
            try (LaunchedProgram run =
                    LaunchedProgram.start(folder, Map.of(), List.of(), "run", "--config", file.toString())) {
                run.awaitStderr(" started ");
                assertThat(https(first, port)).contains("ctstream_build_info");
                assertThat(plain(ELSEWHERE, port)).startsWith("HTTP/1.1 400 ").contains("ask for https://");
                assertThat(plain("127.0.0.1", port)).startsWith("HTTP/1.1 200 OK");

                try (LaunchedProgram bundle = LaunchedProgram.start(
                        folder,
                        Map.of(),
                        List.of(),
                        "support-bundle",
                        "--config",
                        file.toString(),
                        "--output",
                        folder.resolve("b.tar").toString())) {
                    assertThat(bundle.exitCode()).as(bundle::err).isZero();
                }
                assertThat(Files.readString(folder.resolve("b.tar")))
                        .contains("ctstream_build_info")
                        .doesNotContain("no collector answers");

                Files.copy(folder.resolve("second.p12"), key, StandardCopyOption.REPLACE_EXISTING);
                run.signal("HUP");
                assertThat(run.awaitStderr("the endpoint's token and certificate stay as they are"))
                        .contains("http.tls.key-file (" + key + "): holds no PEM key");
                assertThat(https(first, port)).contains("ctstream_build_info");

                install(second, chain, key);
                run.signal("HUP");
                run.awaitStderr("configuration read again changed=http.tls.certificate-file needs_a_restart=");
                await().atMost(SOON)
                        .ignoreExceptions()
                        .until(() -> https(second, port).contains("ctstream_build_info"));
                assertThatThrownBy(() -> https(first, port)).isInstanceOf(SSLException.class);
            }
        });
    }

    @Test
    void runDoesNotStartWithAKeyOfAnotherCertificate() throws Exception {
        TestCertificate first = TestCertificate.make(folder, "first", "ip:127.0.0.1");
        TestCertificate second = TestCertificate.make(folder, "second", "ip:127.0.0.1");
        Path chain = first.pem();
        Path key = second.keyPem();
        FreshNamespace.run(() -> {
            try (LaunchedProgram run = LaunchedProgram.start(
                    folder,
                    Map.of(),
                    List.of(),
                    "run",
                    "-D",
                    "http.listen=0.0.0.0:0",
                    "-D",
                    "http.tls.certificate-file=" + chain,
                    "-D",
                    "http.tls.key-file=" + key,
                    "-D",
                    "kafka.bootstrap.servers=127.0.0.1:1",
                    "-D",
                    "spool.directory=" + folder.resolve("spool"))) {
                assertThat(run.exitCode()).as(run::err).isEqualTo(2);
                assertThat(run.err())
                        .contains("http.tls.key-file (" + key + "): the key does not fit the first certificate of "
                                + chain);
            }
        });
    }

    private static void install(TestCertificate from, Path chain, Path key) throws Exception {
        Files.copy(from.pem(), chain, StandardCopyOption.REPLACE_EXISTING);
        Files.copy(from.keyPem(), key, StandardCopyOption.REPLACE_EXISTING);
    }

    /** What {@code /metrics} tells a client that trusts this certificate alone. */
    private static String https(TestCertificate trusted, int port) throws Exception {
        KeyStore from = KeyStore.getInstance(trusted.store().toFile(), TestCertificate.PASSWORD.toCharArray());
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        store.setCertificateEntry("it", from.getCertificate(from.aliases().nextElement()));
        TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(store);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, trust.getTrustManagers(), null);
        return HttpClient.newBuilder()
                .sslContext(context)
                .build()
                .send(
                        HttpRequest.newBuilder(URI.create("https://127.0.0.1:" + port + "/metrics"))
                                .timeout(SOON)
                                .build(),
                        HttpResponse.BodyHandlers.ofString())
                .body();
    }

    private static String plain(String from, int port) throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port, InetAddress.getByName(from), 0)) {
            socket.getOutputStream().write("GET /livez HTTP/1.0\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}
