package dev.ctstream.metrics;

import dev.ctstream.netlink.ErrorText;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * The token of {@code http.token-file}: whoever asks must give it, as {@code Authorization: Bearer TOKEN}, or, for browsers,
 * as the password of HTTP's basic login with any user.
 *
 * <p>Source: RFC 6750, RFC 7617.
 */
public final class HttpToken {
    static final String KEY = "http.token-file";
    /** What an answer asks for. */
    static final List<String> CHALLENGES =
            List.of("WWW-Authenticate: Bearer realm=\"ctstream\"", "WWW-Authenticate: Basic realm=\"ctstream\"");

    private static final int LEAST = 16;
    private static final int MOST = 1024;
    private static final String WANTED = "one line of " + LEAST + " to " + MOST + " printable ASCII characters";
    private static final String REMEDY =
            "make one: head -c 24 /dev/urandom | base64 > FILE, readable for the collector";

    private final byte[] token;

    private HttpToken(byte[] token) {
        this.token = token;
    }

    /**
     * Reads the token.
     *
     * @throws IOException when there is none; the text names the key, the file and the remedy
     */
    public static HttpToken read(Path file) throws IOException {
        try {
            return of(file);
        } catch (IOException e) {
            throw new IOException(KEY + " (" + file + "): " + ErrorText.reason(e) + "; " + REMEDY, e);
        }
    }

    /** The token, for a client on this host. */
    public String text() {
        return new String(token, StandardCharsets.US_ASCII);
    }

    private static HttpToken of(Path file) throws IOException {
        byte[] bytes;
        try (InputStream in = Files.newInputStream(file)) {
            bytes = in.readNBytes(MOST + 2);
        }
        String text = new String(bytes, StandardCharsets.ISO_8859_1).strip();
        if (text.length() < LEAST || text.length() > MOST || !text.matches("[!-~]*")) {
            throw new IOException("does not hold " + WANTED);
        }
        return new HttpToken(text.getBytes(StandardCharsets.US_ASCII));
    }

    /** Checks that the file holds a token. */
    public static Check check(Path file) {
        try {
            of(file);
            return Check.ok(KEY, file.toString(), "a token", WANTED);
        } catch (IOException e) {
            return Check.fail(KEY, file.toString(), ErrorText.reason(e), WANTED, REMEDY);
        }
    }

    boolean isSame(HttpToken other) {
        return MessageDigest.isEqual(token, other.token);
    }

    /** Whether the value of an {@code Authorization} field has the token; takes the same time whatever it has. */
    boolean isIn(@Nullable String authorization) {
        if (authorization == null) {
            return false;
        }
        int space = authorization.indexOf(' ');
        String scheme = authorization.substring(0, Math.max(0, space)).toLowerCase(Locale.ROOT);
        String given = authorization.substring(space + 1).strip();
        if (scheme.equals("basic")) {
            String login = decoded(given);
            given = login.substring(login.indexOf(':') + 1);
        } else if (!scheme.equals("bearer")) {
            return false;
        }
        return MessageDigest.isEqual(token, given.getBytes(StandardCharsets.ISO_8859_1));
    }

    private static String decoded(String login) {
        try {
            return new String(Base64.getDecoder().decode(login), StandardCharsets.ISO_8859_1);
        } catch (IllegalArgumentException e) {
            return "";
        }
    }
}
