package dev.ctstream.config;

import dev.ctstream.conntrack.FlowFilter;
import dev.ctstream.metrics.HttpEndpoint;
import dev.ctstream.netlink.ErrorText;
import dev.ctstream.record.RegistrySettings;
import dev.ctstream.record.SubjectSchemas;
import dev.ctstream.spool.SpoolConfig;
import java.nio.file.InvalidPathException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Defaults and checks that depend on the host or on several keys: fills the defaults that are not constants, and checks
 * the combinations of keys.
 *
 * @param bootId the kernel's name for this boot
 * @param hostName the kernel's node name
 */
record DerivedDefaults(String bootId, String hostName) {
    private static final int SEGMENTS_AT_LEAST = 4;
    /** The default of {@code interim.full-seconds}. */
    static final int INTERIM_FULL_SECONDS = 86_400;

    /** The two record layouts have different schemas, so by default they do not share a topic. */
    private static final String TOPIC_OF_SINGLE_EVENTS = "conntrack.flat";

    static DerivedDefaults complete(
            ConfigSources sources, Map<String, Setting> given, Map<String, Object> values, List<String> problems) {
        HostFacts host = sources.host();
        hostId(host, given, values, problems);
        if ("".equals(values.get("spool.directory"))) {
            try {
                values.put(
                        "spool.directory",
                        host.stateDirectory(sources.environment()).toString());
            } catch (InvalidPathException e) {
                problems.add("spool.directory is not set, and the default " + ErrorText.of(e));
            }
        }
        if (!given.containsKey("spool.control-bytes") && values.get("spool.max-bytes") instanceof Long max) {
            values.put("spool.control-bytes", SpoolConfig.defaultControlBytes(max));
        }
        if ("event".equals(values.get("record.layout")) && !given.containsKey("topic.events")) {
            values.put("topic.events", TOPIC_OF_SINGLE_EVENTS);
        }
        registry(given, values, problems);
        if (sources.brokerNeeded() && List.of().equals(values.get("kafka.bootstrap.servers"))) {
            problems.add("kafka.bootstrap.servers is not set: give your broker's host:port, for instance"
                    + " -D kafka.bootstrap.servers=localhost:9092, or --embedded-kafka for a trial");
        }
        if (Objects.equals(values.get("topic.events"), values.get("topic.control"))) {
            problems.add("topic.control=" + values.get("topic.control") + ": must not be the topic of the events");
        }
        if (values.get("spool.segment-bytes") instanceof Long segment
                && values.get("spool.max-bytes") instanceof Long max
                && segment > max / SEGMENTS_AT_LEAST) {
            problems.add("spool.segment-bytes=" + segment + ": must not be more than a quarter of spool.max-bytes="
                    + max + ", so that the spool can drop a segment at a time");
        }
        if ("reliable".equals(values.get("delivery"))
                && values.get("events") instanceof List<?> events
                && !events.contains("destroy")) {
            problems.add("delivery=reliable needs destroy in events: the kernel keeps a flow until its DESTROY is"
                    + " delivered, and does nothing for other events");
        }
        filter(values, problems);
        http(values, problems);
        if (values.get("interim.interval-seconds") instanceof Integer interim
                && values.get("reconcile.interval-seconds") instanceof Integer reconcile
                && interim > 0
                && (reconcile == 0 || reconcile > interim)) {
            problems.add("interim.interval-seconds=" + interim + ": needs reconcile.interval-seconds in 1.." + interim
                    + ", since the dumps of that key report the flows");
        }
        if (Integer.valueOf(0).equals(values.get("interim.interval-seconds"))
                && values.get("interim.full-seconds") instanceof Integer full
                && full != INTERIM_FULL_SECONDS) {
            problems.add("interim.full-seconds=" + values.get("interim.full-seconds")
                    + ": does nothing without interim.interval-seconds");
        }
        String bootId = host.readBootId().orElse("");
        if (bootId.isEmpty()) {
            problems.add("the kernel's boot id cannot be read from " + host.bootId() + ": is /proc mounted?");
        }
        return new DerivedDefaults(bootId, host.nodeName());
    }

    private static void http(Map<String, Object> values, List<String> problems) {
        boolean certificate = !"".equals(values.get("http.tls.certificate-file"));
        boolean key = !"".equals(values.get("http.tls.key-file"));
        if (certificate != key) {
            String given = certificate ? "http.tls.certificate-file" : "http.tls.key-file";
            String missing = certificate ? "http.tls.key-file" : "http.tls.certificate-file";
            problems.add(given + " needs " + missing + ": give both, or none");
        }
        if ("".equals(values.get("http.token-file"))
                && !certificate
                && values.get("http.listen") instanceof String listen) {
            String open = listen.equals("off") ? "" : HttpEndpoint.withoutToken(listen);
            if (!open.isEmpty()) {
                problems.add("http.listen=" + listen + ": " + open);
            }
        }
    }

    /** A registry and the framing that uses it need each other. */
    private static void registry(Map<String, Setting> given, Map<String, Object> values, List<String> problems) {
        boolean configured = !List.of().equals(values.get(RegistrySettings.URL));
        if ("".equals(values.get("record.framing"))) {
            values.put("record.framing", configured ? "confluent" : "single-object");
        }
        boolean used = "confluent".equals(values.get("record.framing"));
        if (used && !configured) {
            problems.add("record.framing=confluent needs " + RegistrySettings.URL
                    + "; set it, or use record.framing=single-object, which needs no registry");
        }
        for (Setting setting : given.values()) {
            boolean nothing = setting.value().isEmpty()
                    || (setting.key().equals(SubjectSchemas.AUTO_REGISTER)
                            && setting.value().equals("true"));
            if (setting.key().startsWith(RegistrySettings.PREFIX) && !nothing && !used) {
                problems.add(setting.key() + " (" + setting.source() + "): would have no effect with record.framing="
                        + values.get("record.framing") + "; leave it out, or use record.framing=confluent");
            }
        }
        if (used && configured && problems.isEmpty()) {
            Map<String, Object> registry = new HashMap<>(values);
            registry.keySet().removeIf(key -> !key.startsWith(RegistrySettings.PREFIX));
            try {
                var unused = RegistrySettings.of(registry);
            } catch (IllegalArgumentException e) {
                problems.add(
                        RegistrySettings.PREFIX + "*: " + ValueErrorText.of(RegistrySettings.URL, ErrorText.reason(e)));
            }
        }
    }

    /** The keys are right; together they may be too much for the kernel. */
    private static void filter(Map<String, Object> values, List<String> problems) {
        try {
            FlowFilter unused = FlowFilter.parse(
                    strings(values.get("filter.zones")),
                    strings(values.get("filter.protocols")),
                    strings(values.get("filter.networks")),
                    List.of());
        } catch (IllegalArgumentException e) {
            problems.add("filter.zones, filter.protocols and filter.networks: " + ErrorText.reason(e));
        }
    }

    private static List<String> strings(@Nullable Object value) {
        return value instanceof List<?> items
                ? items.stream().map(String::valueOf).toList()
                : List.of();
    }

    private static void hostId(
            HostFacts host, Map<String, Setting> given, Map<String, Object> values, List<String> problems) {
        if (!"".equals(values.get("host.id"))) {
            return;
        }
        Setting setting = given.get("host.id");
        if (setting != null) {
            problems.add("host.id (" + setting.source() + "): is empty; give this host a name, or leave the key out");
            return;
        }
        host.readMachineId()
                .ifPresentOrElse(
                        id -> values.put("host.id", id),
                        () -> problems.add("host.id is not set and " + host.machineId() + " " + host.machineIdProblem()
                                + ": set host.id to a name that no other host has"));
    }
}
