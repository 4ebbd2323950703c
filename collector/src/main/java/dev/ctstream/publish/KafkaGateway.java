package dev.ctstream.publish;

import dev.ctstream.spool.RunTopics;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.jspecify.annotations.Nullable;

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

    /**
     * Asks which topics have the names now; does not wait.
     *
     * @return fails with {@link org.apache.kafka.common.errors.UnknownTopicOrPartitionException} when there is none
     */
    CompletableFuture<RunTopics> topics() throws KafkaUnreadyException;

    /** Ends the connection of {@link #topics}; a later call makes a new one. */
    void close();

    /** The implementation for a real cluster. */
    static KafkaGateway of(PublishConfig config) {
        return new KafkaGateway() {
            private @Nullable Admin admin;

            @Override
            public CompletableFuture<RunTopics> topics() throws KafkaUnreadyException {
                Admin open = admin == null ? Topics.admin(config) : admin;
                admin = open;
                return Topics.ask(open, config);
            }

            @Override
            public void close() {
                if (admin != null) {
                    admin.close(Duration.ZERO);
                }
                admin = null;
            }

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
