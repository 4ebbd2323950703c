package dev.ctstream.config;

import dev.ctstream.netlink.ErrorText;
import dev.ctstream.spool.SpoolConfig;
import java.nio.file.InvalidPathException;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * Defaults and checks that depend on the host or on several keys: fills the defaults that are not constants, and checks
 * the combinations of keys.
 *
 * @param bootId the kernel's name for this boot
 * @param hostName the kernel's node name
 */
record DerivedDefaults(String bootId, String hostName) {
    private static final int SEGMENTS_AT_LEAST = 4;
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
        String bootId = host.readBootId().orElse("");
        if (bootId.isEmpty()) {
            problems.add("the kernel's boot id cannot be read from " + host.bootId() + ": is /proc mounted?");
        }
        return new DerivedDefaults(bootId, host.nodeName());
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
