package dev.ctstream.it;

import dev.ctstream.broker.EmbeddedBroker;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** Topics of a broker with records that a test has made. Ownership: owns its clients, not the broker. */
final class FilledTopics implements AutoCloseable {
    private final Admin admin;
    private final KafkaProducer<byte[], byte[]> producer;

    FilledTopics(EmbeddedBroker broker) {
        admin = Admin.create(Map.of("bootstrap.servers", broker.bootstrapServers()));
        producer = new KafkaProducer<>(
                Map.of("bootstrap.servers", broker.bootstrapServers(), "max.in.flight.requests.per.connection", "1"),
                new ByteArraySerializer(),
                new ByteArraySerializer());
    }

    void create(int partitions, String... names) throws Exception {
        admin.createTopics(Arrays.stream(names)
                        .map(name -> new NewTopic(name, partitions, (short) 1))
                        .toList())
                .all()
                .get(30, TimeUnit.SECONDS);
    }

    /** Returns when the broker has them, in this order. */
    void produce(String topic, int partition, List<byte[]> values) throws Exception {
        List<Future<?>> sent = new ArrayList<>();
        values.forEach(value -> sent.add(producer.send(new ProducerRecord<>(topic, partition, null, value))));
        producer.flush();
        for (Future<?> one : sent) {
            one.get(30, TimeUnit.SECONDS);
        }
    }

    @Override
    public void close() {
        producer.close();
        admin.close();
    }
}
