package dev.ctstream.bench;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.github.luben.zstd.Zstd;
import dev.ctstream.record.Schemas;
import dev.ctstream.segment.BatchEnvelope;
import dev.ctstream.spool.SpoolReader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.DecoderFactory;
import org.apache.avro.io.EncoderFactory;
import org.jspecify.annotations.Nullable;

/**
 * Cost of each field of an event in Kafka: its bytes in Avro, and how much smaller a compressed record gets when the
 * field is null, 0 or empty in all its events. The shares do not add up to the whole, because fields are correlated and
 * compression uses that. The events come from a spool, such as the one that {@code ctstream bench --readers spool}
 * leaves; each record is compressed separately, with zstd at level 1.
 *
 * <pre>mvn -Pbench -DskipTests test -Dbench.main=dev.ctstream.bench.FieldCost -Djmh.args='SPOOL-DIRECTORY [JSON-FILE]'</pre>
 */
public final class FieldCost {
    /** 160 records of 128 events, 40 of 512. */
    private static final int EVENTS = 20_480;

    private static final int[] BATCHES = {128, 512};
    private static final int ZSTD_LEVEL = 1;

    private final List<GenericRecord> events = new ArrayList<>();
    private GenericRecord head = new GenericData.Record(Schemas.BATCH);

    private FieldCost() {}

    /** Prints a Markdown table and writes the same data as JSON. */
    public static void main(String[] arguments) throws IOException {
        FieldCost cost = new FieldCost();
        cost.read(Path.of(arguments[0]));
        ObjectNode json = cost.measure();
        if (arguments.length > 1) {
            Files.writeString(Path.of(arguments[1]), json.toPrettyString() + "\n");
        }
    }

    /** Reads the first events of the spool. */
    private void read(Path directory) throws IOException {
        GenericDatumReader<GenericRecord> datum = new GenericDatumReader<>(Schemas.BATCH);
        try (SpoolReader spool = SpoolReader.segments(directory)) {
            while (spool.next() && events.size() < EVENTS) {
                ByteBuffer body = spool.body();
                byte[] bytes = new byte[body.remaining()];
                body.duplicate().get(bytes);
                if (spool.envelope().kind() == BatchEnvelope.EVENTS) {
                    head = datum.read(null, DecoderFactory.get().binaryDecoder(bytes, null));
                    for (Object event : (List<?>) head.get("events")) {
                        events.add((GenericRecord) event);
                    }
                }
            }
        }
        if (events.size() < EVENTS) {
            throw new IOException(directory + " holds " + events.size() + " events; " + EVENTS + " are needed");
        }
        events.subList(EVENTS, events.size()).clear();
    }

    private ObjectNode measure() throws IOException {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        long begun = events.stream()
                .filter(event -> event.get("event_type").toString().equals("NEW"))
                .count();
        json.put("events", events.size()).put("new_events", begun);
        System.out.println("| field | present, per cent | Avro, B/event | zstd, 128 events a record, B/event | 512 |");
        System.out.println("|---|---|---|---|---|");
        double[] whole = {compressed(BATCHES[0]), compressed(BATCHES[1])};
        double encoded = encoded(Schemas.EVENT, new ArrayList<>(events));
        print(json.putObject("event"), new Row("the whole event", 100, encoded, whole[0], whole[1]));
        ObjectNode fields = json.putObject("fields");
        for (Schema.Field field : Schemas.EVENT.getFields()) {
            List<Object> values = new ArrayList<>();
            events.forEach(event -> values.add(event.get(field.pos())));
            double present =
                    100.0 * values.stream().filter(value -> value != null).count() / values.size();
            double bytes = encoded(field.schema(), values);
            events.forEach(event -> event.put(field.pos(), nothing(field.schema())));
            double small = compressed(BATCHES[0]);
            double large = compressed(BATCHES[1]);
            for (int i = 0; i < values.size(); i++) {
                events.get(i).put(field.pos(), values.get(i));
            }
            Row row = new Row(field.name(), present, bytes, whole[0] - small, whole[1] - large);
            print(fields.putObject(field.name()), row);
        }
        long absent = fields.valueStream()
                .filter(field -> field.path("present_percent").asDouble() == 0)
                .count();
        System.out.printf(Locale.ROOT, "| the %d that no event has, each | 0 | 1.00 | 0.00 | 0.00 |%n", absent);
        return json;
    }

    private record Row(String name, double present, double encoded, double small, double large) {}

    private static void print(ObjectNode json, Row row) {
        if (row.present() > 0) {
            System.out.printf(
                    Locale.ROOT,
                    "| %s | %.0f | %.2f | %.2f | %.2f |%n",
                    row.name(),
                    row.present(),
                    row.encoded(),
                    row.small(),
                    row.large());
        }
        Map.of(
                        "present_percent", row.present(),
                        "avro_bytes_per_event", row.encoded(),
                        "zstd_128_bytes_per_event", row.small(),
                        "zstd_512_bytes_per_event", row.large())
                .forEach(json::put);
    }

    /** The smallest value of a schema. */
    private static @Nullable Object nothing(Schema schema) {
        return switch (schema.getType()) {
            case UNION -> null;
            case INT -> 0;
            case LONG -> 0L;
            case STRING -> "";
            default -> throw new IllegalArgumentException(schema.toString());
        };
    }

    /** Average size of the values in Avro, in bytes. */
    private static double encoded(Schema schema, List<Object> values) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        GenericDatumWriter<Object> writer = new GenericDatumWriter<>(schema);
        BinaryEncoder encoder = EncoderFactory.get().binaryEncoder(out, null);
        for (Object value : values) {
            writer.write(value, encoder);
        }
        encoder.flush();
        return (double) out.size() / values.size();
    }

    /** Bytes per event in compressed records of {@code eventsEach} events. */
    private double compressed(int eventsEach) throws IOException {
        GenericDatumWriter<GenericRecord> writer = new GenericDatumWriter<>(Schemas.BATCH);
        long sum = 0;
        for (int from = 0; from < events.size(); from += eventsEach) {
            GenericRecord batch = new GenericData.Record((GenericData.Record) head, false);
            batch.put("events", events.subList(from, from + eventsEach));
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            BinaryEncoder encoder = EncoderFactory.get().binaryEncoder(out, null);
            writer.write(batch, encoder);
            encoder.flush();
            sum += Zstd.compress(out.toByteArray(), ZSTD_LEVEL).length;
        }
        return (double) sum / events.size();
    }
}
