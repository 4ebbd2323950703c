package dev.ctstream.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ConfigurationTest {
    private static final Map<String, String> BROKER = Map.of("kafka.bootstrap.servers", "k:9092");

    private static final String MACHINE = "3d1219c7c4c5404aaa1f6d2a48adfda4";

    private static final Path NO_FILE = Path.of("");

    @TempDir
    private Path folder;

    private HostFacts host;

    @BeforeEach
    void host() throws IOException {
        host = new HostFacts(
                Files.writeString(folder.resolve("machine-id"), MACHINE + "\n"),
                Files.writeString(folder.resolve("boot_id"), "boot\n"),
                Files.writeString(folder.resolve("hostname"), "web-1\n"),
                folder,
                false);
    }

    @Test
    void laterSourcesOverrideEarlierOnes() throws Exception {
        Path file = file("topic.events=file\ntopic.control=file\nhost.id=file\n");
        Configuration configuration = load(
                file,
                Map.of("CTSTREAM_TOPIC_CONTROL", "environment", "CTSTREAM_HOST_ID", "environment"),
                with(Map.of("host.id", "line")));
        assertThat(configuration.dump())
                .contains("; from: " + file + ":1\ntopic.events=file\n")
                .contains("; from: CTSTREAM_TOPIC_CONTROL\ntopic.control=environment\n")
                .contains("; from: -D\nhost.id=line\n")
                .contains("# default: 512; from: default\nbatch.max-events=512\n");
    }

    @Test
    void allProblemsAreReportedAtOnceByKeyAndSource() throws IOException {
        Path file = file("# a comment\nbatch.max-events=many\n\ntopic.partitons = 3\n");
        Map<String, String> environment = Map.of("CTSTREAM_DELIVERY", "sometimes", "CTSTREAM_SNAPSHOTS", "true");
        assertThat(problems(file, environment, Map.of("batch.linger-millis", "-1", "netns", "a,./b")))
                .containsExactlyInAnyOrder(
                        "topic.partitons (" + file + ":4): no such key; did you mean topic.partitions?",
                        "snapshots (CTSTREAM_SNAPSHOTS): no such key; did you mean snapshot?",
                        "batch.max-events=many (" + file + ":2): not a whole number, without a unit",
                        "delivery=sometimes (CTSTREAM_DELIVERY): must be one of: counted, reliable",
                        "batch.linger-millis=-1 (-D): must be at least 0",
                        "netns=a,./b (-D): './b' is neither a name as in /var/run/netns nor an absolute path",
                        "kafka.bootstrap.servers is not set: give your broker's host:port, for instance"
                                + " -D kafka.bootstrap.servers=localhost:9092, or --embedded-kafka for a trial");
    }

    @Test
    void misspeltKafkaSettingsAreProblemsAndUnknownOnesArePassedOn() throws Exception {
        assertThat(problems(Map.of("kafka.boostrap.servers", "k:1")))
                .anySatisfy(text -> assertThat(text).endsWith("did you mean kafka.bootstrap.servers?"));
        assertThat(problems(with(Map.of("kafka.linger.ms", "soon"))))
                .singleElement()
                .asString()
                .startsWith("kafka.linger.ms=soon (-D): ");
        assertThat(problems(with(Map.of("acks", "all"))))
                .containsExactly("acks (-D): no such key; did you mean kafka.acks?");
        Configuration configuration = load(with(Map.of("kafka.plugin.of.mine", "x")));
        assertThat(configuration.collector().publish().kafka()).containsEntry("plugin.of.mine", "x");
        assertThat(configuration.warnings()).singleElement().asString().contains("kafka.plugin.of.mine");
    }

    @Test
    void settingsThatTheGuaranteesNeedCannotBeChanged() {
        assertThat(problems(with(Map.of("kafka.acks", "1"))))
                .singleElement()
                .asString()
                .startsWith("kafka.acks=1 cannot be used");
    }

    @Test
    void theEnvironmentSetsKafkaSettingsAndForeignVariablesAreIgnored() throws Exception {
        Configuration configuration = load(
                NO_FILE,
                Map.of(
                        "CTSTREAM_KAFKA_BOOTSTRAP_SERVERS", "k:1,k:2",
                        "CTSTREAM_KAFKA_MY_OWN", "x",
                        "CTSTREAM_JAVA_OPTS", "-Xmx1g",
                        "CTSTREAM_SERVICE_HOST", "10.0.0.1",
                        "CTSTREAM_PORT_9477_TCP_ADDR", "10.0.0.1",
                        "STATE_DIRECTORY", "/var/lib/a:/var/lib/b"),
                Map.of());
        assertThat(configuration.collector().publish().kafka())
                .containsEntry("bootstrap.servers", "k:1,k:2")
                .containsEntry("my.own", "x");
        assertThat(configuration.dump()).contains("\n#spool.directory=/var/lib/a\n");
    }

    @Test
    void theNodeNameMayBeMissing() throws Exception {
        assertThat(load(BROKER).collector().host().name()).isEqualTo("web-1");
        Files.writeString(host.hostName(), "\n");
        assertThat(load(BROKER).collector().host().name()).isEqualTo("unknown");
        Files.delete(host.hostName());
        assertThat(load(BROKER).collector().host().name()).isEqualTo("unknown");
    }

    @Test
    void anEmptyOrMissingHostIdIsAnErrorThatNamesTheKey() throws Exception {
        assertThat(load(BROKER).collector().host().id()).isEqualTo(MACHINE);
        assertThat(load(BROKER).collector().host().bootId()).isEqualTo("boot");
        assertThat(problems(with(Map.of("host.id", " "))))
                .singleElement()
                .asString()
                .startsWith("host.id (-D): is empty");
        Files.writeString(host.machineId(), "\n");
        assertThat(problems(BROKER)).singleElement().asString().startsWith("host.id is not set");
        Files.delete(host.machineId());
        assertThat(problems(BROKER)).singleElement().asString().startsWith("host.id is not set");
        assertThat(problems(with(Map.of("host.id", "a/b"))))
                .singleElement()
                .asString()
                .startsWith("host.id=a/b (-D): must not contain '/'");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '"', textBlock = """
                    filter.protocol        | tcp         | no such key
                    schema.registry.url    | r:81        | not of the form http://HOST:PORT
                    schema.registry.url    | http://     | not of the form http://HOST:PORT
                    schema.registry.bearer.auth.token | x | would have no effect with record.framing=single-object
                    schema.registry.auto.register.schemas | false | would have no effect with record.framing
                    record.framing         | confluent   | needs schema.registry.url
                    record.framing         | avro        | must be one of: confluent, single-object, bare
                    netns                  | self,all    | "all stands alone"
                    netns                  | ..          | neither a name
                    delivery               | reliable    | needs destroy in events
                    record.derived         | community-id,asn | 'asn' is none of community-id, names
                    interim.interval-seconds | 59        | needs reconcile.interval-seconds in 1..59
                    interim.full-seconds   | 60          | does nothing without interim.interval-seconds
                    kafka.bootstrap.controllers          | c:1     | would have no effect: ctstream talks to brokers only
                    kafka.default.api.timeout.ms         | 7       | would have no effect
                    kafka.partitioner.ignore.keys        | true    | would have no effect: ctstream chooses the partition
                    kafka.partitioner.adaptive.partitioning.enable | true | would have no effect
                    kafka.partitioner.availability.timeout.ms      | 7    | would have no effect
                    kafka.transaction.timeout.ms         | 7       | would have no effect: ctstream uses no transactions
                    kafka.transaction.two.phase.commit.enable      | true | would have no effect
                    """)
    void whatWouldDoNothingIsRefused(String key, String value, String problem) {
        Map<String, String> keys = new HashMap<>(Map.of(key, value));
        keys.put("events", "new");
        assertThat(problems(with(keys))).singleElement().asString().contains(key, problem);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    http://r:81           | schema.registry.basic.auth.user.info | hush    | not of the form USER:PASSWORD
                    http://a:hush@r:81    | schema.registry.basic.auth.user.info | b:hush  | two users are given
                    http://a:hush@r:81    | schema.registry.bearer.auth.token    | hush    | a user and a token are given: leave out schema.registry.bearer.auth.token, or
                    http://r:81           | record.framing                       | bare    | would have no effect with record.framing=bare
                    """)
    void registrySettingsThatContradictEachOtherAreRefused(String url, String key, String value, String problem) {
        List<String> problems = problems(with(Map.of("schema.registry.url", url, key, value)));
        assertThat(problems).singleElement().asString().contains(problem).doesNotContain("hush");
    }

    @Test
    void secretsAreNeverShown() throws Exception {
        Map<String, String> secrets = Map.of(
                "kafka.sasl.jaas.config", "x required password='hush';",
                "kafka.ssl.key.password", "hush",
                "kafka.sasl.oauthbearer.jwks.endpoint.url", "http://me:hush@tokens:8081",
                "schema.registry.url", "http://registry:8081",
                "schema.registry.basic.auth.user.info", "me:hush",
                "schema.registry.ssl.keystore.password", "hush");
        assertThat(load(with(secrets)).dump())
                .doesNotContain("hush")
                .contains("kafka.sasl.jaas.config=[hidden]")
                .contains("kafka.sasl.oauthbearer.jwks.endpoint.url=http://[hidden]@tokens:8081");
    }

    @Test
    void aFileIsUtf8AndMayContinueLines() throws Exception {
        Files.write(folder.resolve("u"), "host.id=höst\\\n  -b\n#x\\\nevents : new\n".getBytes(StandardCharsets.UTF_8));
        assertThat(load(folder.resolve("u"), Map.of(), BROKER)
                        .collector()
                        .host()
                        .id())
                .isEqualTo("höst-b");
        Path latin = folder.resolve("l");
        Files.write(latin, "#ä\nevents=new\nhost.id=höst\n".getBytes(StandardCharsets.ISO_8859_1));
        assertThat(problems(latin, Map.of(), BROKER)).containsExactly(latin + ":1: is not UTF-8");
        Files.write(latin, "events=new\n\nhost.id=höst".getBytes(StandardCharsets.ISO_8859_1));
        assertThat(problems(latin, Map.of(), BROKER)).containsExactly(latin + ":3: is not UTF-8");
        Files.write(latin, new byte[] {'a', '=', (byte) 0xc3}); // cut off
        assertThat(problems(latin, Map.of(), BROKER)).containsExactly(latin + ":1: is not UTF-8");
        assertThat(problems(folder.resolve("none"), Map.of(), BROKER))
                .containsExactly("--config " + folder.resolve("none")
                        + ": ENOENT (2) No such file or directory; check the path");
        assertThat(problems(file("a=\\u12\n"), Map.of(), BROKER))
                .containsExactly(folder.resolve("file.properties") + ":1: Malformed \\uxxxx encoding.");
    }

    @Test
    void theSameKeyTwiceInAFileIsAProblem() throws Exception {
        Path file = file("host.id=a\nevents=new\nhost.id=b\n");
        assertThat(problems(file, Map.of(), BROKER))
                .containsExactly("host.id is given twice: " + file + ":1 and " + file + ":3; leave one out");
        Path client = file("bootstrap.servers=k:1\nkafka.bootstrap.servers=k:2\n");
        assertThatThrownBy(() -> ClientSettings.load(Optional.of(client), Map.of()))
                .hasMessage(
                        "kafka.bootstrap.servers is given twice: " + client + ":1 and " + client + ":2; leave one out");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "uninitialized\n",
                "",
                "\n",
                "00000000000000000000000000000000\n",
                "3d1219c7c4c5404aaa1f6d2a48adfda\n",
                "3d1219c7c4c5404aaa1f6d2a48adfda4a\n",
                "3D1219C7C4C5404AAA1F6D2A48ADFDA4\n",
                "3d1219c7-c4c5-404a-aa1f-6d2a48adfda4\n",
                "3d1219c7c4c5404aaa1f6d2a48adfdag\n",
                "3d1219c7c4c5404aaa1f6d2a48adfda4\n\n",
            })
    void whatIsNoMachineIdIsNoIdentity(String text) throws Exception {
        Files.writeString(host.machineId(), text);
        assertThat(problems(BROKER))
                .singleElement()
                .asString()
                .startsWith("host.id is not set and " + host.machineId() + " ")
                .contains(text.strip())
                .endsWith(": set host.id to a name that no other host has");
        assertThat(load(with(Map.of("host.id", "web-1"))).collector().host().id())
                .isEqualTo("web-1");
        Files.writeString(host.machineId(), MACHINE);
        assertThat(load(BROKER).collector().host().id()).isEqualTo(MACHINE);
    }

    @Test
    void aDumpOfOneHostLeavesAnotherItsOwnIdentityAndDirectory() throws Exception {
        Map<String, String> one = with(Map.of("events", "new", "batch.max-events", "7"));
        String dump = load(one).dump();
        assertThat(dump)
                .contains("; from: default\n#host.id=" + MACHINE + "\n")
                .contains("; from: default\n#spool.directory=" + folder.resolve(".local/state/ctstream") + "\n");
        String other = "a".repeat(MACHINE.length());
        Files.writeString(host.machineId(), other);
        Configuration copied = load(file(dump), Map.of("STATE_DIRECTORY", "/var/lib/other"), Map.of());
        assertThat(copied.collector().host().id()).isEqualTo(other);
        assertThat(copied.collector().spool().directory()).isEqualTo(Path.of("/var/lib/other"));
        assertThat(copied.collector().batch().maxEvents()).isEqualTo(7);
        assertThat(load(with(Map.of("host.id", "web-1"))).dump()).contains("; from: -D\nhost.id=web-1\n");
    }

    @Test
    void aZeroByteNamesNoFile() {
        assertThat(problems(with(Map.of("spool.directory", "/a\0b", "netns", "c\0d"))))
                .containsExactlyInAnyOrder(
                        "spool.directory=/a\0b (-D): a path cannot contain a NUL byte",
                        "netns=c\0d (-D): a path cannot contain a NUL byte");
    }

    @Test
    void keysThatContradictEachOtherAreProblems() {
        assertThat(problems(with(Map.of("topic.control", "conntrack.events")))).hasSize(1);
        assertThat(problems(with(Map.of("spool.segment-bytes", "2MiB", "spool.max-bytes", "1 MiB"))))
                .containsExactly(
                        "spool.segment-bytes=2097152: must not be more than a quarter of spool.max-bytes=1048576, so that the spool can drop a segment at a time");
    }

    @Test
    void anEmbeddedBrokerNeedsNoAddress() throws Exception {
        ConfigSources sources = new ConfigSources(Optional.empty(), Map.of(), Map.of(), host, false);
        assertThat(Configuration.load(sources).collector().publish().bootstrapServers())
                .isEmpty();
    }

    private Configuration load(Map<String, String> commandLine) throws ConfigurationException {
        return load(NO_FILE, Map.of(), commandLine);
    }

    private Configuration load(Path file, Map<String, String> environment, Map<String, String> commandLine)
            throws ConfigurationException {
        return Configuration.load(new ConfigSources(
                file.equals(NO_FILE) ? Optional.empty() : Optional.of(file), environment, commandLine, host, true));
    }

    private List<String> problems(Map<String, String> commandLine) {
        return problems(NO_FILE, Map.of(), commandLine);
    }

    private List<String> problems(Path file, Map<String, String> environment, Map<String, String> commandLine) {
        return assertThatThrownBy(() -> load(file, environment, commandLine))
                .asInstanceOf(type(ConfigurationException.class))
                .actual()
                .problems();
    }

    private Path file(String text) throws IOException {
        return Files.writeString(folder.resolve("file.properties"), text);
    }

    private static Map<String, String> with(Map<String, String> more) {
        Map<String, String> all = new HashMap<>(BROKER);
        all.putAll(more);
        return all;
    }
}
