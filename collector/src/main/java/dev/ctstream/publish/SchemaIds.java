package dev.ctstream.publish;

import dev.ctstream.metrics.Check;
import dev.ctstream.record.Framing;
import dev.ctstream.record.RegistryException;
import dev.ctstream.record.Schemas;
import dev.ctstream.record.SubjectSchemas;
import dev.ctstream.spool.SchemaIdsFile;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.apache.avro.Schema;

/**
 * The ids of the schemas of our records in the registry, which {@code record.framing=confluent} puts before each datum.
 *
 * @param events of the event topic's records
 * @param control of the control topic's records
 * @param silence why the registry has not said so just now, and the ids are those of its earlier answer; empty = it has
 */
record SchemaIds(int events, int control, String silence) {
    /** Those of the framings that need none. */
    static final SchemaIds NONE = new SchemaIds(Framing.NO_ID, Framing.NO_ID, "");

    private static final String CHECK = "schema registry";
    private static final String WANTED = "the schemas of this version, so that readers find them by their ids";

    /** Whether the registry itself has said so in this run. */
    boolean confirmed() {
        return silence.isEmpty();
    }

    /** Whether records look the same with these. */
    boolean same(SchemaIds other) {
        return events == other.events && control == other.control;
    }

    /** The schema of the event topic's records. */
    static Schema ofEvents(PublishConfig config) {
        return config.records().layout() == Layout.EVENT ? Schemas.FLAT : Schemas.BATCH;
    }

    /**
     * Asks the registry, and registers what is missing if that is configured. When it does not answer, the ids that it has
     * given before are used. Waits some seconds at most; an interrupt ends the wait.
     *
     * @throws KafkaUnreadyException when it does not answer and the ids are not known, or when a subject does not fit
     */
    static SchemaIds ask(PublishConfig config) throws KafkaUnreadyException, InterruptedException {
        return ask(config, true);
    }

    /**
     * As {@link #ask}, for a command that writes control records only. Asks for nothing else, and keeps nothing: the file
     * belongs to the collector's user.
     */
    static SchemaIds askForControl(PublishConfig config) throws KafkaUnreadyException, InterruptedException {
        return ask(config, false);
    }

    private static SchemaIds ask(PublishConfig config, boolean ofCollector)
            throws KafkaUnreadyException, InterruptedException {
        if (config.registry().isEmpty()) {
            return NONE;
        }
        RegistryConfig registry = config.registry().get();
        SchemaIdsFile file = new SchemaIdsFile(registry.directory());
        SchemaIdsFile.Key events = key(registry, config.topics().events(), ofEvents(config));
        SchemaIdsFile.Key control = key(registry, config.topics().control(), Schemas.CONTROL);
        try {
            SubjectSchemas schemas = registry.schemas();
            int eventsId = ofCollector ? schemas.id(config.topics().events(), ofEvents(config)) : Framing.NO_ID;
            int controlId = schemas.id(config.topics().control(), Schemas.CONTROL);
            if (ofCollector) {
                Map<SchemaIdsFile.Key, Integer> found = new HashMap<>();
                found.put(events, eventsId);
                found.put(control, controlId);
                file.keep(found);
            }
            return new SchemaIds(eventsId, controlId, "");
        } catch (RegistryException e) {
            OptionalInt eventsId = ofCollector ? file.id(events) : OptionalInt.of(Framing.NO_ID);
            OptionalInt controlId = file.id(control);
            if (e.isAnswer() || eventsId.isEmpty() || controlId.isEmpty()) {
                throw new KafkaUnreadyException(String.valueOf(e.getMessage()), e);
            }
            return new SchemaIds(eventsId.getAsInt(), controlId.getAsInt(), String.valueOf(e.getMessage()));
        }
    }

    private static SchemaIdsFile.Key key(RegistryConfig registry, String topic, Schema schema) {
        return new SchemaIdsFile.Key(registry.addresses(), SubjectSchemas.subject(topic), Schemas.fingerprint(schema));
    }

    /** Looks whether the registry has the schemas or would take them; changes nothing. Takes some seconds at most. */
    static List<Check> check(PublishConfig config) throws InterruptedException {
        List<Check> checks = new ArrayList<>();
        if (config.registry().isPresent()) {
            RegistryConfig registry = config.registry().get();
            SubjectSchemas schemas = registry.schemas();
            Check events = check(registry, schemas, config.topics().events(), ofEvents(config));
            checks.add(events);
            if (!events.failed()) {
                checks.add(check(registry, schemas, config.topics().control(), Schemas.CONTROL));
            }
        }
        return checks;
    }

    /** The check of a registry that has not answered all questions in time. */
    static Check late(PublishConfig config) {
        String scope = config.registry().map(RegistryConfig::addresses).orElse("");
        return Check.fail(CHECK, scope, "has not answered in time", WANTED, "look at its load and at its log");
    }

    private static Check check(RegistryConfig registry, SubjectSchemas schemas, String topic, Schema schema)
            throws InterruptedException {
        String subject = SubjectSchemas.subject(topic);
        String scope = "subject " + subject;
        try {
            OptionalInt id = schemas.find(topic, schema);
            if (id.isPresent()) {
                return Check.ok(CHECK, scope, registry.addresses() + " has it with id " + id.getAsInt(), WANTED);
            }
            String missing = registry.addresses() + " does not have " + schema.getName();
            return registry.register()
                    ? Check.ok(CHECK, scope, missing + " yet; the collector registers it", WANTED)
                    : Check.fail(
                            CHECK,
                            scope,
                            missing,
                            WANTED,
                            "register " + schema.getName() + ".avsc there, or set " + SubjectSchemas.AUTO_REGISTER
                                    + "=true");
        } catch (RegistryException e) {
            OptionalInt known = e.isAnswer()
                    ? OptionalInt.empty()
                    : new SchemaIdsFile(registry.directory()).id(key(registry, topic, schema));
            Check.Result result = known.isPresent() ? Check.Result.WARN : Check.Result.FAIL;
            return Check.said(result, CHECK, scope, String.valueOf(e.getMessage()), WANTED);
        }
    }
}
