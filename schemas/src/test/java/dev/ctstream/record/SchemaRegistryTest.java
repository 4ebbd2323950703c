package dev.ctstream.record;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ctstream.record.RegistryException.Kind;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import org.apache.avro.Schema;
import org.apache.avro.SchemaBuilder;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SchemaRegistryTest {
    private static final String SUBJECT = "conntrack.events-value";
    private static final Schema ORDER = SchemaBuilder.record("Order")
            .namespace("com.acme")
            .fields()
            .requiredInt("n")
            .endRecord();

    private RegistryStandIn server;
    private SchemaRegistry registry;

    @BeforeEach
    void start() throws IOException {
        server = new RegistryStandIn();
        registry = server.client();
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private static SchemaRegistry client(Map<String, String> settings) {
        return new SchemaRegistry(RegistrySettings.of(settings));
    }

    private static Kind kind(ThrowingCallable call) {
        try {
            call.call();
        } catch (RegistryException e) {
            return e.kind();
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
        throw new AssertionError("no failure");
    }

    @Test
    void registersAndFindsSchemas() throws Exception {
        assertThat(registry.lookUp(SUBJECT, Schemas.BATCH)).isEmpty();
        assertThat(registry.latest(SUBJECT)).isEmpty();
        int id = registry.register(SUBJECT, Schemas.BATCH);
        assertThat(registry.lookUp(SUBJECT, Schemas.BATCH)).hasValue(id);
        assertThat(registry.lookUp(SUBJECT, Schemas.FLAT)).isEmpty();
        assertThat(registry.latest(SUBJECT)).get().isEqualTo(new SchemaRegistry.Version(1, id, Schemas.BATCH));
        assertThat(registry.schema(id)).isEqualTo(Schemas.BATCH);
        assertThat(registry.isCompatible(SUBJECT, Schemas.BATCH)).isTrue();
        registry.setCompatibility(SUBJECT, "FULL_TRANSITIVE");
        assertThat(server.compatibility(SUBJECT)).isEqualTo("FULL_TRANSITIVE");
        assertThat(kind(() -> registry.schema(99))).isEqualTo(Kind.UNKNOWN);
    }

    @Test
    void triesAgainAndAtTheOtherAddresses() throws Exception {
        server.failures.addAll(List.of(503));
        assertThat(registry.register(SUBJECT, Schemas.BATCH)).isEqualTo(1);
        String nowhere = RegistryStandIn.nowhere();
        SchemaRegistry both = client(Map.of("schema.registry.url", nowhere + ", " + server.url() + "/"));
        assertThat(both.schema(1)).isEqualTo(Schemas.BATCH);
        SchemaRegistry none = client(Map.of("schema.registry.url", nowhere));
        assertThat(kind(() -> none.schema(1))).isEqualTo(Kind.UNAVAILABLE);
        assertThatThrownBy(() -> none.schema(1)).hasMessageContaining("schema registry " + nowhere);
        server.failures.addAll(List.of(503, 429));
        assertThatThrownBy(() -> registry.schema(1)).hasMessageContaining("HTTP 429");
    }

    @Test
    void sendsUserOrToken() throws Exception {
        server.authorization =
                "Basic " + Base64.getEncoder().encodeToString("me:hu:sh".getBytes(StandardCharsets.UTF_8));
        String at = server.url();
        String inUrl = at.replace("http://", "http://me:hu:sh@");
        registry = client(Map.of("schema.registry.url", inUrl));
        assertThat(registry.register(SUBJECT, Schemas.BATCH)).isEqualTo(1);
        assertThat(registry.toString()).isEqualTo(at);
        registry = client(Map.of("schema.registry.url", at, "schema.registry.basic.auth.user.info", "me:hu:sh"));
        assertThat(registry.schema(1)).isEqualTo(Schemas.BATCH);
        server.authorization = "Bearer token";
        SchemaRegistry wrong = registry;
        assertThat(kind(() -> wrong.schema(1))).isEqualTo(Kind.CREDENTIALS);
        assertThatThrownBy(() -> wrong.schema(1))
                .hasMessageContaining("does not accept the credentials (HTTP 401): who are you")
                .hasMessageNotContaining("hu:sh");
        registry = client(Map.of("schema.registry.url", at, "schema.registry.bearer.auth.token", "token"));
        assertThat(registry.schema(1)).isEqualTo(Schemas.BATCH);
    }

    @Test
    void whatIsNoRegistryIsNamedSo() {
        server.failures.addAll(List.of(404, 404));
        assertThatThrownBy(() -> registry.lookUp(SUBJECT, Schemas.BATCH)).hasMessageContaining("check the path");
        int id = server.add(SUBJECT, ORDER.toString());
        server.padding = ",\"x\":\"" + "x".repeat(1 << 20) + "\"";
        assertThatThrownBy(() -> registry.schema(id)).hasMessageContaining("larger than");
        server.padding = ",\"schemaType\":\"JSON\"";
        assertThatThrownBy(() -> registry.schema(id))
                .hasMessageContaining("JSON")
                .hasMessageContaining("not Avro");
    }

    @Test
    void aStoreThatCannotBeReadIsNamed(@TempDir Path folder) throws Exception {
        Path missing = folder.resolve("missing.p12");
        SchemaRegistry tls = client(
                Map.of("schema.registry.url", server.url(), "schema.registry.ssl.truststore.location", missing + ""));
        assertThat(kind(() -> tls.schema(1))).isEqualTo(Kind.CREDENTIALS);
        assertThatThrownBy(() -> tls.schema(1)).hasMessageContaining(missing.toString());
        Path pem = Files.writeString(folder.resolve("ca.pem"), "-----BEGIN CERTIFICATE-----\nAAAA\n");
        SchemaRegistry wrong = client(
                Map.of("schema.registry.url", server.url(), "schema.registry.ssl.truststore.location", pem + ""));
        assertThat(kind(() -> wrong.schema(1))).isEqualTo(Kind.CREDENTIALS);
    }

    @Test
    void aSubjectIsMadeOnceWithItsCompatibility() throws Exception {
        SubjectSchemas schemas = new SubjectSchemas(registry, true);
        assertThat(schemas.find("t", Schemas.FLAT)).isEmpty();
        int id = schemas.id("t", Schemas.FLAT);
        assertThat(server.compatibility("t-value")).isEqualTo("FULL_TRANSITIVE");
        server.requests.clear();
        assertThat(schemas.id("t", Schemas.FLAT)).isEqualTo(id);
        assertThat(server.requests).containsExactly("POST /subjects/t-value");
    }

    @Test
    void aSubjectWithAnotherRecordIsRefused() {
        server.add("t-value", ORDER.toString());
        SubjectSchemas schemas = new SubjectSchemas(registry, true);
        assertThatThrownBy(() -> schemas.id("t", Schemas.FLAT))
                .hasMessageContaining("subject t-value of schema registry " + server.url()
                        + " holds another record, com.acme.Order (version 1, id 1), not"
                        + " dev.ctstream.record.ConntrackFlatEvent; give ctstream a topic of its own");
        assertThat(kind(() -> schemas.find("t", Schemas.FLAT))).isEqualTo(Kind.REFUSED);
    }

    @Test
    void aSubjectWithASchemaThatDoesNotFitIsRefusedWhateverTheRegistryAllows() {
        String old = Schemas.BATCH
                .toString()
                .replace("\"name\":\"ct_id\",\"type\":\"long\"", "\"name\":\"ct_id\",\"type\":\"int\"");
        server.add("t-value", old);
        assertThatThrownBy(() -> new SubjectSchemas(registry, true).id("t", Schemas.BATCH))
                .hasMessageContaining("that does not fit this version's in both directions");
    }

    @Test
    void whatTheRegistryRefusesOrMayNotBeRegisteredIsSaid() {
        server.add("t-value", Schemas.BATCH.toString().replace("\"doc\":\"Host that", "\"doc\":\"The host that"));
        server.refusing = true;
        SubjectSchemas schemas = new SubjectSchemas(registry, true);
        assertThatThrownBy(() -> schemas.id("t", Schemas.BATCH))
                .hasMessageContaining("refuses the schema (HTTP 409): Schema being registered is incompatible");
        assertThatThrownBy(() -> schemas.find("t", Schemas.BATCH)).hasMessageContaining("would refuse ConntrackBatch");
        assertThatThrownBy(() -> new SubjectSchemas(registry, false).id("u", Schemas.BATCH))
                .hasMessageContaining(
                        "schema.registry.auto.register.schemas=false; register the file ConntrackBatch.avsc");
    }
}
