package dev.ctstream.publish;

import dev.ctstream.broker.EmbeddedBroker;
import dev.ctstream.record.EventRecords;
import dev.ctstream.record.RegistrySettings;
import dev.ctstream.record.SchemaRegistry;
import dev.ctstream.record.SubjectSchemas;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Future;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericRecord;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** One broker and one schema registry for all tests of a JVM; they end with it. */
final class DownstreamServers {
    private static final int PARTITIONS = 3;

    final EmbeddedBroker broker;
    final Apicurio registry;

    private static final class Holder {
        static final DownstreamServers INSTANCE = new DownstreamServers();
    }

    private DownstreamServers() {
        try {
            registry = Apicurio.start();
            Runtime.getRuntime().addShutdownHook(new Thread(registry::close));
            broker = EmbeddedBroker.temporary(Map.of());
            broker.start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Starts them at the first call. */
    static DownstreamServers get() {
        return Holder.INSTANCE;
    }

    String bootstrapServers() {
        return broker.bootstrapServers();
    }

    void create(String... topics) throws Exception {
        List<NewTopic> created = List.of(topics).stream()
                .map(topic -> new NewTopic(topic, PARTITIONS, (short) 1))
                .toList();
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", bootstrapServers()))) {
            admin.createTopics(created).all().get();
        }
    }

    /** Writes the records of {@link FlowStory} to partition 1 of a topic. */
    void publishStory(String topic, Layout layout) throws Exception {
        publish(topic, FlowStory.records(layout));
    }

    /** Writes records with framing confluent to partition 1 of a topic. */
    void publish(String topic, List<GenericRecord> records) throws Exception {
        Schema schema = records.get(0).getSchema();
        SchemaRegistry client = new SchemaRegistry(RegistrySettings.of(Map.of(RegistrySettings.URL, registry.url())));
        int id = new SubjectSchemas(client, true).id(topic, schema);
        try (KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(
                Map.of("bootstrap.servers", bootstrapServers()),
                new ByteArraySerializer(),
                new ByteArraySerializer())) {
            List<Future<RecordMetadata>> sent = records.stream()
                    .map(record ->
                            producer.send(new ProducerRecord<>(topic, 1, null, EventRecords.confluent(id, record))))
                    .toList();
            for (Future<RecordMetadata> one : sent) {
                one.get();
            }
        }
    }
}
