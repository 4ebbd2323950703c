package dev.ctstream.publish;

import static org.awaitility.Awaitility.await;

import dev.ctstream.netlink.TestJvm;
import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;

/** Apicurio Registry in a JVM of its own, in memory, on 127.0.0.1. The profile {@code downstream} brings its files. */
final class Apicurio implements AutoCloseable {
    private static final int OK = 200;

    private final Process process;
    private final int port;

    private Apicurio(Process process, int port) {
        this.process = process;
        this.port = port;
    }

    /** Starts one and waits until it answers. */
    static Apicurio start() throws IOException {
        Path files = Path.of(Objects.requireNonNull(System.getProperty("ctstream.test.apicurio"), "-Pdownstream"));
        int port = freePort();
        Process process = new ProcessBuilder(TestJvm.command(
                        "-Xmx400m",
                        "-Dquarkus.http.host=127.0.0.1",
                        "-Dquarkus.http.port=" + port,
                        "-Dquarkus.management.host=127.0.0.1",
                        "-Dquarkus.management.port=" + freePort(),
                        "-jar",
                        files.resolve("apicurio-registry-app-3.0.9-runner.jar").toString()))
                .directory(files.toFile())
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        Apicurio started = new Apicurio(process, port);
        await().atMost(Duration.ofMinutes(2)).until(() -> started.answers() || !process.isAlive());
        if (!process.isAlive()) {
            throw new IOException("Apicurio has ended with " + process.exitValue());
        }
        return started;
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    private boolean answers() {
        try {
            HttpURLConnection connection =
                    (HttpURLConnection) URI.create(url() + "/subjects").toURL().openConnection();
            return connection.getResponseCode() == OK;
        } catch (IOException e) {
            return false;
        }
    }

    /** The address of Confluent's API. */
    String url() {
        return "http://127.0.0.1:" + port + "/apis/ccompat/v7";
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
