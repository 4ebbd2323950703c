package dev.ctstream.record;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.ctstream.record.RegistryException.Kind;
import java.io.IOException;
import java.io.StringWriter;
import java.net.ConnectException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import javax.net.ssl.SSLException;
import org.apache.avro.AvroRuntimeException;
import org.apache.avro.Schema;
import org.jspecify.annotations.Nullable;

/**
 * Client of a schema registry that has Confluent's HTTP API: Confluent's own, Apicurio ({@code /apis/ccompat/v7}), Karapace,
 * Redpanda.
 *
 * <p>A call asks the addresses in turn, twice, and takes {@value #CALL_MILLIS} ms at most; then it fails with {@link
 * Kind#UNAVAILABLE}. Answers larger than 1 MiB are refused. Nothing is kept between calls.
 *
 * <p>Threads: any; a call waits on the calling thread, and an interrupt ends the wait.
 */
public final class SchemaRegistry {
    /** Longest time of one call, ms. */
    static final int CALL_MILLIS = 4_000;

    private static final int ROUNDS = 2;
    private static final long PAUSE_MILLIS = 200;
    private static final Duration CONNECT = Duration.ofSeconds(2);
    private static final int MOST_BYTES = 1 << 20;
    private static final String CONTENT_TYPE = "application/vnd.schemaregistry.v1+json";
    private static final JsonFactory JSON = new JsonFactory();

    private static final int OK = 200;
    private static final int UNAUTHORIZED = 401;
    private static final int FORBIDDEN = 403;
    private static final int NOT_FOUND = 404;
    private static final int CONFLICT = 409;
    private static final int INVALID = 422;

    private final RegistrySettings settings;
    private @Nullable HttpClient client;

    /** A client; it connects with the first call. */
    public SchemaRegistry(RegistrySettings settings) {
        this.settings = settings;
    }

    /**
     * A schema of a subject.
     *
     * @param version in the subject, from 1
     * @param id in the registry; {@link Framing#CONFLUENT} carries it
     */
    public record Version(int version, int id, Schema schema) {}

    /** The id of exactly this schema in the subject; empty when the subject does not have it. */
    public OptionalInt lookUp(String subject, Schema schema) throws RegistryException, InterruptedException {
        Answer answer = post("/subjects/" + encoded(subject), body("schema", schema.toString()));
        return answer.status == NOT_FOUND ? OptionalInt.empty() : OptionalInt.of(answer.number("id"));
    }

    /** The newest schema of a subject; empty when there is no such subject. */
    public Optional<Version> latest(String subject) throws RegistryException, InterruptedException {
        Answer answer = get("/subjects/" + encoded(subject) + "/versions/latest");
        return answer.status == NOT_FOUND
                ? Optional.empty()
                : Optional.of(new Version(answer.number("version"), answer.number("id"), answer.schema()));
    }

    /**
     * Adds the schema to the subject, unless it is there.
     *
     * @return its id
     * @throws RegistryException of kind {@link Kind#REFUSED} when the subject's compatibility does not allow it
     */
    public int register(String subject, Schema schema) throws RegistryException, InterruptedException {
        return post("/subjects/" + encoded(subject) + "/versions", body("schema", schema.toString()))
                .present("subject " + subject)
                .number("id");
    }

    /** Whether the subject's compatibility allows this schema as its next one; true when there is no such subject. */
    public boolean isCompatible(String subject, Schema schema) throws RegistryException, InterruptedException {
        Answer answer = post(
                "/compatibility/subjects/" + encoded(subject) + "/versions/latest", body("schema", schema.toString()));
        return answer.status == NOT_FOUND || "true".equals(answer.fields.get("is_compatible"));
    }

    /** Sets the compatibility that the registry demands of the subject's next schemas, for instance FULL_TRANSITIVE. */
    public void setCompatibility(String subject, String level) throws RegistryException, InterruptedException {
        Answer unused = call("PUT", "/config/" + encoded(subject), body("compatibility", level))
                .present("subject " + subject);
    }

    /** The schema with this id. */
    public Schema schema(int id) throws RegistryException, InterruptedException {
        return get("/schemas/ids/" + Integer.toUnsignedString(id))
                .present("schema id " + Integer.toUnsignedString(id))
                .schema();
    }

    /** The addresses, without user and password. */
    @Override
    public String toString() {
        return settings.toString();
    }

    private Answer get(String path) throws RegistryException, InterruptedException {
        return call("GET", path, null);
    }

    private Answer post(String path, String body) throws RegistryException, InterruptedException {
        return call("POST", path, body);
    }

    /** An answer of the registry: one flat JSON object; members that are objects or lists are left out. */
    private final class Answer {
        private final int status;
        private final Map<String, String> fields;

        Answer(int status, Map<String, String> fields) {
            this.status = status;
            this.fields = fields;
        }

        Answer present(String what) throws RegistryException {
            if (status == NOT_FOUND) {
                throw new RegistryException(Kind.UNKNOWN, at("has no " + what + said(fields)));
            }
            return this;
        }

        int number(String name) throws RegistryException {
            try {
                return Integer.parseInt(fields.getOrDefault(name, ""));
            } catch (NumberFormatException e) {
                throw strange("its answer has no number \"" + name + "\"");
            }
        }

        Schema schema() throws RegistryException {
            if (!fields.getOrDefault("schemaType", "AVRO").equals("AVRO")) {
                throw new RegistryException(
                        Kind.REFUSED, at("has a schema of type " + fields.get("schemaType") + " there, not Avro"));
            }
            try {
                return new Schema.Parser().parse(fields.getOrDefault("schema", ""));
            } catch (AvroRuntimeException e) {
                throw new RegistryException(Kind.REFUSED, at("has something there that is no Avro schema"), e);
            }
        }
    }

    private Answer call(String method, String path, @Nullable String body)
            throws RegistryException, InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(CALL_MILLIS);
        RegistryException failure = null;
        for (int round = 0; round < ROUNDS; round++) {
            for (URI url : settings.urls()) {
                long leftNanos = deadline - System.nanoTime();
                if (leftNanos <= 0) {
                    break;
                }
                try {
                    return once(method, URI.create(url + path), body, leftNanos);
                } catch (RegistryException e) {
                    if (e.kind() != Kind.UNAVAILABLE) {
                        throw e;
                    }
                    failure = e;
                }
            }
            if (round + 1 < ROUNDS && deadline - System.nanoTime() > TimeUnit.MILLISECONDS.toNanos(PAUSE_MILLIS)) {
                TimeUnit.MILLISECONDS.sleep(PAUSE_MILLIS);
            }
        }
        throw failure == null ? strange("it has not answered in time") : failure;
    }

    private Answer once(String method, URI uri, @Nullable String body, long leftNanos)
            throws RegistryException, InterruptedException {
        HttpRequest.Builder request = HttpRequest.newBuilder(uri)
                .method(
                        method,
                        body == null
                                ? HttpRequest.BodyPublishers.noBody()
                                : HttpRequest.BodyPublishers.ofString(body, StandardCharsets.UTF_8))
                .header("Accept", CONTENT_TYPE + ", application/json");
        if (body != null) {
            request.header("Content-Type", CONTENT_TYPE);
        }
        String authorization = settings.authorization();
        if (authorization != null) {
            authorize(request, authorization);
        }
        CompletableFuture<HttpResponse<byte[]>> future =
                client().sendAsync(request.build(), response -> new LimitedBody(MOST_BYTES));
        try {
            HttpResponse<byte[]> response = future.get(leftNanos, TimeUnit.NANOSECONDS);
            return answer(response.statusCode(), fields(response.body()));
        } catch (ExecutionException e) {
            throw failure(e.getCause() == null ? e : e.getCause());
        } catch (TimeoutException e) {
            throw new RegistryException(Kind.UNAVAILABLE, at("has not answered in time"), e);
        } finally {
            future.cancel(true);
        }
    }

    private void authorize(HttpRequest.Builder request, String authorization) throws RegistryException {
        try {
            request.header("Authorization", authorization);
        } catch (IllegalArgumentException e) { // its text shows the secret
            throw new RegistryException(
                    Kind.CREDENTIALS,
                    at("cannot be asked: the user, the password or the token has a character that HTTP does not allow;"
                            + " check for line ends and invisible characters"));
        }
    }

    private synchronized HttpClient client() throws RegistryException {
        if (client == null) {
            HttpClient.Builder builder = HttpClient.newBuilder()
                    .version(HttpClient.Version.HTTP_1_1)
                    .followRedirects(HttpClient.Redirect.NEVER) // credentials go to nobody else
                    .connectTimeout(CONNECT);
            try {
                var tls = settings.tls();
                client = (tls == null ? builder : builder.sslContext(tls)).build();
            } catch (IOException | GeneralSecurityException | IllegalArgumentException e) {
                String file = e instanceof FileSystemException known ? known.getFile() + ": " : "";
                throw new RegistryException(
                        Kind.CREDENTIALS,
                        at("cannot be asked: a store of " + RegistrySettings.SSL + "* cannot be used: " + file
                                + words(e) + "; check its path, its owner and its password"),
                        e);
            }
        }
        return client;
    }

    private Answer answer(int status, Map<String, String> fields) throws RegistryException {
        if (status == OK || (status == NOT_FOUND && fields.containsKey("error_code"))) {
            return new Answer(status, fields);
        }
        String said = said(fields);
        throw switch (status) {
            case UNAUTHORIZED ->
                new RegistryException(
                        Kind.CREDENTIALS,
                        at("does not accept the credentials (HTTP 401)" + said + "; check " + RegistrySettings.USER_INFO
                                + " or " + RegistrySettings.TOKEN));
            case FORBIDDEN ->
                new RegistryException(
                        Kind.CREDENTIALS,
                        at("does not permit this (HTTP 403)" + said
                                + "; grant the user to read and to write the subjects"));
            case CONFLICT, INVALID ->
                new RegistryException(Kind.REFUSED, at("refuses the schema (HTTP " + status + ")" + said));
            case NOT_FOUND ->
                new RegistryException(
                        Kind.UNAVAILABLE,
                        at("has no schema registry's API there (HTTP 404); check the path in " + RegistrySettings.URL
                                + ", for instance /apis/ccompat/v7 of Apicurio"));
            default -> new RegistryException(Kind.UNAVAILABLE, at("answers with HTTP " + status + said));
        };
    }

    private RegistryException failure(Throwable cause) {
        if (cause instanceof SSLException) {
            return new RegistryException(
                    Kind.CREDENTIALS,
                    at("cannot be used with TLS: " + words(cause) + "; check " + RegistrySettings.SSL + "*"),
                    cause);
        }
        String words = cause instanceof HttpTimeoutException
                ? "has not answered in time"
                : cause instanceof ConnectException && cause.getMessage() == null
                        ? "cannot be reached: nothing listens there, or its name cannot be resolved"
                        : "cannot be reached: " + words(cause);
        return new RegistryException(Kind.UNAVAILABLE, at(words), cause);
    }

    private RegistryException strange(String what) {
        return new RegistryException(Kind.UNAVAILABLE, at("cannot be used: " + what));
    }

    private String at(String what) {
        return "schema registry " + settings + " " + what;
    }

    private static String words(Throwable failure) {
        Throwable inner = failure;
        for (int i = 0; i < 8 && inner.getCause() != null; i++) {
            inner = inner.getCause();
        }
        String text = inner.getMessage();
        return text == null
                ? inner.getClass().getSimpleName()
                : PrintableText.of(text.lines().findFirst().orElse(""));
    }

    private static String said(Map<String, String> fields) {
        String message = fields.getOrDefault("message", "");
        return message.isEmpty()
                ? ""
                : ": " + PrintableText.of(message.length() > 200 ? message.substring(0, 200) + "..." : message);
    }

    private static String body(String name, String value) {
        StringWriter text = new StringWriter();
        try (JsonGenerator json = JSON.createGenerator(text)) {
            json.writeStartObject();
            json.writeStringField(name, value);
            json.writeEndObject();
        } catch (IOException e) {
            throw new IllegalStateException(e); // in memory
        }
        return text.toString();
    }

    /** The members of the outer object that are text, numbers or flags; empty when it is no JSON object. */
    private static Map<String, String> fields(byte[] body) {
        Map<String, String> fields = new HashMap<>();
        try (JsonParser json = JSON.createParser(body)) {
            if (json.nextToken() != JsonToken.START_OBJECT) {
                return fields;
            }
            while (json.nextToken() == JsonToken.FIELD_NAME) {
                String name = json.currentName();
                JsonToken value = json.nextToken();
                if (value.isScalarValue()) {
                    fields.put(name, json.getText());
                } else {
                    json.skipChildren();
                }
            }
        } catch (IOException e) {
            return Map.of(); // a page of a proxy, for instance; the status says enough
        }
        return fields;
    }

    private static String encoded(String subject) {
        return URLEncoder.encode(subject, StandardCharsets.UTF_8).replace("+", "%20");
    }
}
