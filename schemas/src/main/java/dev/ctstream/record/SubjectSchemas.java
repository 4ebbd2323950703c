package dev.ctstream.record;

import dev.ctstream.record.RegistryException.Kind;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.apache.avro.Schema;
import org.apache.avro.SchemaCompatibility;
import org.apache.avro.SchemaCompatibility.SchemaCompatibilityType;
import org.jspecify.annotations.Nullable;

/**
 * The schemas that a writer uses, under the subjects of its topics: {@code TOPIC-value}. A subject that holds another
 * record, or a schema that does not fit ours in both directions, is an error, whatever compatibility the registry demands.
 *
 * <p>Threads: any; a call waits for the registry.
 */
public final class SubjectSchemas {
    /** Whether a missing schema is registered; the default is true. */
    public static final String AUTO_REGISTER = RegistrySettings.PREFIX + "auto.register.schemas";

    /** What the registry demands of a subject that we make. */
    static final String COMPATIBILITY = "FULL_TRANSITIVE";

    private final SchemaRegistry registry;
    private final boolean register;

    /**
     * The schemas in a registry.
     *
     * @param register whether a missing schema is registered, or is an error
     */
    public SubjectSchemas(SchemaRegistry registry, boolean register) {
        this.registry = registry;
        this.register = register;
    }

    /** The value of {@link #AUTO_REGISTER} among a client's settings. */
    static boolean mayRegister(Map<String, ?> settings) {
        Object value = settings.get(AUTO_REGISTER);
        return value == null || Boolean.parseBoolean(value.toString());
    }

    /** The subject of a topic's values. */
    public static String subject(String topic) {
        return topic + "-value";
    }

    /**
     * The id of a schema under the topic's subject. Registers it if it is missing and may be; a subject that is new then
     * gets the compatibility FULL_TRANSITIVE, if the registry permits that.
     */
    public int id(String topic, Schema schema) throws RegistryException, InterruptedException {
        String subject = subject(topic);
        OptionalInt known = known(subject, schema);
        if (known.isPresent()) {
            return known.getAsInt();
        }
        boolean fresh = require(subject, schema) == null;
        if (!register) {
            throw new RegistryException(
                    Kind.UNKNOWN,
                    "schema registry " + registry + " does not have " + schema.getName() + " in subject " + subject
                            + ", and " + AUTO_REGISTER + "=false; register the file " + schema.getName()
                            + ".avsc there");
        }
        int id = registered(subject, schema);
        if (fresh) {
            try {
                registry.setCompatibility(subject, COMPATIBILITY);
            } catch (RegistryException e) {
                return id; // the registry's own rule holds then
            }
        }
        return id;
    }

    /** Adds a schema that is missing. A registry that does not permit this has answered: nobody could read the records. */
    private int registered(String subject, Schema schema) throws RegistryException, InterruptedException {
        try {
            return registry.register(subject, schema);
        } catch (RegistryException e) {
            if (e.kind() != Kind.CREDENTIALS) {
                throw e;
            }
            throw new RegistryException(
                    Kind.UNKNOWN,
                    schema.getName() + " is missing in subject " + subject + " and cannot be registered: "
                            + e.getMessage() + ", or have the file " + schema.getName()
                            + ".avsc registered by its owner",
                    e);
        }
    }

    /**
     * The id of a schema under the topic's subject; changes nothing.
     *
     * @return empty when it is missing and could be registered
     */
    public OptionalInt find(String topic, Schema schema) throws RegistryException, InterruptedException {
        String subject = subject(topic);
        OptionalInt known = known(subject, schema);
        if (known.isEmpty() && require(subject, schema) != null && !registry.isCompatible(subject, schema)) {
            throw new RegistryException(
                    Kind.REFUSED,
                    "schema registry " + registry + " would refuse " + schema.getName() + " in subject " + subject
                            + "; compare its versions with this one, or use another topic");
        }
        return known;
    }

    private OptionalInt known(String subject, Schema schema) throws RegistryException, InterruptedException {
        return registry.lookUp(subject, schema);
    }

    /** The newest version of the subject, which must fit; null = there is no such subject. */
    private SchemaRegistry.@Nullable Version require(String subject, Schema schema)
            throws RegistryException, InterruptedException {
        Optional<SchemaRegistry.Version> latest = registry.latest(subject);
        if (latest.isEmpty()) {
            return null;
        }
        SchemaRegistry.Version version = latest.get();
        String held = "subject " + subject + " of schema registry " + registry + " holds ";
        String where = " (version " + version.version() + ", id " + Integer.toUnsignedString(version.id()) + ")";
        String remedy = "; give ctstream a topic of its own, or delete the subject if nothing else uses it";
        if (!version.schema().getFullName().equals(schema.getFullName())) {
            throw new RegistryException(
                    Kind.REFUSED,
                    held + "another record, "
                            + PrintableText.of(version.schema().getFullName()) + where + ", not " + schema.getFullName()
                            + remedy);
        }
        if (!reads(version.schema(), schema) || !reads(schema, version.schema())) {
            throw new RegistryException(
                    Kind.REFUSED,
                    held + "a " + schema.getFullName() + where + " that does not fit this version's in both directions"
                            + remedy);
        }
        return version;
    }

    private static boolean reads(Schema reader, Schema writer) {
        return SchemaCompatibility.checkReaderWriterCompatibility(reader, writer)
                        .getType()
                == SchemaCompatibilityType.COMPATIBLE;
    }
}
