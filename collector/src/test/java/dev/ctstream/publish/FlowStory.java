package dev.ctstream.publish;

import dev.ctstream.record.EventRecords;
import dev.ctstream.record.Schemas;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericRecord;
import org.jspecify.annotations.Nullable;

/**
 * Three minutes of zone 7, with answers that are known. Client A is translated to 198.51.100.1 port 61000 and ends; client
 * B lives on; a scanner tries {@value #SCANNED} ports of one server within 15 s; client C makes three connections.
 */
final class FlowStory {
    static final int ZONE = 7;
    static final String HOST = "h";
    static final int SCANNED = 150;
    static final int OTHERS = 3;
    /** 2023-11-14T22:13:00Z. */
    static final long BEGIN_MILLIS = 1_699_999_980_000L;

    static final long A_BYTES = 24_000;
    static final long SHORT_BYTES = 80;
    static final int FINISHED = 1 + SCANNED + OTHERS;

    private static final int EVENTS_IN_A_BATCH = 20;

    private record Flow(String source, int sourcePort, String destination, int destinationPort) {}

    private record Counters(long original, long reply) {}

    private record Step(long millis, int flow, GenericRecord event) {}

    private final List<Step> steps = new ArrayList<>();
    private int flows;

    private FlowStory() {
        int a = open(new Flow("10.0.0.1", 40_000, "192.0.2.10", 443), 0, "NEW");
        later(a, 60_000, "INTERIM", new Counters(1_000, 5_000));
        later(a, 120_000, "INTERIM", new Counters(3_000, 15_000));
        later(a, 150_000, "DESTROY", new Counters(4_000, 20_000));
        steps.forEach(step -> {
            step.event().put("reply_destination_address", "198.51.100.1");
            step.event().put("reply_destination_port", 61_000);
            step.event().put("nat", "source");
        });
        int b = open(new Flow("10.0.0.2", 40_001, "192.0.2.10", 443), 1_000, "EXISTING");
        later(b, 61_000, "INTERIM", new Counters(700, 800));
        for (int i = 0; i < SCANNED; i++) {
            shortFlow(new Flow("10.0.0.66", 50_000 + i, "192.0.2.20", 1 + i), 10_000 + 100L * i);
        }
        for (int i = 0; i < OTHERS; i++) {
            shortFlow(new Flow("10.0.0.3", 41_000 + i, "192.0.2.20", 80), 20_000 + 1_000L * i);
        }
    }

    private void shortFlow(Flow flow, long millis) {
        later(open(flow, millis, "NEW"), millis + 5_000, "DESTROY", new Counters(SHORT_BYTES / 2, SHORT_BYTES / 2));
    }

    private int open(Flow flow, long millis, String type) {
        add(++flows, flow, millis, type, null);
        return flows;
    }

    private void later(int flow, long millis, String type, Counters counters) {
        GenericRecord first = steps.stream()
                .filter(step -> step.flow() == flow)
                .findFirst()
                .orElseThrow()
                .event();
        Flow same = new Flow(
                (String) first.get("source_address"),
                (Integer) first.get("source_port"),
                (String) first.get("destination_address"),
                (Integer) first.get("destination_port"));
        GenericRecord event = add(flow, same, millis, type, counters);
        long duration = millis - ((Long) first.get("event_time") - BEGIN_MILLIS);
        event.put("duration_ns", type.equals("DESTROY") ? TimeUnit.MILLISECONDS.toNanos(duration) : null);
        event.put("end_reason", type.equals("DESTROY") ? "expired" : null);
    }

    private GenericRecord add(int number, Flow flow, long millis, String type, @Nullable Counters counters) {
        GenericRecord event = EventRecords.event(0, type);
        event.put("ct_id", (long) number);
        event.put("origin", type.equals("INTERIM") || type.equals("EXISTING") ? "dump" : "kernel");
        event.put("event_time", BEGIN_MILLIS + millis);
        event.put("received_time_ns", TimeUnit.MILLISECONDS.toNanos(BEGIN_MILLIS + millis));
        event.put("source_address", flow.source());
        event.put("source_port", flow.sourcePort());
        event.put("destination_address", flow.destination());
        event.put("destination_port", flow.destinationPort());
        event.put("reply_source_address", flow.destination());
        event.put("reply_source_port", flow.destinationPort());
        event.put("reply_destination_address", flow.source());
        event.put("reply_destination_port", flow.sourcePort());
        if (counters != null) {
            event.put("bytes_original", counters.original());
            event.put("bytes_reply", counters.reply());
        }
        steps.add(new Step(millis, number, event));
        return event;
    }

    /** The events in order, with their sequences and those of their begins. */
    static List<GenericRecord> events() {
        FlowStory story = new FlowStory();
        List<Step> order = new ArrayList<>(story.steps);
        order.sort(Comparator.comparingLong(Step::millis));
        long[] begins = new long[story.flows + 1];
        List<GenericRecord> events = new ArrayList<>();
        for (Step step : order) {
            long sequence = events.size();
            step.event().put("sequence", sequence);
            if (step.event().get("bytes_original") == null) {
                begins[step.flow()] = sequence;
            } else {
                step.event().put("begin_sequence", begins[step.flow()]);
            }
            events.add(step.event());
        }
        return events;
    }

    /** The events as records of a layout. */
    static List<GenericRecord> records(Layout layout) {
        List<GenericRecord> events = events();
        List<GenericRecord> records = new ArrayList<>();
        int size = layout == Layout.BATCH ? EVENTS_IN_A_BATCH : 1;
        for (int i = 0; i < events.size(); i += size) {
            GenericRecord batch = EventRecords.batch(ZONE, events.subList(i, Math.min(events.size(), i + size)));
            batch.put("host_id", HOST);
            records.add(layout == Layout.BATCH ? timed(batch) : flat(batch, events.get(i)));
        }
        return records;
    }

    private static GenericRecord timed(GenericRecord batch) {
        List<?> events = (List<?>) batch.get("events");
        batch.put("first_event_time", ((GenericRecord) events.get(0)).get("event_time"));
        batch.put("last_event_time", ((GenericRecord) events.get(events.size() - 1)).get("event_time"));
        return batch;
    }

    private static GenericRecord flat(GenericRecord batch, GenericRecord event) {
        GenericRecord flat = new GenericData.Record(Schemas.FLAT);
        for (Schema.Field field : Schemas.FLAT.getFields()) {
            flat.put(
                    field.pos(),
                    Schemas.EVENT.getField(field.name()) == null ? batch.get(field.name()) : event.get(field.name()));
        }
        return flat;
    }
}
