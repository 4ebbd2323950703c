package dev.ctstream.config;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.batch.BatchConfig;
import dev.ctstream.batch.DerivedFields;
import dev.ctstream.conntrack.FlowFilter;
import dev.ctstream.conntrack.PrivacyRules;
import dev.ctstream.conntrack.SubscriptionConfig;
import dev.ctstream.metrics.HttpTls;
import dev.ctstream.publish.Layout;
import dev.ctstream.publish.PublishConfig;
import dev.ctstream.publish.RegistryConfig;
import dev.ctstream.record.Framing;
import dev.ctstream.record.ZoneWidths;
import dev.ctstream.spool.ProofConfig;
import dev.ctstream.spool.SpoolConfig;
import dev.ctstream.track.TrackConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** One test covers all defaults, another the mapping of every key to its config record. */
class CollectorConfigTest {
    @TempDir
    private Path folder;

    private HostFacts host;

    @BeforeEach
    void host() throws IOException {
        host = new HostFacts(
                Files.writeString(folder.resolve("machine-id"), "3d1219c7c4c5404aaa1f6d2a48adfda4"),
                Files.writeString(folder.resolve("boot_id"), "boot"),
                Files.writeString(folder.resolve("hostname"), "web-1"),
                folder,
                false);
    }

    @Test
    void defaults() throws Exception {
        assertThat(load(Map.of()))
                .isEqualTo(new CollectorConfig(
                        new CollectorConfig.Host("3d1219c7c4c5404aaa1f6d2a48adfda4", "boot", "web-1"),
                        List.of("self"),
                        new CollectorConfig.NetnsBuffers(8 << 20, 1L << 30),
                        new SubscriptionConfig(true, false, true, 128 << 20, false),
                        new BatchConfig(512, 256 << 10, 500),
                        TrackConfig.DEFAULT,
                        new SpoolConfig(
                                folder.resolve(".local/state/ctstream"),
                                4L << 30,
                                64 << 20,
                                64 << 20,
                                1000,
                                SpoolConfig.WhenFull.DROP_OLDEST),
                        new PublishConfig(
                                new PublishConfig.TopicNames("conntrack.events", "conntrack.control", true, 12, -1),
                                new PublishConfig.RecordForm(
                                        Layout.BATCH, Framing.SINGLE_OBJECT, true, true, 256 << 10),
                                ZoneWidths.DEFAULT,
                                16 << 20,
                                Map.of("client.id", "ctstream-3d1219c7c4c5404aaa1f6d2a48adfda4"),
                                Optional.empty()),
                        Optional.of("127.0.0.1:9477"),
                        List.of(),
                        Optional.empty(),
                        Optional.empty(),
                        5,
                        new CollectorConfig.Log("info", "text")));
    }

    @Test
    void everyKeySetsItsConfigField() throws Exception {
        Map<String, String> registry = new TreeMap<>(OTHERS);
        registry.keySet().removeIf(key -> !key.startsWith("schema.registry."));
        CollectorConfig expected = new CollectorConfig(
                new CollectorConfig.Host("h", "boot", "web-1"),
                List.of("blue", "/run/netns/red"),
                new CollectorConfig.NetnsBuffers(1 << 20, 64 << 20),
                new SubscriptionConfig(
                        false,
                        true,
                        true,
                        1 << 20,
                        true,
                        FlowFilter.parse(
                                List.of("1-5", "!3"), List.of("tcp"), List.of("10.0.0.0/8"), List.of("0x1/0xf"), true)),
                new BatchConfig(
                        7,
                        8192,
                        9,
                        new DerivedFields(true, true),
                        PrivacyRules.parse(List.of("5", "10.0.0.0/8"), true)),
                new TrackConfig(
                        false,
                        11_000,
                        12,
                        13_000,
                        true,
                        new TrackConfig.Interim(14_000, 15_000),
                        true,
                        TrackConfig.Timing.DEFAULT),
                new SpoolConfig(
                        Path.of("/spool"),
                        1 << 30,
                        2 << 20,
                        1 << 20,
                        3,
                        SpoolConfig.WhenFull.DROP_NEWEST,
                        new ProofConfig(Path.of("/etc/ctstream/proof.key"), 30)),
                new PublishConfig(
                        new PublishConfig.TopicNames("e", "c", false, 3, 2),
                        new PublishConfig.RecordForm(Layout.EVENT, Framing.CONFLUENT, false, false, 8192),
                        new ZoneWidths(Map.of(0, 4, 7, 2), 3),
                        2 << 20,
                        Map.of("bootstrap.servers", "k:1", "linger.ms", "3", "client.id", "ctstream-h"),
                        Optional.of(new RegistryConfig(registry, false, Path.of("/spool")))),
                Optional.empty(),
                List.of("ctstream", ".example.com"),
                Optional.of(Path.of("/token")),
                Optional.of(new HttpTls.Location(Path.of("/chain.pem"), Path.of("/key.pem"))),
                6,
                new CollectorConfig.Log("warn", "json"));
        assertThat(load(OTHERS)).isEqualTo(expected);
    }

    @Test
    void singleEventsHaveTheirOwnTopicUnlessOneIsConfigured() throws Exception {
        assertThat(load(Map.of("record.layout", "event")).publish().topics().events())
                .isEqualTo("conntrack.flat");
        assertThat(load(Map.of("record.layout", "event", "topic.events", "conntrack.events"))
                        .publish()
                        .topics()
                        .events())
                .isEqualTo("conntrack.events");
    }

    @Test
    void withDestroyAloneTheTopicIsTheTableOfFinishedFlows() throws Exception {
        assertThat(load(Map.of("events", "destroy")).track().openings()).isFalse();
        for (String events : List.of("new,destroy", "destroy,update", "new")) {
            assertThat(load(Map.of("events", events)).track().openings())
                    .as(events)
                    .isTrue();
        }
    }

    @Test
    void theTestAboveCoversEveryKey() {
        Set<String> keys = new HashSet<>(Keys.definition().names());
        keys.removeAll(OTHERS.keySet());
        assertThat(keys).containsExactly("schema.registry.bearer.auth.token"); // not beside a user
    }

    @Test
    void framingFollowsTheRegistryUnlessItIsGiven() throws Exception {
        assertThat(load(Map.of()).publish().records().framing()).isEqualTo(Framing.SINGLE_OBJECT);
        assertThat(load(Map.of("record.framing", "bare")).publish().records().framing())
                .isEqualTo(Framing.BARE);
        PublishConfig publish = load(Map.of(
                        "schema.registry.url", "http://a:1,http://b:2", "schema.registry.bearer.auth.token", "hush"))
                .publish();
        assertThat(publish.records().framing()).isEqualTo(Framing.CONFLUENT);
        assertThat(publish.registry().orElseThrow().settings())
                .containsEntry("schema.registry.url", "http://a:1,http://b:2")
                .containsEntry("schema.registry.bearer.auth.token", "hush");
        assertThat(publish.registry().orElseThrow().register()).isTrue();
    }

    @Test
    void everyKeyCanBeSetInTheEnvironment() throws Exception {
        Map<String, String> environment = new TreeMap<>();
        OTHERS.forEach((key, value) -> environment.put(EnvironmentNames.of(key), value));
        ConfigSources sources = new ConfigSources(Optional.empty(), environment, Map.of(), host, true);
        assertThat(Configuration.load(sources).collector()).isEqualTo(load(OTHERS));
    }

    /** A value for each key that differs from the default. */
    private static final Map<String, String> OTHERS = new LinkedHashMap<>();

    static {
        OTHERS.put("kafka.bootstrap.servers", "k:1");
        OTHERS.put("kafka.linger.ms", "3");
        OTHERS.put("topic.events", "e");
        OTHERS.put("log.level", "WARN");
        OTHERS.put("log.format", "JSON");
        OTHERS.put("topic.control", "c");
        OTHERS.put("record.derived", "community-id,names");
        OTHERS.put("interim.interval-seconds", "14");
        OTHERS.put("interim.full-seconds", "15");
        OTHERS.put("topic.create", "false");
        OTHERS.put("topic.partitions", "3");
        OTHERS.put("topic.replication-factor", "2");
        OTHERS.put("partition.zone.width", "0=4, 7=2, *=3");
        OTHERS.put("record.layout", "event");
        OTHERS.put("record.framing", "confluent");
        OTHERS.put("schema.registry.url", "https://r:8443/apis/ccompat/v7");
        OTHERS.put("schema.registry.auto.register.schemas", "false");
        OTHERS.put("schema.registry.basic.auth.user.info", "me:hush");
        OTHERS.put("schema.registry.ssl.truststore.location", "/t.pem");
        OTHERS.put("schema.registry.ssl.truststore.password", "t");
        OTHERS.put("schema.registry.ssl.keystore.location", "/k.p12");
        OTHERS.put("schema.registry.ssl.keystore.password", "k");
        OTHERS.put("schema.registry.ssl.key.password", "kk");
        OTHERS.put("record.headers", "false");
        OTHERS.put("record.timestamp", "publish");
        OTHERS.put("events", "update,destroy");
        OTHERS.put("filter.zones", "1-5,!3");
        OTHERS.put("filter.protocols", "tcp");
        OTHERS.put("filter.networks", "10.0.0.0/8");
        OTHERS.put("filter.marks", "0x1/0xf");
        OTHERS.put("filter.own-connections", "drop");
        OTHERS.put("privacy.omit", "5,10.0.0.0/8");
        OTHERS.put("privacy.truncate", "true");
        OTHERS.put("netns", "blue,/run/netns/red");
        OTHERS.put("netns.receive-buffer-bytes", "1 MiB");
        OTHERS.put("netns.receive-buffer-total-bytes", "64 MiB");
        OTHERS.put("socket.receive-buffer-bytes", "1 MiB");
        OTHERS.put("delivery", "reliable");
        OTHERS.put("batch.max-events", "7");
        OTHERS.put("batch.max-bytes", "8k");
        OTHERS.put("publish.in-flight-bytes", "2m");
        OTHERS.put("batch.linger-millis", "9");
        OTHERS.put("snapshot", "false");
        OTHERS.put("reconcile.interval-seconds", "11");
        OTHERS.put("ledger.max-flows", "12");
        OTHERS.put("heartbeat.interval-seconds", "13");
        OTHERS.put("sysctl.manage", "true");
        OTHERS.put("spool.directory", "/spool");
        OTHERS.put("spool.max-bytes", "1 GiB");
        OTHERS.put("spool.segment-bytes", "2MiB");
        OTHERS.put("spool.control-bytes", "1 MiB");
        OTHERS.put("spool.sync-interval-millis", "3");
        OTHERS.put("spool.when-full", "drop-newest");
        OTHERS.put("proof.key-file", "/etc/ctstream/proof.key");
        OTHERS.put("proof.interval-seconds", "30");
        OTHERS.put("http.listen", "off");
        OTHERS.put("http.hosts", "ctstream,.example.com");
        OTHERS.put("http.token-file", "/token");
        OTHERS.put("http.tls.certificate-file", "/chain.pem");
        OTHERS.put("http.tls.key-file", "/key.pem");
        OTHERS.put("host.id", "h");
        OTHERS.put("shutdown.timeout-seconds", "6");
    }

    private CollectorConfig load(Map<String, String> keys) throws ConfigurationException {
        return Configuration.load(new ConfigSources(Optional.empty(), Map.of(), keys, host, false))
                .collector();
    }
}
