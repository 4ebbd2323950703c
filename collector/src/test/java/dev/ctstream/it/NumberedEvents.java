package dev.ctstream.it;

import dev.ctstream.read.TopicSequences;
import dev.ctstream.record.DecodedRecord;
import dev.ctstream.record.EventHandler;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.avro.generic.GenericRecord;

/**
 * Counts, from the records alone, which events were numbered, which are in the topic and which a GAP declares. The
 * highest sequence that any record tells of a stream - an event, a GAP or a report - says how many were numbered.
 */
final class NumberedEvents {
    private final Map<String, Stream> streams = new TreeMap<>();
    private final Map<String, BitSet> controlSequences = new TreeMap<>();
    private final Map<String, Integer> kinds = new TreeMap<>();
    private long kernelLosses;

    private static final class Stream {
        private final BitSet there = new BitSet();
        private final BitSet declared = new BitSet();
        private long next;

        private void reaches(long sequence) {
            next = Math.max(next, sequence);
        }
    }

    private NumberedEvents() {}

    /** Reads both topics to their current ends. */
    static NumberedEvents read(String bootstrapServers) throws Exception {
        NumberedEvents events = new NumberedEvents();
        TopicSequences.walk(bootstrapServers, "conntrack.events", handler(events::event));
        TopicSequences.walk(bootstrapServers, "conntrack.control", handler(events::control));
        return events;
    }

    private interface Take {
        void take(DecodedRecord record);
    }

    private static EventHandler handler(Take take) {
        return record -> {
            take.take(record);
            return true;
        };
    }

    private Stream stream(String name) {
        return streams.computeIfAbsent(name, unseen -> new Stream());
    }

    private static long number(DecodedRecord record, String field) {
        return record.number(field).orElseThrow();
    }

    private static String run(DecodedRecord record, String prefix) {
        return record.text(prefix + "host_id") + "/" + record.text(prefix + "boot_id") + "/"
                + number(record, prefix + "stream_epoch") + "/" + record.text(prefix + "netns_id") + "/";
    }

    private void event(DecodedRecord event) {
        Stream stream = stream(run(event, "") + event.zone());
        long sequence = number(event, "sequence");
        stream.there.set((int) sequence);
        stream.reaches(sequence + 1);
    }

    private void control(DecodedRecord record) {
        String own = run(record, "");
        kinds.merge(record.text("kind") + cause(record), 1, Integer::sum);
        controlSequences.computeIfAbsent(own, unseen -> new BitSet()).set((int) number(record, "control_sequence"));
        if (record.value("streams") instanceof List<?> positions) {
            for (Object position : positions) {
                GenericRecord fields = (GenericRecord) position;
                stream(own + fields.get("ct_zone")).reaches((Long) fields.get("next_sequence"));
            }
        }
        if (record.text("kind").equals("GAP")) {
            gap(record, own);
        }
    }

    private static String cause(DecodedRecord record) {
        return record.value("cause") == null ? "" : " " + record.text("cause");
    }

    private void gap(DecodedRecord gap, String own) {
        if (gap.text("cause").equals("kernel")) {
            kernelLosses += number(gap, "lost_count");
        }
        String loser = gap.number("gap_stream_epoch").isPresent() ? run(gap, "gap_") : own;
        if (!(gap.value("ranges") instanceof List<?> ranges)) {
            return;
        }
        boolean events = gap.text("gap_stream").equals("events");
        for (Object range : ranges) {
            GenericRecord fields = (GenericRecord) range;
            long first = (Long) fields.get("first_sequence");
            long next = (Long) fields.get("last_sequence") + 1;
            if (events) {
                Stream stream = stream(loser + fields.get("ct_zone"));
                stream.declared.set((int) first, (int) next);
                stream.reaches(next);
            } else {
                controlSequences.computeIfAbsent(loser, unseen -> new BitSet()).set((int) first, (int) next);
            }
        }
    }

    /** Events that were numbered. */
    long numbered() {
        return streams.values().stream().mapToLong(stream -> stream.next).sum();
    }

    /** Events in the topic, each once. */
    long there() {
        return streams.values().stream()
                .mapToLong(stream -> stream.there.cardinality())
                .sum();
    }

    /** Events that GAP records declare, each once. */
    long declared() {
        return streams.values().stream()
                .mapToLong(stream -> stream.declared.cardinality())
                .sum();
    }

    /** Events that are in the topic although a GAP declares them. */
    long thereAndDeclared() {
        long both = 0;
        for (Stream stream : streams.values()) {
            BitSet common = (BitSet) stream.there.clone();
            common.and(stream.declared);
            both += common.cardinality();
        }
        return both;
    }

    /** Numbered events that are neither in the topic nor declared, by stream. */
    Map<String, BitSet> nowhere() {
        Map<String, BitSet> nowhere = new TreeMap<>();
        streams.forEach((name, stream) -> {
            BitSet missing = new BitSet();
            missing.set(0, (int) stream.next);
            missing.andNot(stream.there);
            missing.andNot(stream.declared);
            if (!missing.isEmpty()) {
                nowhere.put(name, missing);
            }
        });
        return nowhere;
    }

    /** The control streams with a number missing that no GAP declares. */
    List<String> controlStreamsWithHoles() {
        return controlSequences.entrySet().stream()
                .filter(stream ->
                        stream.getValue().nextClearBit(0) != stream.getValue().length())
                .map(Map.Entry::getKey)
                .toList();
    }

    /** Events that the kernel dropped. */
    long kernelLosses() {
        return kernelLosses;
    }

    /** Number of control records of each kind; a GAP with its cause. */
    Map<String, Integer> kinds() {
        return kinds;
    }

    @Override
    public String toString() {
        return "numbered " + numbered() + ", there " + there() + ", declared " + declared() + ", both "
                + thereAndDeclared() + ", nowhere "
                + nowhere().values().stream().mapToLong(BitSet::cardinality).sum() + ", kernel " + kernelLosses + ", "
                + kinds;
    }
}
