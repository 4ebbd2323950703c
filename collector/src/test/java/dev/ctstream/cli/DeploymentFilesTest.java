package dev.ctstream.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.yaml.snakeyaml.Yaml;

/** What those who install it copy: docker-compose.yml, the image, Kubernetes, the unit, the package's scripts. */
class DeploymentFilesTest {
    private static final Path TOP = Path.of("..");
    private static final Path DEPLOY = Path.of("deploy");
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    private Path folder;

    private static JsonNode compose() throws IOException {
        return JSON.valueToTree(new Yaml().load(Files.readString(TOP.resolve("docker-compose.yml"))));
    }

    private static List<JsonNode> kubernetes() throws IOException {
        List<JsonNode> all = new ArrayList<>();
        for (Object one : new Yaml().loadAll(Files.readString(DEPLOY.resolve("kubernetes/ctstream.yaml")))) {
            all.add(JSON.valueToTree(one));
        }
        return all;
    }

    private static List<String> texts(JsonNode array) {
        List<String> texts = new ArrayList<>();
        array.forEach(one -> texts.add(one.asText()));
        return texts;
    }

    @Test
    void eachServiceOfComposeHasAHealthcheckAPinnedImageAndLimits() throws IOException {
        JsonNode services = compose().get("services");
        assertThat(services.properties().stream().map(Map.Entry::getKey))
                .containsExactly("kafka", "registry", "collector", "prometheus", "grafana");
        services.properties().forEach(named -> {
            JsonNode service = named.getValue();
            assertThat(service.at("/healthcheck/test").size())
                    .as(named.getKey())
                    .isGreaterThan(1);
            assertThat(service.has("build") || service.get("image").asText().matches(".+:v?[0-9].*"))
                    .as(named.getKey())
                    .isTrue();
            assertThat(service.get("restart").asText()).isEqualTo("unless-stopped");
            assertThat(service.path("privileged").asBoolean()).isFalse();
            service.path("ports").forEach(port -> assertThat(port.asText()).startsWith("127.0.0.1:"));
        });
        JsonNode collector = services.get("collector");
        assertThat(texts(collector.get("cap_drop"))).containsExactly("ALL");
        assertThat(texts(collector.get("cap_add"))).containsExactly("NET_ADMIN");
        assertThat(collector.get("read_only").asBoolean()).isTrue();
        assertThat(collector.get("network_mode").asText()).isEqualTo("host");
        assertThat(collector.has("mem_limit")).isTrue();
        assertThat(collector.has("security_opt")).as("no-new-privileges").isFalse();
    }

    @Test
    void whatComposeMountsIsThereAndItsVolumesAreDeclared() throws IOException {
        JsonNode compose = compose();
        List<String> volumes = new ArrayList<>();
        compose.get("volumes").fieldNames().forEachRemaining(volumes::add);
        for (JsonNode service : compose.get("services")) {
            for (String mount : texts(service.path("volumes"))) {
                String source = mount.substring(0, mount.indexOf(':'));
                if (source.startsWith(".")) {
                    assertThat(TOP.resolve(source)).exists();
                    assertThat(mount).endsWith(":ro");
                } else if (!source.startsWith("/")) {
                    assertThat(volumes).contains(source);
                }
            }
        }
    }

    @Test
    void theCollectorOfComposeIsConfiguredByKeysThatExist() throws IOException {
        List<String> words = texts(compose().at("/services/collector/command"));
        assertThat(words.get(0)).isEqualTo("run");
        assertThat(dumped(words.stream().filter(word -> word.contains("=")).toList()))
                .contains("kafka.bootstrap.servers=localhost:9092");
    }

    /** What {@code run --dump-config} makes of these {@code key=value}. */
    private String dumped(List<String> settings) throws IOException {
        Properties properties = new Properties();
        properties.load(new StringReader(String.join("\n", settings)));
        Map<String, String> given =
                new java.util.HashMap<>(Map.of("host.id", "test", "spool.directory", folder.toString()));
        properties.forEach((key, value) -> given.put(key.toString(), value.toString()));
        List<String> arguments = new ArrayList<>(List.of("run", "--dump-config"));
        given.forEach((key, value) -> arguments.addAll(List.of("-D", key + "=" + value)));
        java.io.ByteArrayOutputStream out = new java.io.ByteArrayOutputStream();
        java.io.ByteArrayOutputStream err = new java.io.ByteArrayOutputStream();
        int code = Main.execute(
                new Console(out, new java.io.PrintStream(err, true, StandardCharsets.UTF_8), Map.of(), false, false),
                arguments.toArray(String[]::new));
        assertThat(code).as(err.toString(StandardCharsets.UTF_8)).isZero();
        return out.toString(StandardCharsets.UTF_8);
    }

    @Test
    void theDaemonSetHasProbesAndOneCapabilityAndItsConfigurationIsRight() throws IOException {
        List<JsonNode> objects = kubernetes();
        assertThat(objects.stream().map(one -> one.get("kind").asText()))
                .containsExactly("ConfigMap", "Secret", "DaemonSet");
        JsonNode pod = objects.get(2).at("/spec/template/spec");
        assertThat(pod.get("hostNetwork").asBoolean()).isTrue();
        JsonNode container = pod.get("containers").get(0);
        JsonNode security = container.get("securityContext");
        assertThat(texts(security.at("/capabilities/drop"))).containsExactly("ALL");
        assertThat(texts(security.at("/capabilities/add"))).containsExactly("NET_ADMIN");
        assertThat(security.get("runAsNonRoot").asBoolean()).isTrue();
        assertThat(security.get("readOnlyRootFilesystem").asBoolean()).isTrue();
        for (String probe : List.of("startupProbe", "livenessProbe", "readinessProbe")) {
            assertThat(container.at("/" + probe + "/httpGet/path").asText()).matches("/(livez|readyz)");
        }
        assertThat(container.at("/resources/limits/memory").asText()).isNotEmpty();
        List<String> volumes = new ArrayList<>();
        pod.get("volumes").forEach(volume -> volumes.add(volume.get("name").asText()));
        for (JsonNode mount : container.get("volumeMounts")) {
            assertThat(volumes).contains(mount.get("name").asText());
        }
        assertThat(dumped(objects.get(0)
                        .at("/data/ctstream.properties")
                        .asText()
                        .lines()
                        .toList()))
                .contains("kafka.security.protocol=SASL_SSL");
        objects.get(1)
                .get("stringData")
                .fieldNames()
                .forEachRemaining(name -> assertThat(name).startsWith("CTSTREAM_"));
    }

    @Test
    void unitPackageImageAndKubernetesAgreeAboutUserAndPaths() throws IOException {
        String unit = Files.readString(DEPLOY.resolve("systemd/ctstream.service"));
        String preinst = Files.readString(DEPLOY.resolve("package/control/preinst"));
        String image = Files.readString(DEPLOY.resolve("Dockerfile"));
        assertThat(unit)
                .contains(
                        "\nUser=ctstream\n",
                        "\nExecStart=/usr/bin/ctstream run --config /etc/ctstream/ctstream.properties\n");
        assertThat(preinst).contains("useradd --system");
        assertThat(image).contains("--uid 9477", "\nUSER ctstream\n", "\nHEALTHCHECK ");
        assertThat(kubernetes()
                        .get(2)
                        .at("/spec/template/spec/containers/0/securityContext/runAsUser")
                        .asInt())
                .isEqualTo(9477);
    }

    @Test
    void theScriptsAreOnesThatTheShellReads() throws Exception {
        try (Stream<Path> control = Files.list(DEPLOY.resolve("package/control"))) {
            List<Path> scripts = new ArrayList<>(
                    control.filter(file -> !file.endsWith("control")).toList());
            assertThat(scripts).hasSize(4);
            scripts.add(DEPLOY.resolve("docker-entrypoint"));
            scripts.add(DEPLOY.resolve("docker-healthcheck"));
            scripts.add(DEPLOY.resolve("package/assemble"));
            for (Path script : scripts) {
                assertThat(Files.isExecutable(script)).as("%s", script).isTrue();
                boolean bash = Files.readString(script).startsWith("#!/bin/bash");
                Process shell = new ProcessBuilder(
                                bash || script.endsWith("assemble") ? "bash" : "sh", "-n", script.toString())
                        .inheritIO()
                        .start();
                assertThat(shell.waitFor()).isZero();
            }
        }
    }

    @ParameterizedTest
    @CsvSource({
        "'{\"expression\": \"EPL-2.0 OR LGPL-2.1-only\"}', 0",
        "'{\"license\": {\"id\": \"GPL-3.0-only\"}}', 1",
    })
    void aForbiddenLicenceEndsThePackage(String licence, int code) throws Exception {
        Path bom = Files.writeString(
                folder.resolve("bom.json"),
                "{\"components\": [{\"group\": \"org.example\", \"name\": \"lib\", \"version\": \"1\", \"licenses\": ["
                        + licence + "]}]}");
        Files.createDirectories(folder.resolve("lib"));
        Files.createDirectories(folder.resolve("runtime"));
        Files.writeString(folder.resolve("runtime/release"), "JAVA_VERSION=\"25.0.3\"\n");
        Process java = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin/java").toString(),
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        System.getProperty("java.class.path"),
                        DEPLOY.resolve("package/Licences.java").toString(),
                        bom.toString(),
                        folder.toString())
                .redirectErrorStream(true)
                .start();
        String said = new String(java.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(java.waitFor()).as(said).isEqualTo(code);
        if (code == 0) {
            assertThat(Files.readString(folder.resolve("LICENSES.txt")))
                    .contains("org.example:lib 1", "OpenJDK runtime 25.0.3");
            assertThat(JSON.readTree(folder.resolve("ctstream.cdx.json").toFile())
                            .get("components"))
                    .hasSize(2);
        } else {
            assertThat(said).contains("not a permitted licence: org.example:lib 1");
        }
    }
}
