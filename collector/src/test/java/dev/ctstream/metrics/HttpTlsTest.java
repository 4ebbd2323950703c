package dev.ctstream.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.ctstream.record.TestCertificate;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.KeyStore;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The endpoint with a certificate: real handshakes over loopback. */
class HttpTlsTest {
    private static final Duration PATIENCE = Duration.ofSeconds(20);
    private static final String TOKEN = "0123456789abcdef";

    @TempDir
    private static Path folder;

    private static TestCertificate ec;
    private static TestCertificate rsa;
    private static TestCertificate ed25519;
    private static TestCertificate expired;

    private final Metrics metrics = new Metrics();
    private final Health health = new Health();
    private final List<Socket> hostile = new ArrayList<>();
    private HttpEndpoint endpoint;

    @BeforeAll
    static void make() throws Exception {
        ec = TestCertificate.make(folder, "ec", "ip:127.0.0.1");
        rsa = TestCertificate.make(folder, "rsa", "ip:127.0.0.1", "-keyalg", "RSA", "-keysize", "2048");
        ed25519 = TestCertificate.make(folder, "ed25519", "ip:127.0.0.1", "-keyalg", "Ed25519");
        expired = TestCertificate.makeExpired(folder, "expired", "ip:127.0.0.1");
        for (TestCertificate each : List.of(ec, rsa, ed25519, expired)) {
            Files.setPosixFilePermissions(each.keyPem(), PosixFilePermissions.fromString("rw-r-----"));
        }
    }

    @BeforeEach
    void startWithout() throws Exception {
        endpoint = HttpEndpoint.start("127.0.0.1:0", access(null, null), content());
    }

    private HttpContent content() {
        return new HttpContent(metrics, health, () -> "{\"a\":1}", still -> "<p>page".repeat(20_000));
    }

    @AfterEach
    void close() throws IOException {
        for (Socket socket : hostile) {
            socket.close();
        }
        endpoint.close();
        metrics.close();
    }

    private static HttpTls.Location files(TestCertificate of) throws Exception {
        return new HttpTls.Location(of.pem(), Path.of(of.store() + ".key.pem"));
    }

    /** Starts an endpoint that takes each client for one of another host. */
    private void start(String listen, TestCertificate certificate, @Nullable HttpToken token) throws Exception {
        health.report("receive", true, "joined");
        endpoint.close();
        endpoint = HttpEndpoint.start(listen, access(certificate, token), content(), () -> 10_000, connection -> false);
    }

    private static HttpAccess access(@Nullable TestCertificate certificate, @Nullable HttpToken token)
            throws Exception {
        return new HttpAccess(List.of(), token, certificate == null ? null : HttpTls.read(files(certificate)));
    }

    /** What a client that trusts this certificate alone gets; the name in it is checked. */
    private String get(TestCertificate trusted, String path, String protocol, String fields) throws Exception {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        KeyStore from = KeyStore.getInstance(trusted.store().toFile(), TestCertificate.PASSWORD.toCharArray());
        store.setCertificateEntry("it", from.getCertificate(from.aliases().nextElement()));
        TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(store);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, trust.getTrustManagers(), null);
        try (SSLSocket socket = (SSLSocket) context.getSocketFactory().createSocket("127.0.0.1", endpoint.port())) {
            var parameters = socket.getSSLParameters();
            parameters.setEndpointIdentificationAlgorithm("HTTPS");
            parameters.setProtocols(new String[] {protocol});
            socket.setSSLParameters(parameters);
            socket.setSoTimeout((int) PATIENCE.toMillis());
            String request = "GET " + path + " HTTP/1.1\r\nHost: 127.0.0.1\r\n" + fields + "\r\n";
            socket.getOutputStream().write(request.getBytes(StandardCharsets.ISO_8859_1));
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private String plain(String request) throws IOException {
        try (Socket socket = connect(request.getBytes(StandardCharsets.ISO_8859_1))) {
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private Socket connect(byte[] sent) throws IOException {
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), endpoint.port());
        socket.setSoTimeout((int) PATIENCE.toMillis());
        socket.getOutputStream().write(sent);
        return socket;
    }

    @ParameterizedTest
    @CsvSource({"ec, TLSv1.3", "ec, TLSv1.2", "rsa, TLSv1.3", "rsa, TLSv1.2", "ed25519, TLSv1.3"})
    void answersOverTls(String key, String protocol) throws Exception {
        TestCertificate certificate = key.equals("ec") ? ec : key.equals("rsa") ? rsa : ed25519;
        start("127.0.0.1:0", certificate, null);
        assertThat(get(certificate, "/readyz", protocol, "")).startsWith("HTTP/1.1 200 OK\r\n");
        assertThat(get(certificate, "/still", protocol, ""))
                .hasSizeGreaterThan(140_000)
                .endsWith("<p>page");
        assertThatThrownBy(() -> get(key.equals("ec") ? rsa : ec, "/readyz", protocol, ""))
                .isInstanceOf(IOException.class); // the client does not trust it
    }

    @Test
    void anAddressThatOthersReachMayHaveTlsAloneAndATokenIsStillAsked() throws Exception {
        start("0.0.0.0:0", ec, null);
        assertThat(get(ec, "/readyz", "TLSv1.3", "")).startsWith("HTTP/1.1 200 OK\r\n");
        HttpToken token = HttpToken.read(Files.writeString(folder.resolve("token"), TOKEN));
        assertThat(endpoint.renew(access(ec, token))).isEqualTo(Set.of("http.token-file"));
        assertThat(get(ec, "/readyz", "TLSv1.3", "")).startsWith("HTTP/1.1 401 Unauthorized\r\n");
        assertThat(get(ec, "/readyz", "TLSv1.3", "Authorization: Bearer " + TOKEN + "\r\n"))
                .startsWith("HTTP/1.1 200 OK\r\n");
    }

    @Test
    void aClientOfAnotherHostThatSpeaksNoTlsIsToldAndNothingElse() throws Exception {
        start("127.0.0.1:0", ec, null);
        assertThat(plain("GET /status HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"))
                .startsWith("HTTP/1.1 400 Bad Request\r\n")
                .endsWith(
                        "\r\n\r\nthis port speaks TLS with other hosts: ask for https://, as http.tls.certificate-file is"
                                + " set\n")
                .doesNotContain("{\"a\":1}");
        assertThat(plain("POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc")).startsWith("HTTP/1.1 400 ");
    }

    @Test
    void aClientOfThisHostMayDoWithout() throws Exception {
        endpoint.close();
        endpoint = HttpEndpoint.start("127.0.0.1:0", access(ec, null), content());
        assertThat(plain("GET /status HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"))
                .startsWith("HTTP/1.1 200 OK\r\n")
                .endsWith("{\"a\":1}\n");
        assertThat(get(ec, "/status", "TLSv1.3", "")).endsWith("{\"a\":1}\n");
    }

    @ParameterizedTest
    @CsvSource({"true, /readyz, 0", "true, /nope, 1", "false, /readyz, 1"})
    void theImagesHealthcheckGivesTheTokenAndNeedsNoTls(boolean token, String path, int code) throws Exception {
        health.report("receive", true, "joined");
        Path file = Files.writeString(folder.resolve("token"), TOKEN + "\n");
        endpoint.close();
        endpoint = HttpEndpoint.start("0.0.0.0:0", access(ec, HttpToken.read(file)), content());
        ProcessBuilder check = new ProcessBuilder("deploy/docker-healthcheck", path).inheritIO();
        check.environment().put("CTSTREAM_HTTP_LISTEN", "0.0.0.0:" + endpoint.port());
        if (token) {
            check.environment().put("CTSTREAM_HTTP_TOKEN_FILE", file.toString());
        }
        assertThat(check.start().waitFor()).isEqualTo(code);
    }

    @Test
    void theNextConnectionHasTheCertificateThatWasRenewed() throws Exception {
        start("0.0.0.0:0", ec, null);
        assertThat(endpoint.renew(access(ec, null))).isEmpty();
        assertThat(endpoint.renew(access(rsa, null))).isEqualTo(Set.of("http.tls.certificate-file"));
        assertThat(get(rsa, "/readyz", "TLSv1.3", "")).startsWith("HTTP/1.1 200 OK\r\n");
        assertThatThrownBy(() -> get(ec, "/readyz", "TLSv1.3", "")).isInstanceOf(IOException.class);
        assertThat(endpoint.renew(access(null, null)))
                .as("others can reach the address")
                .isEmpty();
        assertThat(get(rsa, "/readyz", "TLSv1.3", "")).startsWith("HTTP/1.1 200 OK\r\n");
    }

    @ParameterizedTest
    @CsvSource({"1", "200"})
    void sixtyClientsThatHangInTheHandshakeDoNotSlowIt(int sentBytes) throws Exception {
        start("127.0.0.1:0", ec, null);
        get(ec, "/livez", "TLSv1.3", ""); // loads the classes
        byte[] hello = new byte[512];
        Arrays.fill(hello, (byte) 1);
        byte[] head = {22, 3, 1, 2, 0, 1, 0, 1, (byte) 0xfc, 3, 3}; // a record of 512 bytes with a ClientHello
        System.arraycopy(head, 0, hello, 0, head.length);
        for (int i = 0; i < 60; i++) {
            hostile.add(connect(Arrays.copyOf(hello, sentBytes)));
        }
        List<Long> millis = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            long begin = System.nanoTime();
            assertThat(get(ec, "/livez", "TLSv1.3", "")).startsWith("HTTP/1.1 200 OK\r\n");
            millis.add(Duration.ofNanos(System.nanoTime() - begin).toMillis());
        }
        millis.sort(null);
        assertThat(millis.get(10)).as("median of %s", millis).isLessThan(200);
        assertThat(endpoint.connections()).isLessThanOrEqualTo(HttpConnections.MOST);
        if (sentBytes > 1) {
            await().atMost(PATIENCE).until(() -> endpoint.connections() == 0); // none lasts longer than its time
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "certificate | -                      | certificate-file | ENOENT (2) No such file or directory; let the collector's user",
                "certificate | folder                 | certificate-file | Is a directory; let the collector's user read it",
                "certificate | 0\u0082                | certificate-file | holds no PEM certificate (-----BEGIN CERTIFICATE-----); openssl",
                "certificate | strangers              | certificate-file | certificate 2 is not the issuer of certificate 1; give the",
                "certificate | CERTIFICATE            | certificate-file | certificate 1 cannot be read: ",
                "key         | -                      | key-file         | ENOENT (2) No such file or directory; let the collector's user",
                "key         | nothing                | key-file         | holds no PEM key (-----BEGIN PRIVATE KEY-----); give the",
                "key         | ENCRYPTED PRIVATE KEY  | key-file         | the key is encrypted; openssl pkcs8 -topk8 -nocrypt",
                "key         | RSA PRIVATE KEY        | key-file         | the key has the form RSA PRIVATE KEY, not PKCS#8; openssl pkcs8",
                "key         | PRIVATE KEY            | key-file         | the key cannot be read: ",
                "key         | of rsa                 | key-file         | the key does not fit the first certificate of",
                "key         | of another             | key-file         | the key does not fit the first certificate of",
            })
    void whatCannotBeUsedIsNamedWithTheRemedy(String which, String content, String key, String sentence)
            throws Exception {
        Path file = folder.resolve("given.pem");
        Files.deleteIfExists(file);
        switch (content) {
            case "-" -> {}
            case "folder" -> file = folder;
            case "strangers" ->
                Files.writeString(file, Files.readString(ec.pem()) + "\nroot\n" + Files.readString(rsa.pem()));
            case "of rsa" -> file = files(rsa).key();
            case "of another" ->
                file = TestCertificate.make(Files.createDirectory(folder.resolve("x")), "another", "dns:a")
                        .keyPem();
            default ->
                Files.writeString(
                        file,
                        content.contains("E ") || content.contains("Y") || content.equals("CERTIFICATE")
                                ? "-----BEGIN " + content + "-----\nAAAA\n-----END " + content + "-----\n"
                                : content);
        }
        HttpTls.Location good = files(ec);
        HttpTls.Location given = which.equals("key")
                ? new HttpTls.Location(good.certificate(), file)
                : new HttpTls.Location(file, good.key());
        String begin = "http.tls." + key + " (" + file + "): ";
        assertThatThrownBy(() -> HttpTls.read(given))
                .isInstanceOf(IOException.class)
                .hasMessageStartingWith(begin)
                .hasMessageContaining(sentence);
        Check check = HttpTls.check(given, Instant.now());
        assertThat(check.failed()).isTrue();
        assertThat(check.sentence()).startsWith(begin).contains(sentence.split(";", -1)[0]);
        assertThat(check.remedy()).isNotEmpty();
    }

    @Test
    void anExpiredCertificateIsServedAndTheCheckWarns() throws Exception {
        Path chain = expired.pem();
        HttpTls.Location files = new HttpTls.Location(chain, files(expired).key());
        start("127.0.0.1:0", expired, null);
        assertThat(HttpTls.check(files, Instant.now()).sentence())
                .startsWith("http.tls.certificate-file (" + chain + "): has expired at 2")
                .contains("clients refuse it")
                .endsWith("renew it, and send SIGHUP (systemctl reload ctstream)");
        Instant now = Instant.now();
        HttpTls.Location good = files(ec);
        assertThat(HttpTls.check(good, now).sentence())
                .startsWith("http.tls.certificate-file (" + good.certificate() + "): fits its key, valid until 2");
        Instant end = now.plus(Duration.ofDays(3650));
        assertThat(HttpTls.check(good, end.minus(Duration.ofDays(6))).found()).startsWith("expires at ");
        assertThat(HttpTls.check(good, end.minus(Duration.ofDays(8))).isOk()).isTrue();
        assertThat(HttpTls.check(good, now.minus(Duration.ofDays(1))).found()).startsWith("is valid only from ");
        Path open = Files.copy(good.key(), folder.resolve("open.pem"));
        Files.setPosixFilePermissions(open, PosixFilePermissions.fromString("rw-r--r--"));
        assertThat(HttpTls.check(new HttpTls.Location(good.certificate(), open), now)
                        .sentence())
                .isEqualTo(
                        "http.tls.key-file (" + open + "): everybody on this host may use it, wanted the certificate's"
                                + " key, readable for the collector alone; chmod o= " + open);
    }

    @Test
    void theKeyMayBeInTheFileOfTheCertificateAmongOtherText() throws Exception {
        Path both = Files.writeString(
                folder.resolve("both.pem"),
                "Bag Attributes\n    friendlyName: ec\n"
                        + Files.readString(files(ec).key()) + "\n  subject=CN = ec\n" + Files.readString(ec.pem()));
        HttpTls unused = HttpTls.read(new HttpTls.Location(both, both));
    }
}
