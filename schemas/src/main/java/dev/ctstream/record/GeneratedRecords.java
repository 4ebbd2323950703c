package dev.ctstream.record;

import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import org.apache.avro.Schema;
import org.apache.avro.data.TimeConversions;
import org.apache.avro.specific.SpecificData;
import org.jspecify.annotations.Nullable;

/**
 * Finds the generated class of each of our records by itself. Avro's own look-up refuses every class outside the packages
 * of a system property ({@code org.apache.avro.SERIALIZABLE_PACKAGES}, since 1.12), which a consumer would have to set.
 *
 * <p>Only classes of this package that Avro generated are found, whatever a writer's schema names.
 *
 * <p>The generated classes use it too (src/main/templates), so {@code ConntrackBatch.getDecoder()} and {@code new
 * SpecificDatumReader<>(ConntrackBatch.class)} need no property either. They are compiled before all other classes: this one
 * must not use any other of ours.
 *
 * <p>Threads: any.
 */
final class GeneratedRecords extends SpecificData {
    static final GeneratedRecords DATA = new GeneratedRecords();

    private static final String NAMESPACE = GeneratedRecords.class.getPackageName();
    private static final String PREFIX = "Conntrack";

    private final ConcurrentMap<String, Class<?>> classes = new ConcurrentHashMap<>();

    /** The model of one generated class, which adds the conversions that it needs. */
    GeneratedRecords() {
        super(GeneratedRecords.class.getClassLoader());
        addLogicalTypeConversion(new TimeConversions.TimestampMillisConversion());
    }

    @Override
    @SuppressWarnings("rawtypes") // as Avro declares it
    public @Nullable Class getClass(Schema schema) {
        boolean ours = schema.getType() == Schema.Type.RECORD
                && NAMESPACE.equals(schema.getNamespace())
                && schema.getName().startsWith(PREFIX);
        return ours ? classes.computeIfAbsent(schema.getFullName(), GeneratedRecords::load) : super.getClass(schema);
    }

    private static Class<?> load(String name) {
        try {
            return Class.forName(name);
        } catch (ClassNotFoundException e) {
            throw new IllegalStateException("no class was generated for " + name, e);
        }
    }
}
