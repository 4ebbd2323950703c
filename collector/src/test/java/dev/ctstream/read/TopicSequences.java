package dev.ctstream.read;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.record.DecodedRecord;
import dev.ctstream.record.EventHandler;
import dev.ctstream.record.RecordDecoder;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.TreeMap;

/** The sequences in a topic, by stream. It keeps no events, so the topic may be large. */
public final class TopicSequences implements EventHandler {
    private static final String CONTROL = "/-1";

    private final Map<String, BitSet> streams = new TreeMap<>();
    private final Map<String, Integer> partitions = new HashMap<>();
    private int partition;
    private long duplicates;
    private long reordered;

    private TopicSequences() {}

    /** Reads topics to their current ends. */
    public static TopicSequences read(String bootstrapServers, String... topics) throws Exception {
        TopicSequences sequences = new TopicSequences();
        for (String topic : topics) {
            walk(bootstrapServers, topic, sequences);
        }
        return sequences;
    }

    /** Passes the current contents of a topic to the handler. */
    public static void walk(String bootstrapServers, String topic, EventHandler handler) throws Exception {
        ReadConfig config = new ReadConfig(
                Map.of("bootstrap.servers", bootstrapServers),
                topic,
                EventFilter.NONE,
                true,
                OptionalLong.empty(),
                OptionalInt.empty());
        List<String> undecodable = new ArrayList<>();
        try (TopicReader reader =
                TopicReader.open(config, new RecordDecoder(), (place, problem) -> undecodable.add(place + problem))) {
            reader.runTo(reader.extents(), handler);
        }
        assertThat(undecodable).isEmpty();
    }

    @Override
    public void onPartition(int number) {
        partition = number;
    }

    @Override
    public boolean onEvent(DecodedRecord event) {
        String stream = event.stream();
        int sequence = Math.toIntExact(
                event.number(event.control() ? "control_sequence" : "sequence").orElseThrow());
        BitSet seen = streams.computeIfAbsent(stream, name -> new BitSet());
        assertThat(partitions.computeIfAbsent(stream, name -> partition))
                .as(stream)
                .isEqualTo(partition);
        if (seen.get(sequence)) {
            duplicates++;
        } else if (sequence < seen.length()) {
            reordered++;
        }
        seen.set(sequence);
        return true;
    }

    /** Sequences of each stream: {@code host/boot/epoch/netns/zone}; the zone of control records is -1. */
    public Map<String, BitSet> streams() {
        return streams;
    }

    /** Number of repeated events. */
    public long duplicates() {
        return duplicates;
    }

    /** Events whose first occurrence comes after a higher sequence of their stream. */
    public long reordered() {
        return reordered;
    }

    /** Number of events of all streams, each counted once, without control records. */
    public static long countEvents(Map<String, BitSet> streams) {
        return streams.entrySet().stream()
                .filter(stream -> !stream.getKey().endsWith(CONTROL))
                .mapToLong(stream -> stream.getValue().cardinality())
                .sum();
    }

    /** The events in {@code streams} that {@code others} lacks. */
    public static Map<String, BitSet> missing(Map<String, BitSet> streams, Map<String, BitSet> others) {
        Map<String, BitSet> missing = new TreeMap<>();
        streams.forEach((stream, sequences) -> {
            BitSet rest = (BitSet) sequences.clone();
            rest.andNot(others.getOrDefault(stream, new BitSet()));
            if (!rest.isEmpty()) {
                missing.put(stream, rest);
            }
        });
        return missing;
    }
}
