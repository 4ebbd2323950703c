package dev.ctstream.publish;

import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** The publisher's access to Kafka; tests replace it. Threads: the publisher's. */
interface KafkaGateway {
    /** Checks and creates the topics. Waits a few seconds at most; an interrupt ends the wait. */
    Topics.Report prepare() throws KafkaUnreadyException, InterruptedException;

    /**
     * A new producer, owned by the caller.
     *
     * @param maxMessageBytes record size limit of the event topic; {@code Long.MAX_VALUE} = unknown
     */
    Producer<byte[], byte[]> producer(long maxMessageBytes) throws KafkaUnreadyException;

    /** The implementation for a real cluster. */
    static KafkaGateway of(PublishConfig config) {
        return new KafkaGateway() {
            @Override
            public Topics.Report prepare() throws KafkaUnreadyException, InterruptedException {
                return Topics.prepare(config);
            }

            @Override
            public Producer<byte[], byte[]> producer(long maxMessageBytes) throws KafkaUnreadyException {
                try {
                    return new KafkaProducer<>(
                            ProducerSettings.producer(config, maxMessageBytes),
                            new ByteArraySerializer(),
                            new ByteArraySerializer());
                } catch (KafkaException e) {
                    throw KafkaUnreadyException.of(config, e);
                }
            }
        };
    }
}
