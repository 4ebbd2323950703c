package dev.ctstream.spool;

import dev.ctstream.record.RunIdentity;
import dev.ctstream.record.StreamId;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.apache.avro.generic.GenericRecord;
import org.jspecify.annotations.Nullable;

/**
 * A GAP as a reader of the control topic understands it.
 *
 * @param owner run and namespace of the lost sequences; the zone is that of control records
 * @param ofEvents whether events were lost, or else control records
 * @param count lost events or records; null = no count
 * @param batches lost batches; null = not lost as batches
 */
record DeclaredGap(
        Topics.ControlFrame frame,
        String cause,
        AcknowledgedPosition.RunStream owner,
        boolean ofEvents,
        List<Range> ranges,
        @Nullable Long count,
        @Nullable Long batches) {

    /**
     * Lost sequences of one stream.
     *
     * @param next the last one plus one
     */
    record Range(AcknowledgedPosition.RunStream owner, long first, long next) {
        StreamId stream() {
            return owner.stream();
        }
    }

    static DeclaredGap of(Topics.ControlFrame frame) {
        GenericRecord fields = frame.fields();
        boolean other = fields.get("gap_stream_epoch") != null;
        String prefix = other ? "gap_" : "";
        RunIdentity run = new RunIdentity(
                frame.text(prefix + "host_id"), frame.text(prefix + "boot_id"), frame.number(prefix + "stream_epoch"));
        String netns = frame.text(prefix + "netns");
        String netnsId = frame.text(prefix + "netns_id");
        boolean ofEvents = frame.text("gap_stream").equals("events");
        List<Range> ranges = new ArrayList<>();
        if (fields.get("ranges") instanceof Collection<?> list) {
            for (Object element : list) {
                GenericRecord range = (GenericRecord) element;
                Integer zone = (Integer) range.get("ct_zone");
                StreamId stream = ofEvents
                        ? new StreamId(netns, netnsId, Objects.requireNonNull(zone))
                        : StreamId.control(netns, netnsId);
                ranges.add(new Range(
                        new AcknowledgedPosition.RunStream(run, stream),
                        (Long) range.get("first_sequence"),
                        (Long) range.get("last_sequence") + 1));
            }
        }
        return new DeclaredGap(
                frame,
                frame.text("cause"),
                new AcknowledgedPosition.RunStream(run, StreamId.control(netns, netnsId)),
                ofEvents,
                List.copyOf(ranges),
                (Long) fields.get("lost_count"),
                (Long) fields.get("lost_batches"));
    }

    /** Notes since when it declares the end of its run, if its cause is restart, ns since 1970-01-01 UTC. */
    void restartWindow(Map<Long, Long> beginByEpoch) {
        if (cause.equals("restart")) {
            beginByEpoch.merge(owner.run().streamEpoch(), frame.number("window_start_ns"), Math::min);
        }
    }

    /** Lost events; 0 when control records were lost, or there is no count. */
    long events() {
        return ofEvents && count != null ? count : 0;
    }

    /** Sum of the ranges. */
    long sequences() {
        return ranges.stream().mapToLong(range -> range.next() - range.first()).sum();
    }

    @Override
    public String toString() {
        return cause + " " + (ofEvents ? "events " : "control ") + owner + " " + ranges + " count " + count
                + " batches " + batches + " in " + frame.envelope();
    }
}
