package dev.ctstream.record;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.TreeMap;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.generic.GenericRecordBuilder;
import org.jspecify.annotations.Nullable;

/** The records that collector runs write to both topics, as lists that a test may change. */
public final class Recorded {
    public static final long EPOCH = 1_700_000_000_000_000_000L;
    public static final long HEARTBEAT_MILLIS = 10_000;
    private static final Schema POSITION = itemOf("streams");
    private static final Schema RANGE = itemOf("ranges");

    private static Schema itemOf(String field) {
        return Schemas.CONTROL.getField(field).schema().getTypes().get(1).getElementType();
    }

    /** A record and its partition. */
    public record Placed(int partition, GenericRecord record) {}

    public final List<Placed> events = new ArrayList<>();
    public final List<Placed> control = new ArrayList<>();

    /** One run of the collector in one namespace; numbers its own control records. */
    public final class Run {
        final String netns;
        final String netnsId;
        final String bootId;
        final long epoch;
        private long controlSequence;
        private long reports;
        private long logIndex;
        private long acknowledgedBelow = Long.MAX_VALUE;

        public Run(String netns, String bootId, long epoch) {
            this(netns, "1", bootId, epoch);
        }

        public Run(String netns, String netnsId, String bootId, long epoch) {
            this.netns = netns;
            this.netnsId = netnsId;
            this.bootId = bootId;
            this.epoch = epoch;
        }

        /** From now on, control records acknowledge only what is below this log_index; without this call, everything. */
        public Run acknowledging(long below) {
            acknowledgedBelow = below;
            return this;
        }

        public long epoch() {
            return epoch;
        }

        /** The log_index of the next record or batch. */
        public long logIndex() {
            return logIndex;
        }

        /** A control record with these fields. */
        public GenericRecord control(String kind, Map<String, ?> fields) {
            GenericRecordBuilder builder = new GenericRecordBuilder(Schemas.CONTROL)
                    .set("host_id", "h")
                    .set("boot_id", bootId)
                    .set("netns", netns)
                    .set("stream_epoch", epoch)
                    .set("control_sequence", controlSequence++)
                    .set("kind", kind)
                    .set("time", epoch / 1_000_000 + controlSequence * HEARTBEAT_MILLIS)
                    .set("host_name", "web-1")
                    .set("netns_id", netnsId);
            if (!kind.equals("OPERATOR")) {
                builder.set("acknowledged_epoch", epoch)
                        .set("acknowledged_log_index", Math.min(logIndex, acknowledgedBelow))
                        .set("log_index", logIndex++);
            }
            fields.forEach(builder::set);
            GenericRecord record = builder.build();
            control.add(new Placed(0, record));
            return record;
        }

        public Run started() {
            control("STARTED", Map.of("reason", "start"));
            return this;
        }

        /** STARTED of a run after one that ended cleanly. */
        public Run startedAfterEnd(Run previous) {
            control("STARTED", Map.of("preceding_epoch", previous.epoch, "preceding_boot_id", previous.bootId));
            return this;
        }

        /** STARTED of a run after one that ended uncleanly, and its GAP. */
        public Run startedAfter(Run previous) {
            control(
                    "STARTED",
                    Map.of(
                            "previous_epoch",
                            previous.epoch,
                            "previous_boot_id",
                            previous.bootId,
                            "preceding_epoch",
                            previous.epoch,
                            "preceding_boot_id",
                            previous.bootId));
            control(
                    "GAP",
                    Map.of(
                            "cause",
                            "restart",
                            "gap_stream",
                            "events",
                            "gap_host_id",
                            "h",
                            "gap_stream_epoch",
                            previous.epoch,
                            "gap_boot_id",
                            previous.bootId,
                            "gap_netns",
                            netns,
                            "gap_netns_id",
                            netnsId,
                            "window_start_ns",
                            epoch - 1000,
                            "window_end_ns",
                            epoch));
            return this;
        }

        /** A report that lists all streams, with the next sequence by zone. */
        public GenericRecord report(String kind, long lostTotal, Map<Integer, Long> next) {
            return control(
                    kind,
                    Map.of(
                            "report_id",
                            reports++,
                            "report_part",
                            0,
                            "report_parts",
                            1,
                            "events_sequenced",
                            next.values().stream().mapToLong(Long::longValue).sum(),
                            "stream_count",
                            next.size(),
                            "streams",
                            positions(next),
                            "streams_complete",
                            kind.equals("STOPPED"),
                            "lost_total",
                            lostTotal));
        }

        public GenericRecord gap(String cause, int zone, long first, long last) {
            return gap(cause, range(zone, first, last));
        }

        /** A GAP with these ranges. */
        public GenericRecord gap(String cause, GenericRecord... ranges) {
            Map<String, Object> fields =
                    new HashMap<>(Map.of("cause", cause, "gap_stream", "events", "ranges", List.of(ranges)));
            long count = 0;
            for (GenericRecord range : ranges) {
                count += range.get("count") instanceof Long number ? number : 0;
            }
            fields.put("lost_count", count);
            return control("GAP", fields);
        }

        public GenericRecord kernelGap(long count) {
            return control(
                    "GAP", Map.of("cause", "kernel", "gap_stream", "events", "lost_count", count, "loss_exact", true));
        }

        public GenericRecord snapshotEnd(long id, boolean complete, long entries, Map<Integer, Long> next) {
            return control(
                    "SNAPSHOT_END",
                    Map.of(
                            "snapshot_id",
                            id,
                            "entries",
                            entries,
                            "snapshot_complete",
                            complete,
                            "report_part",
                            0,
                            "report_parts",
                            1,
                            "streams",
                            positions(next)));
        }

        /** A batch of a zone. */
        public GenericRecord batch(int zone, long lostTotal, GenericRecord... items) {
            GenericRecord record = new GenericRecordBuilder(Schemas.BATCH)
                    .set("host_id", "h")
                    .set("boot_id", bootId)
                    .set("netns", netns)
                    .set("ct_zone", zone)
                    .set("stream_epoch", epoch)
                    .set("lost_total", lostTotal)
                    .set("host_name", "web-1")
                    .set("netns_id", netnsId)
                    .set("log_index", logIndex++)
                    .set("batch_first_sequence", items[0].get("sequence"))
                    .set("batch_event_count", items.length)
                    .set("first_event_time", items[0].get("event_time"))
                    .set("last_event_time", items[items.length - 1].get("event_time"))
                    .set("events", List.of(items))
                    .build();
            events.add(new Placed(zone % 4, record));
            return record;
        }

        /** A batch of NEW events; flow n has sequence n. */
        public GenericRecord opened(int zone, long first, long last) {
            GenericRecord[] items = new GenericRecord[(int) (last - first + 1)];
            for (int i = 0; i < items.length; i++) {
                items[i] = event(first + i, "NEW", first + i);
            }
            return batch(zone, 0, items);
        }
    }

    public Run run(long number) {
        return new Run("host", "b", EPOCH + number);
    }

    public static GenericRecord event(long sequence, String type, long flow) {
        return event(sequence, type, flow, "kernel", null);
    }

    public static GenericRecord inferred(long sequence, long flow) {
        return event(sequence, "DESTROY", flow, "inferred", null);
    }

    public static GenericRecord existing(long sequence, long flow, long snapshot) {
        return event(sequence, "EXISTING", flow, "dump", snapshot);
    }

    private static GenericRecord event(long sequence, String type, long flow, String origin, @Nullable Long snapshot) {
        return EventRecords.fill(new GenericRecordBuilder(Schemas.EVENT), sequence, type)
                .set("ct_id", flow)
                .set("origin", origin)
                .set("snapshot_id", snapshot)
                .build();
    }

    /** A range of a GAP. Zone null = control records; last null = unknown end. */
    public static GenericRecord range(@Nullable Integer zone, long first, @Nullable Long last) {
        GenericData.Record range = new GenericData.Record(RANGE);
        range.put("ct_zone", zone);
        range.put("first_sequence", first);
        range.put("last_sequence", last);
        range.put("count", last == null ? null : last - first + 1);
        return range;
    }

    private static List<GenericRecord> positions(Map<Integer, Long> next) {
        List<GenericRecord> positions = new ArrayList<>();
        new TreeMap<>(next).forEach((zone, sequence) -> {
            GenericData.Record position = new GenericData.Record(POSITION);
            position.put("ct_zone", zone);
            position.put("next_sequence", sequence);
            positions.add(position);
        });
        return positions;
    }

    /** Receives an event and its partition. */
    public interface Taker {
        void take(DecodedRecord event, int partition) throws IOException;
    }

    public static void feed(RecordDecoder decoder, List<Placed> records, Taker taker) {
        for (Placed placed : records) {
            try {
                decoder.decode(EventRecords.singleObject(placed.record), OptionalLong.empty(), event -> {
                    taker.take(event, placed.partition);
                    return true;
                });
            } catch (RecordException e) {
                throw new IllegalStateException(e);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
