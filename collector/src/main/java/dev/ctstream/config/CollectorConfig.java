package dev.ctstream.config;

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
import dev.ctstream.record.SubjectSchemas;
import dev.ctstream.record.ZoneWidths;
import dev.ctstream.spool.ProofConfig;
import dev.ctstream.spool.SpoolConfig;
import dev.ctstream.track.TrackConfig;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The complete configuration of a collector: each package's own record, and the settings that belong to no package.
 *
 * @param host identifies this host and boot in the records
 * @param netns namespaces to observe: self, names, paths; or all
 * @param httpListen host:port; empty = no endpoint
 * @param httpHosts names under which the endpoint may be asked, besides its own
 * @param httpTokenFile the token that clients of the endpoint must give
 * @param httpTls the certificate of the endpoint and its key
 * @param shutdownTimeoutSeconds how long a stop may take
 * @param log what run's log has, and how
 */
public record CollectorConfig(
        Host host,
        List<String> netns,
        NetnsBuffers netnsBuffers,
        SubscriptionConfig subscription,
        BatchConfig batch,
        TrackConfig track,
        SpoolConfig spool,
        PublishConfig publish,
        Optional<String> httpListen,
        List<String> httpHosts,
        Optional<Path> httpTokenFile,
        Optional<HttpTls.Location> httpTls,
        int shutdownTimeoutSeconds,
        Log log) {
    /** Copies the lists. */
    public CollectorConfig {
        netns = List.copyOf(netns);
        httpHosts = List.copyOf(httpHosts);
    }

    /**
     * The host on which events are observed.
     *
     * @param id {@code host.id}; never empty
     * @param bootId kernel boot id
     * @param name the kernel's node name, for people only; not an identifier
     */
    public record Host(String id, String bootId, String name) {}

    /**
     * The receive buffers of the namespaces that {@code netns=all} finds.
     *
     * @param eachBytes of one namespace at most
     * @param totalBytes of all together
     */
    public record NetnsBuffers(int eachBytes, long totalBytes) {}

    /**
     * The log of {@code run}.
     *
     * @param level least level that is logged: debug, info, warn, error
     * @param format of a line: text, json, logfmt
     */
    public record Log(String level, String format) {}

    static CollectorConfig from(Settings settings, DerivedDefaults facts) {
        return new CollectorConfig(
                new Host(settings.string("host.id"), facts.bootId(), facts.hostName()),
                settings.list("netns"),
                new NetnsBuffers(
                        settings.integer("netns.receive-buffer-bytes"),
                        settings.number("netns.receive-buffer-total-bytes")),
                subscription(settings),
                new BatchConfig(
                        settings.integer("batch.max-events"),
                        settings.integer("batch.max-bytes"),
                        settings.integer("batch.linger-millis"),
                        derived(settings.list("record.derived")),
                        PrivacyRules.parse(settings.list("privacy.omit"), settings.flag("privacy.truncate"))),
                track(settings),
                spool(settings),
                publish(settings),
                Optional.of(settings.string("http.listen")).filter(listen -> !listen.equals("off")),
                settings.list("http.hosts"),
                Optional.of(settings.string("http.token-file"))
                        .filter(file -> !file.isEmpty())
                        .map(Path::of),
                httpTls(settings),
                settings.integer("shutdown.timeout-seconds"),
                new Log(
                        settings.string("log.level").toLowerCase(Locale.ROOT),
                        settings.string("log.format").toLowerCase(Locale.ROOT)));
    }

    /** Both keys are given, or none. */
    private static Optional<HttpTls.Location> httpTls(Settings settings) {
        String certificate = settings.string("http.tls.certificate-file");
        return certificate.isEmpty()
                ? Optional.empty()
                : Optional.of(
                        new HttpTls.Location(Path.of(certificate), Path.of(settings.string("http.tls.key-file"))));
    }

    private static SubscriptionConfig subscription(Settings settings) {
        List<String> events = settings.list("events");
        return new SubscriptionConfig(
                events.contains("new"),
                events.contains("update"),
                events.contains("destroy"),
                settings.integer("socket.receive-buffer-bytes"),
                settings.string("delivery").equals("reliable"),
                FlowFilter.parse(
                        settings.list("filter.zones"),
                        settings.list("filter.protocols"),
                        settings.list("filter.networks"),
                        settings.list("filter.marks"),
                        settings.string("filter.own-connections").equals("drop")));
    }

    private static DerivedFields derived(List<String> names) {
        return new DerivedFields(names.contains("community-id"), names.contains("names"));
    }

    private static TrackConfig track(Settings settings) {
        return new TrackConfig(
                settings.flag("snapshot"),
                TimeUnit.SECONDS.toMillis(settings.integer("reconcile.interval-seconds")),
                settings.integer("ledger.max-flows"),
                TimeUnit.SECONDS.toMillis(settings.integer("heartbeat.interval-seconds")),
                settings.flag("sysctl.manage"),
                new TrackConfig.Interim(
                        TimeUnit.SECONDS.toMillis(settings.integer("interim.interval-seconds")),
                        TimeUnit.SECONDS.toMillis(settings.integer("interim.full-seconds"))),
                !settings.list("events").equals(List.of("destroy")),
                TrackConfig.Timing.DEFAULT);
    }

    private static SpoolConfig spool(Settings settings) {
        return new SpoolConfig(
                Path.of(settings.string("spool.directory")),
                settings.number("spool.max-bytes"),
                settings.number("spool.segment-bytes"),
                settings.number("spool.control-bytes"),
                settings.integer("spool.sync-interval-millis"),
                settings.string("spool.when-full").equals("drop-newest")
                        ? SpoolConfig.WhenFull.DROP_NEWEST
                        : SpoolConfig.WhenFull.DROP_OLDEST,
                proof(settings));
    }

    private static @Nullable ProofConfig proof(Settings settings) {
        String file = settings.string("proof.key-file");
        return file.isEmpty() ? null : new ProofConfig(Path.of(file), settings.integer("proof.interval-seconds"));
    }

    private static PublishConfig publish(Settings settings) {
        return new PublishConfig(
                new PublishConfig.TopicNames(
                        settings.string("topic.events"),
                        settings.string("topic.control"),
                        settings.flag("topic.create"),
                        settings.integer("topic.partitions"),
                        settings.integer("topic.replication-factor")),
                new PublishConfig.RecordForm(
                        settings.string("record.layout").equals("event") ? Layout.EVENT : Layout.BATCH,
                        Framing.of(settings.string("record.framing")),
                        settings.flag("record.headers"),
                        settings.string("record.timestamp").equals("event"),
                        settings.integer("batch.max-bytes")),
                ZoneWidths.of(settings.list("partition.zone.width")),
                settings.integer("publish.in-flight-bytes"),
                kafka(settings),
                registry(settings));
    }

    private static Optional<RegistryConfig> registry(Settings settings) {
        Map<String, String> registry = settings.registry();
        return registry.isEmpty()
                ? Optional.empty()
                : Optional.of(new RegistryConfig(
                        registry,
                        settings.flag(SubjectSchemas.AUTO_REGISTER),
                        Path.of(settings.string("spool.directory"))));
    }

    /** Quotas and the brokers' metrics tell the hosts apart by their client id. */
    private static Map<String, String> kafka(Settings settings) {
        Map<String, String> kafka = new HashMap<>(settings.kafka());
        kafka.putIfAbsent("client.id", "ctstream-" + settings.string("host.id"));
        return kafka;
    }
}
