package dev.ctstream.record;

import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/**
 * How to reach a schema registry, under Confluent's names:
 *
 * <pre>
 *  schema.registry.url                     one or more, separated by commas: http://HOST:PORT/PATH
 *  schema.registry.basic.auth.user.info    USER:PASSWORD; may be in the URL instead
 *  schema.registry.bearer.auth.token       token
 *  schema.registry.ssl.truststore.location PKCS12, JKS, or certificates as PEM; without it the JVM's
 *  schema.registry.ssl.truststore.password
 *  schema.registry.ssl.keystore.location   PKCS12 or JKS: the client's own certificate
 *  schema.registry.ssl.keystore.password
 *  schema.registry.ssl.key.password        that of the keystore, unless given
 * </pre>
 *
 * <p>Immutable; any thread. {@link #toString} shows no secret.
 */
public final class RegistrySettings {
    /** Prefix of all names. */
    public static final String PREFIX = "schema.registry.";

    /** Addresses, separated by commas. */
    public static final String URL = PREFIX + "url";

    /** User and password, separated by a colon. */
    public static final String USER_INFO = PREFIX + "basic.auth.user.info";

    /** Token of the Authorization header. */
    public static final String TOKEN = PREFIX + "bearer.auth.token";

    /** Prefix of the names about TLS. */
    public static final String SSL = PREFIX + "ssl.";

    private final List<URI> urls;
    private final @Nullable String authorization;
    private final Map<String, String> tls;

    private RegistrySettings(List<URI> urls, @Nullable String authorization, Map<String, String> tls) {
        this.urls = List.copyOf(urls);
        this.authorization = authorization;
        this.tls = Map.copyOf(tls);
    }

    /**
     * Reads settings; others than the names above are ignored.
     *
     * @param settings text or lists of text, by name
     * @throws IllegalArgumentException when an address is wrong or there is none, or when two credentials are given
     */
    public static RegistrySettings of(Map<String, ?> settings) {
        List<URI> urls = new ArrayList<>();
        String userInfo = text(settings, USER_INFO);
        for (String url : text(settings, URL).split(",", -1)) {
            URI uri = uri(url.strip());
            String inUrl = uri.getUserInfo();
            if (inUrl != null) {
                if (!userInfo.isEmpty() && !userInfo.equals(inUrl)) {
                    throw new IllegalArgumentException("two users are given: leave out " + USER_INFO
                            + " or the user in " + URL + ", and use one user for all addresses");
                }
                userInfo = inUrl;
            }
            urls.add(withoutUser(uri));
        }
        String token = text(settings, TOKEN);
        if (!token.isEmpty() && !userInfo.isEmpty()) {
            throw new IllegalArgumentException("a user and a token are given: leave out " + TOKEN + ", or " + USER_INFO
                    + " and the user in " + URL);
        }
        if (!userInfo.isEmpty() && userInfo.indexOf(':') < 0) {
            throw new IllegalArgumentException(
                    USER_INFO + " is not of the form USER:PASSWORD: write both, with a colon between them");
        }
        Map<String, String> tls = new TreeMap<>();
        for (String name : RegistryTls.NAMES) {
            String value = text(settings, SSL + name);
            if (!value.isEmpty()) {
                tls.put(name, value);
            }
        }
        return new RegistrySettings(urls, authorization(userInfo, token), tls);
    }

    private static @Nullable String authorization(String userInfo, String token) {
        if (!token.isEmpty()) {
            return "Bearer " + token;
        }
        return userInfo.isEmpty()
                ? null
                : "Basic " + Base64.getEncoder().encodeToString(userInfo.getBytes(StandardCharsets.UTF_8));
    }

    /** What is wrong with an address; empty = nothing. */
    public static String problem(String url) {
        try {
            uri(url);
            return "";
        } catch (IllegalArgumentException e) {
            return String.valueOf(e.getMessage());
        }
    }

    private static URI uri(String url) {
        try {
            URI uri = new URI(url.endsWith("/") ? url.substring(0, url.length() - 1) : url);
            boolean http = "http".equals(uri.getScheme()) || "https".equals(uri.getScheme());
            if (http && uri.getHost() != null && uri.getQuery() == null && uri.getFragment() == null) {
                return uri;
            }
        } catch (URISyntaxException e) {
            // said below, without the text, which may hold a password
        }
        throw new IllegalArgumentException("an address is not of the form http://HOST:PORT or https://HOST:PORT/PATH");
    }

    private static URI withoutUser(URI uri) {
        try {
            return new URI(uri.getScheme(), null, uri.getHost(), uri.getPort(), uri.getPath(), null, null);
        } catch (URISyntaxException e) {
            throw new IllegalArgumentException(
                    "an address is not valid without its user: take the user out of " + URL + ", and give it in "
                            + USER_INFO,
                    e);
        }
    }

    private static String text(Map<String, ?> settings, String name) {
        Object value = settings.get(name);
        if (value instanceof List<?> items) {
            return String.join(",", items.stream().map(String::valueOf).toList());
        }
        return value == null ? "" : value.toString().strip();
    }

    /** Whether an address is among the settings. */
    public static boolean isIn(Map<String, ?> settings) {
        return !text(settings, URL).isEmpty();
    }

    /** The addresses, without user and password. */
    public List<URI> urls() {
        return urls;
    }

    /** Value of the header Authorization; null = none. */
    @Nullable
    String authorization() {
        return authorization;
    }

    /** What TLS uses; null = the JVM's own. */
    @Nullable
    SSLContext tls() throws IOException, GeneralSecurityException {
        return tls.isEmpty() ? null : RegistryTls.context(tls);
    }

    /** The addresses, as {@code schema.registry.url} has them. */
    @Override
    public String toString() {
        return String.join(",", urls.stream().map(URI::toString).toList());
    }
}
