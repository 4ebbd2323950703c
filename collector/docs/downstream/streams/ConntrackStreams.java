import dev.ctstream.record.ConntrackFlatEvent;
import dev.ctstream.record.EventsDeserializer;
import dev.ctstream.record.RecordSerdes;
import dev.ctstream.record.StreamKey;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.Serializer;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.TimeWindows;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.ProcessorSupplier;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.Stores;

/**
 * Sessions, open flows and volume per minute, from conntrack.events or conntrack.flat in any framing.
 *
 * <pre>
 * TOPIC.sessions   key host/netns/zone          value one line for each finished flow
 * TOPIC.open       key host/netns/zone          value number of flows that an event has opened and none has closed
 * TOPIC.volume     key host/netns/zone@minute   value bytes of both directions in that minute of event time
 * </pre>
 *
 * All events of a stream are on one partition, so each task keeps its flows itself: no topic in between. Arguments:
 * bootstrap servers, event topic, and settings as name=value, such as schema.registry.url=http://registry:8081. It makes
 * the three topics that are not there.
 */
public class ConntrackStreams {
    private static final Duration MINUTE = Duration.ofMinutes(1);
    private static final Duration LATENESS = Duration.ofMinutes(2);

    public static void main(String[] arguments) throws InterruptedException, ExecutionException {
        Properties settings = new Properties();
        settings.put("application.id", "conntrack-" + arguments[1]);
        settings.put("bootstrap.servers", arguments[0]);
        settings.put("auto.offset.reset", "earliest");
        for (String setting : List.of(arguments).subList(2, arguments.length)) {
            settings.put(setting.substring(0, setting.indexOf('=')), setting.substring(setting.indexOf('=') + 1));
        }
        Map<String, Object> values = new HashMap<>();
        settings.forEach((name, value) -> values.put((String) name, value));
        make(values, List.of(arguments[1] + ".sessions", arguments[1] + ".open", arguments[1] + ".volume"));
        KafkaStreams streams = new KafkaStreams(topology(arguments[1], values), settings);
        Runtime.getRuntime().addShutdownHook(new Thread(streams::close));
        streams.start();
    }

    /** Topics with the brokers' number of partitions and replicas. */
    private static void make(Map<String, Object> settings, List<String> topics)
            throws InterruptedException, ExecutionException {
        try (Admin admin = Admin.create(settings)) {
            Set<String> there = admin.listTopics().names().get();
            List<NewTopic> missing = topics.stream()
                    .filter(topic -> !there.contains(topic))
                    .map(topic -> new NewTopic(topic, Optional.empty(), Optional.empty()))
                    .toList();
            admin.createTopics(missing).all().get();
        }
    }

    static Topology topology(String topic, Map<String, Object> settings) {
        EventsDeserializer events = new EventsDeserializer();
        events.configure(settings, false);
        Serializer<List<ConntrackFlatEvent>> none = (name, value) -> null; // nothing writes events
        StreamsBuilder builder = new StreamsBuilder();
        KStream<String, Change> changes = builder.stream(
                        topic, Consumed.with(Serdes.ByteArray(), Serdes.serdeFrom(none, events)))
                .process(new Flows());
        changes.filter((zone, change) -> change.session() != null)
                .mapValues(Change::session)
                .to(topic + ".sessions", Produced.with(Serdes.String(), Serdes.String()));
        changes.filter((zone, change) -> change.opened() != 0)
                .mapValues(Change::opened)
                .groupByKey(Grouped.with(Serdes.String(), Serdes.Long()))
                .reduce(Long::sum, Materialized.with(Serdes.String(), Serdes.Long()))
                .toStream()
                .mapValues(String::valueOf)
                .to(topic + ".open", Produced.with(Serdes.String(), Serdes.String()));
        changes.filter((zone, change) -> change.bytes() != 0)
                .mapValues(Change::bytes)
                .groupByKey(Grouped.with(Serdes.String(), Serdes.Long()))
                .windowedBy(TimeWindows.ofSizeAndGrace(MINUTE, LATENESS))
                .reduce(Long::sum, Materialized.with(Serdes.String(), Serdes.Long()))
                .toStream((zone, bytes) -> zone.key() + "@" + zone.window().startTime())
                .mapValues(String::valueOf)
                .to(topic + ".volume", Produced.with(Serdes.String(), Serdes.String()));
        return builder.build();
    }

    /** What an event changes; {@code session} is null unless it ends a flow. */
    record Change(String session, long opened, long bytes) {}

    /** Follows the flows of the streams on one partition. */
    static final class Flows implements ProcessorSupplier<byte[], List<ConntrackFlatEvent>, String, Change> {
        @Override
        public Set<StoreBuilder<?>> stores() {
            Serde<ConntrackFlatEvent> event = RecordSerdes.flatEvent(); // single-object, whatever the topic's framing
            return Set.of(
                    Stores.keyValueStoreBuilder(
                            Stores.persistentKeyValueStore("last-sequence"), Serdes.String(), Serdes.Long()),
                    Stores.keyValueStoreBuilder(Stores.persistentKeyValueStore("open"), Serdes.String(), event));
        }

        @Override
        public Processor<byte[], List<ConntrackFlatEvent>, String, Change> get() {
            return new FlowsOfPartition();
        }
    }

    private static final class FlowsOfPartition
            implements Processor<byte[], List<ConntrackFlatEvent>, String, Change> {
        private ProcessorContext<String, Change> context;
        private KeyValueStore<String, Long> lastSequence;
        private KeyValueStore<String, ConntrackFlatEvent> open;

        @Override
        public void init(ProcessorContext<String, Change> context) {
            this.context = context;
            lastSequence = context.getStateStore("last-sequence");
            open = context.getStateStore("open");
        }

        @Override
        public void process(Record<byte[], List<ConntrackFlatEvent>> record) {
            for (ConntrackFlatEvent event : record.value()) {
                String stream = StreamKey.of(event).toString();
                Long last = lastSequence.get(stream);
                if (last == null || event.getSequence() > last) { // else: published again
                    lastSequence.put(stream, event.getSequence());
                    String zone = event.getHostId() + "/" + event.getNetns() + "/" + event.getCtZone();
                    long millis = event.getEventTime().toEpochMilli();
                    context.forward(new Record<>(zone, change(stream, event), millis));
                }
            }
        }

        private Change change(String stream, ConntrackFlatEvent event) {
            String type = event.getEventType();
            boolean opens = type.equals("NEW") || (type.equals("EXISTING") && event.getBeginSequence() == null);
            String before = stream + "#" + event.getBeginSequence();
            ConntrackFlatEvent known = event.getBeginSequence() == null ? null : open.get(before);
            if (known != null && (opens || type.equals("DESTROY"))) {
                open.delete(before); // a NEW that the kernel repeats begins the flow anew
            }
            long closed = known == null ? 0 : 1;
            long bytes = bytes(event) - (known == null ? 0 : bytes(known));
            if (type.equals("DESTROY")) {
                return new Change(session(event), -closed, bytes);
            }
            if (opens) {
                open.put(stream + "#" + event.getSequence(), event);
                return new Change(null, 1 - closed, 0);
            }
            if (known == null || event.getBytesOriginal() == null) {
                return new Change(null, 0, 0);
            }
            open.put(before, event); // has the latest counters
            return new Change(null, 0, bytes);
        }

        private static long bytes(ConntrackFlatEvent event) {
            return (event.getBytesOriginal() == null ? 0 : event.getBytesOriginal())
                    + (event.getBytesReply() == null ? 0 : event.getBytesReply());
        }

        private static String session(ConntrackFlatEvent end) {
            return end.getSourceAddress() + " " + end.getSourcePort() + " " + end.getDestinationAddress() + " "
                    + end.getDestinationPort() + " protocol " + end.getProtocol() + " bytes " + bytes(end)
                    + " seconds " + (end.getDurationNs() == null ? "?" : end.getDurationNs() / 1_000_000_000);
        }
    }
}
