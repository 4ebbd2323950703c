package dev.ctstream.config;

import static org.apache.kafka.common.config.ConfigDef.Importance.HIGH;
import static org.apache.kafka.common.config.ConfigDef.Importance.LOW;
import static org.apache.kafka.common.config.ConfigDef.Importance.MEDIUM;
import static org.apache.kafka.common.config.ConfigDef.Range.atLeast;
import static org.apache.kafka.common.config.ConfigDef.Range.between;
import static org.apache.kafka.common.config.ConfigDef.Type.BOOLEAN;
import static org.apache.kafka.common.config.ConfigDef.Type.INT;
import static org.apache.kafka.common.config.ConfigDef.Type.LIST;
import static org.apache.kafka.common.config.ConfigDef.Type.LONG;
import static org.apache.kafka.common.config.ConfigDef.Type.STRING;

import dev.ctstream.batch.BatchConfig;
import dev.ctstream.publish.PublishConfig;
import dev.ctstream.record.RegistrySettings;
import dev.ctstream.record.SubjectSchemas;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.config.ConfigDef.ValidString;

/** Every key of the collector: its type, default, permitted values and meaning. Source of the documentation's table. */
final class Keys {
    /** Prefix of settings that are passed on to Kafka's clients. */
    static final String KAFKA = "kafka.";

    /** Prefixes after which any name is accepted, and their meaning. */
    static final Map<String, String> FAMILIES = Map.of(
            KAFKA,
            "Passed on to Kafka's producer and admin client without the prefix, for instance `kafka.linger.ms`.");

    /** Defaults that depend on the host or on other keys, as text for people. */
    static final Map<String, String> DEFAULT_TEXTS = Map.of(
            "topic.events", "conntrack.events, or conntrack.flat with record.layout=event",
            "record.framing", "confluent with schema.registry.url, else single-object",
            "host.id", "/etc/machine-id",
            "spool.control-bytes", "an eighth of spool.max-bytes, 256 KiB to 64 MiB",
            "spool.directory", "$STATE_DIRECTORY, else /var/lib/ctstream for root, else ~/.local/state/ctstream",
            "kafka.bootstrap.servers", "none; required without --embedded-kafka");

    /** Keys whose default is a fact of the host. */
    static final Set<String> OF_THE_HOST = Set.of("host.id", "spool.directory");

    private static final int KIB = 1024;
    private static final int MIB = 1024 * KIB;

    private Keys() {}

    /** The definition, in the order of the documentation. */
    static ConfigDef definition() {
        ConfigDef keys = new ConfigDef();
        kafka(keys);
        records(keys);
        privacy(keys);
        registry(keys);
        kernel(keys);
        batches(keys);
        spool(keys);
        proof(keys);
        operation(keys);
        return keys;
    }

    private static void kafka(ConfigDef keys) {
        keys.define("kafka.bootstrap.servers", LIST, "", Checks.servers(), HIGH, "Bootstrap brokers: host:port, ….")
                .define("topic.events", STRING, "conntrack.events", Checks.topic(), HIGH, "Topic of the events.")
                .define(
                        "topic.control",
                        STRING,
                        "conntrack.control",
                        Checks.topic(),
                        MEDIUM,
                        "Topic of the control records.")
                .define(
                        "topic.create",
                        BOOLEAN,
                        true,
                        MEDIUM,
                        "Create missing topics. Existing ones are never altered.")
                .define(
                        "topic.partitions",
                        INT,
                        12,
                        between(1, 100_000),
                        MEDIUM,
                        "Partitions of a topic that is created.")
                .define(
                        "topic.replication-factor",
                        INT,
                        -1,
                        Checks.replicationFactor(),
                        MEDIUM,
                        "Replicas of a topic that is created; -1 leaves it to the broker.")
                .define(
                        "partition.zone.width",
                        LIST,
                        "",
                        Checks.zoneWidths(),
                        LOW,
                        "Number of partitions over which a zone is spread by host and namespace: zone=width, …; the"
                                + " zone * is every one that is not named, zone 0 included, and the width all is every"
                                + " partition. The default is all for zone 0 (no zone), and one for every other zone."
                                + " Where each host numbers its zones by itself: *=all.")
                .define(
                        "publish.in-flight-bytes",
                        INT,
                        16 * MIB,
                        between(PublishConfig.IN_FLIGHT_BYTES_LEAST, PublishConfig.IN_FLIGHT_BYTES_LIMIT),
                        LOW,
                        "Most uncompressed bytes of events that wait for the broker's answer. The longer an answer takes,"
                                + " the more is needed.");
    }

    private static void records(ConfigDef keys) {
        keys.define(
                        "record.layout",
                        STRING,
                        "batch",
                        ValidString.in("batch", "event"),
                        MEDIUM,
                        "One Kafka record for a batch of events of one zone, or for each event.")
                .define(
                        "record.framing",
                        STRING,
                        "",
                        Checks.framing(),
                        MEDIUM,
                        "What precedes the Avro data: the schema's id in a registry (confluent), its fingerprint"
                                + " (single-object), or nothing (bare).")
                .define("record.headers", BOOLEAN, true, LOW, "Send the headers content-type and schema-fingerprint.")
                .define(
                        "record.timestamp",
                        STRING,
                        "event",
                        ValidString.in("event", "publish"),
                        LOW,
                        "Timestamp of a record: when its last event was received, or when it was published.")
                .define(
                        "record.derived",
                        LIST,
                        "",
                        Checks.derived(),
                        LOW,
                        "Fields that are computed for each event: community-id (community_id, reply_community_id: two"
                                + " SHA-1 for a translated flow, else one), names (protocol_name, tcp_state_name).");
    }

    private static void privacy(ConfigDef keys) {
        keys.define(
                        "privacy.omit",
                        LIST,
                        "",
                        Checks.omitted(),
                        MEDIUM,
                        "Flows whose destination is left out of the records: all, zones and networks, such as"
                                + " 10-20,100.64.0.0/10,!15: a flow of such a zone, or with an address in such a network;"
                                + " ! excludes, and wins; empty: none.")
                .define(
                        "privacy.truncate",
                        BOOLEAN,
                        false,
                        MEDIUM,
                        "Cut every address in the records to its first 24 (IPv4) or 48 (IPv6) bits.");
    }

    private static void registry(ConfigDef keys) {
        keys.define(
                        RegistrySettings.URL,
                        LIST,
                        "",
                        Checks.registries(),
                        MEDIUM,
                        "Addresses of a schema registry with Confluent's HTTP API: http://HOST:PORT/PATH, …. The schemas"
                                + " are in the subjects TOPIC-value.")
                .define(
                        SubjectSchemas.AUTO_REGISTER,
                        BOOLEAN,
                        true,
                        LOW,
                        "Register the schemas that a subject lacks; false: only use what is there.")
                .define(
                        RegistrySettings.USER_INFO,
                        STRING,
                        "",
                        LOW,
                        "Name and password for the registry: USER:PASSWORD.")
                .define(RegistrySettings.TOKEN, STRING, "", LOW, "Bearer token for the registry.")
                .define(
                        RegistrySettings.SSL + "truststore.location",
                        STRING,
                        "",
                        Checks.path(),
                        LOW,
                        "Whom to trust as the registry: a PKCS12 or JKS store, or a file with PEM certificates. Without it"
                                + " those that Java trusts.")
                .define(RegistrySettings.SSL + "truststore.password", STRING, "", LOW, "Password of that store.")
                .define(
                        RegistrySettings.SSL + "keystore.location",
                        STRING,
                        "",
                        Checks.path(),
                        LOW,
                        "The collector's own certificate and key for the registry: a PKCS12 or JKS store.")
                .define(RegistrySettings.SSL + "keystore.password", STRING, "", LOW, "Password of that store.")
                .define(
                        RegistrySettings.SSL + "key.password",
                        STRING,
                        "",
                        LOW,
                        "Password of the key, if it is another one than the store's.");
    }

    private static void kernel(ConfigDef keys) {
        keys.define(
                        "events",
                        LIST,
                        "new,destroy",
                        Checks.events(),
                        HIGH,
                        "Kernel events to subscribe to. destroy alone: no EXISTING either, so the topic is the table of"
                                + " finished flows.")
                .define(
                        "netns",
                        LIST,
                        "self",
                        Checks.namespaces(),
                        HIGH,
                        "Network namespaces to watch: self, names as in /var/run/netns, absolute paths; or all: every one"
                                + " that has a name or a process. What is not there yet is waited for, what ends is let go"
                                + " of.")
                .define(
                        "netns.receive-buffer-bytes",
                        INT,
                        8 * MIB,
                        between(320 * KIB, Integer.MAX_VALUE / 2),
                        LOW,
                        "With netns=all: receive buffer of each other namespace than the own one, which has"
                                + " socket.receive-buffer-bytes.")
                .define(
                        "netns.receive-buffer-total-bytes",
                        LONG,
                        1024L * MIB,
                        atLeast(MIB),
                        LOW,
                        "With netns=all: what these receive buffers may hold together. With many namespaces each gets"
                                + " its part, 320 KiB at least.")
                .define(
                        "socket.receive-buffer-bytes",
                        INT,
                        128 * MIB,
                        between(4 * KIB, Integer.MAX_VALUE / 2),
                        MEDIUM,
                        "Receive buffer of each namespace's event socket. The kernel doubles it and charges 1280 bytes"
                                + " per event.")
                .define(
                        "filter.zones",
                        LIST,
                        "",
                        Checks.filteredZones(),
                        MEDIUM,
                        "Zones whose flows are followed, such as 1,10-20,!12: ! excludes, and wins; empty: all. The kernel"
                                + " filters: what is not followed costs no buffer and no wake-up.")
                .define(
                        "filter.protocols",
                        LIST,
                        "",
                        Checks.filteredProtocols(),
                        MEDIUM,
                        "Protocols whose flows are followed: names, numbers and ranges, such as tcp,udp or !icmp.")
                .define(
                        "filter.networks",
                        LIST,
                        "",
                        Checks.filteredNetworks(),
                        MEDIUM,
                        "Networks whose flows are followed, such as 10.0.0.0/8,!10.1.0.0/16,2001:db8::/32: of source or"
                                + " destination, before or after translation.")
                .define(
                        "filter.marks",
                        LIST,
                        "",
                        Checks.filteredMarks(),
                        MEDIUM,
                        "Marks whose flows are followed, such as 0x10/0xf0,!0x1/0x1. A mark may change: a flow is followed"
                                + " from the first event whose mark is admitted, to its end.")
                .define(
                        "filter.own-connections",
                        STRING,
                        "keep",
                        ValidString.in("keep", "drop"),
                        LOW,
                        "Whether the TCP connections that the collector itself makes, to brokers and the registry, are"
                                + " followed (keep) or left out (drop), in its own namespace.")
                .define(
                        "delivery",
                        STRING,
                        "counted",
                        ValidString.in("counted", "reliable"),
                        MEDIUM,
                        "counted: losses are counted exactly. reliable: the kernel keeps a flow until its DESTROY is"
                                + " delivered.")
                .define("snapshot", BOOLEAN, true, MEDIUM, "Report the flows that exist at start as EXISTING.")
                .define(
                        "reconcile.interval-seconds",
                        INT,
                        60,
                        atLeast(0),
                        LOW,
                        "How often each namespace's table is dumped to find flows that ended without a DESTROY; a"
                                + " table of n entries at most every n/1000 seconds; 0: never.")
                .define(
                        "interim.interval-seconds",
                        INT,
                        0,
                        atLeast(0),
                        MEDIUM,
                        "How often a living flow whose counters move is reported as INTERIM, by the dumps of"
                                + " reconcile.interval-seconds, which must not be longer; needs nf_conntrack_acct; 0:"
                                + " never.")
                .define(
                        "interim.full-seconds",
                        INT,
                        DerivedDefaults.INTERIM_FULL_SECONDS,
                        atLeast(1),
                        LOW,
                        "How often any other living flow is reported as INTERIM, so that a topic whose retention is"
                                + " longer has every living flow; needs interim.interval-seconds.")
                .define("ledger.max-flows", INT, 1_000_000, atLeast(1), LOW, "Most live flows that are tracked.")
                .define(
                        "sysctl.manage",
                        BOOLEAN,
                        false,
                        MEDIUM,
                        "Set nf_conntrack_events, nf_conntrack_acct and nf_conntrack_timestamp to 1 at start.");
    }

    private static void batches(ConfigDef keys) {
        keys.define(
                        "batch.max-events",
                        INT,
                        512,
                        between(1, BatchConfig.MAX_EVENTS_LIMIT),
                        MEDIUM,
                        "A batch is closed at this number of events.")
                .define(
                        "batch.max-bytes",
                        INT,
                        256 * KIB,
                        between(BatchConfig.MAX_BYTES_LEAST, BatchConfig.MAX_BYTES_LIMIT),
                        MEDIUM,
                        "A batch is closed at this number of encoded bytes.")
                .define(
                        "batch.linger-millis",
                        INT,
                        BatchConfig.DEFAULT.lingerMillis(),
                        between(0, BatchConfig.LINGER_MILLIS_LIMIT),
                        MEDIUM,
                        "All open batches are closed when the oldest one has this age, so a quiet host makes few requests"
                                + " whatever its number of zones; earlier when they hold many events.");
    }

    private static void spool(ConfigDef keys) {
        keys.define("spool.directory", STRING, "", Checks.path(), HIGH, "Where batches wait for the broker.")
                .define(
                        "spool.max-bytes",
                        LONG,
                        4096L * MIB,
                        atLeast(MIB),
                        HIGH,
                        "Most disk space that the batches of events in the spool use.")
                .define(
                        "spool.control-bytes",
                        LONG,
                        64L * MIB,
                        atLeast(256 * KIB),
                        LOW,
                        "Most disk space that the control records in the spool use, beside spool.max-bytes. They"
                                + " declare losses, so they never give way.")
                .define("spool.segment-bytes", LONG, 64L * MIB, atLeast(64 * KIB), LOW, "Size of one spool file.")
                .define(
                        "spool.sync-interval-millis",
                        INT,
                        1000,
                        atLeast(0),
                        MEDIUM,
                        "How often written batches are synced to disk; 0: after each batch.")
                .define(
                        "spool.when-full",
                        STRING,
                        "drop-oldest",
                        ValidString.in("drop-oldest", "drop-newest"),
                        MEDIUM,
                        "Which batches are dropped, counted and declared when the spool is full.");
    }

    private static void proof(ConfigDef keys) {
        keys.define(
                        "proof.key-file",
                        STRING,
                        "",
                        Checks.path(),
                        MEDIUM,
                        "Private key that signs the log of each run, so that ctstream verify --key can show that nobody"
                                + " altered it; made with ctstream proof key generate. Empty: nothing is signed.")
                .define(
                        "proof.interval-seconds",
                        INT,
                        10,
                        atLeast(1),
                        LOW,
                        "How often the log is signed while it grows; else every five minutes. What is not signed yet can"
                                + " be altered unnoticed.");
    }

    private static void operation(ConfigDef keys) {
        keys.define(
                        "http.listen",
                        STRING,
                        "127.0.0.1:9477",
                        Checks.listen(),
                        MEDIUM,
                        "Address of /metrics, /livez, /readyz and /status: host:port, port 0 for a free one, or off.")
                .define(
                        "http.hosts",
                        LIST,
                        "",
                        Checks.hostNames(),
                        LOW,
                        "Names under which http.listen may be asked, besides addresses, localhost and the node's name:"
                                + " name, or .example.com for all names below it.")
                .define(
                        "http.token-file",
                        STRING,
                        "",
                        MEDIUM,
                        "File with a token that clients of http.listen must give: Authorization: Bearer TOKEN, or as the"
                                + " password of a basic login. Needed, or TLS, where http.listen is no address of the"
                                + " loopback. Read again on SIGHUP.")
                .define(
                        "http.tls.certificate-file",
                        STRING,
                        "",
                        Checks.path(),
                        MEDIUM,
                        "PEM file with the certificate of http.listen and those between it and the authority. With it"
                                + " other hosts must use https://. Read again on SIGHUP.")
                .define(
                        "http.tls.key-file",
                        STRING,
                        "",
                        Checks.path(),
                        MEDIUM,
                        "PEM file with the certificate's private key: PKCS#8, not encrypted; RSA, EC or Ed25519. Read again"
                                + " on SIGHUP.")
                .define(
                        "log.level",
                        STRING,
                        "info",
                        Checks.logLevel(),
                        LOW,
                        "The least severe messages that run logs. SIGHUP changes it in a running collector.")
                .define(
                        "log.format",
                        STRING,
                        "text",
                        Checks.logFormat(),
                        LOW,
                        "Form of each line of run's log, on stderr. SIGHUP changes it in a running collector.")
                .define("host.id", STRING, "", Checks.hostId(), HIGH, "Name of this host in every record.")
                .define("heartbeat.interval-seconds", INT, 10, atLeast(1), LOW, "Interval between HEARTBEAT records.")
                .define(
                        "shutdown.timeout-seconds",
                        INT,
                        5,
                        between(1, 3600),
                        LOW,
                        "How long a stop may take to publish all received events.");
    }
}
