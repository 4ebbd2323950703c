package dev.ctstream.read;

import dev.ctstream.netlink.ErrorText;
import dev.ctstream.publish.Secrets;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** Setting names of Kafka's clients (without our prefix {@code kafka.}), and checks of their values. */
public final class KafkaKeys {
    /** The clients require a broker address before they check anything else; this one is never connected to. */
    private static final String ANY_SERVER = "localhost:9092";

    private KafkaKeys() {}

    /** Settings known to the collector's clients: the producer and the admin client. */
    public static Set<String> ofCollector() {
        Set<String> names = new TreeSet<>(ProducerConfig.configNames());
        names.addAll(AdminClientConfig.configNames());
        return names;
    }

    /** Settings known to a reader's clients: the consumer and the admin client. */
    public static Set<String> ofReader() {
        Set<String> names = new TreeSet<>(ConsumerConfig.configNames());
        names.addAll(AdminClientConfig.configNames());
        return names;
    }

    /**
     * Asks Kafka whether it would accept these settings for a producer.
     *
     * @param settings without the prefix
     * @return Kafka's message for each rejected setting, each checked on its own; empty when it accepts all
     */
    public static Map<String, String> refusedByProducer(Map<String, String> settings) {
        Map<String, String> refused = new HashMap<>();
        settings.forEach((key, value) -> {
            Map<String, Object> one = new HashMap<>(Map.of(key, value));
            one.putIfAbsent(ProducerConfig.BOOTSTRAP_SERVERS_CONFIG, ANY_SERVER);
            one.putIfAbsent(ProducerConfig.KEY_SERIALIZER_CLASS_CONFIG, ByteArraySerializer.class);
            one.putIfAbsent(ProducerConfig.VALUE_SERIALIZER_CLASS_CONFIG, ByteArraySerializer.class);
            try {
                new ProducerConfig(one);
            } catch (KafkaException e) {
                refused.put(key, Secrets.problem(key, ErrorText.reason(e)));
            }
        });
        return refused;
    }

    /** Like {@link #refusedByProducer}, for a consumer. */
    public static Map<String, String> refusedByConsumer(Map<String, String> settings) {
        Map<String, String> refused = new HashMap<>();
        settings.forEach((key, value) -> {
            Map<String, Object> one = new HashMap<>(Map.of(key, value));
            one.putIfAbsent(ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG, ANY_SERVER);
            one.putIfAbsent(ConsumerConfig.KEY_DESERIALIZER_CLASS_CONFIG, ByteArrayDeserializer.class);
            one.putIfAbsent(ConsumerConfig.VALUE_DESERIALIZER_CLASS_CONFIG, ByteArrayDeserializer.class);
            try {
                new ConsumerConfig(one);
            } catch (KafkaException e) {
                refused.put(key, Secrets.problem(key, ErrorText.reason(e)));
            }
        });
        return refused;
    }
}
