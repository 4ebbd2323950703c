package dev.ctstream.cli;

import dev.ctstream.metrics.HttpToken;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.file.Path;
import java.util.Optional;

/** What a collector on this host answers at {@code http.listen}. */
public final class RunningCollector {
    private static final int TIMEOUT_MILLIS = 2_000;
    private static final int MOST_BYTES = 4 << 20;

    private RunningCollector() {}

    /**
     * The answer to a GET, whatever its status; at most 4 MiB of it.
     *
     * @param listen host:port
     * @param tokenFile {@code http.token-file}; empty = the collector asks for no token
     */
    public static byte[] get(String listen, Optional<Path> tokenFile, String path) throws IOException {
        HttpURLConnection connection = (HttpURLConnection)
                URI.create("http://" + listen + path).toURL().openConnection();
        if (tokenFile.isPresent()) {
            String token = HttpToken.read(tokenFile.get()).text();
            connection.setRequestProperty("Authorization", "Bearer " + token);
        }
        connection.setConnectTimeout(TIMEOUT_MILLIS);
        connection.setReadTimeout(TIMEOUT_MILLIS);
        try (InputStream in = body(connection)) {
            return in.readNBytes(MOST_BYTES);
        } finally {
            connection.disconnect();
        }
    }

    private static InputStream body(HttpURLConnection connection) throws IOException {
        if (connection.getResponseCode() < HttpURLConnection.HTTP_BAD_REQUEST) {
            return connection.getInputStream();
        }
        InputStream error = connection.getErrorStream();
        return error == null ? new ByteArrayInputStream(new byte[0]) : error;
    }
}
