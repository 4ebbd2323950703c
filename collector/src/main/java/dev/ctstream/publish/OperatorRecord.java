package dev.ctstream.publish;

import dev.ctstream.batch.ControlEncoder;
import dev.ctstream.batch.ControlRecord;
import dev.ctstream.record.RunIdentity;
import dev.ctstream.record.StreamId;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * Publishes OPERATOR records, which state what a person changed. They go directly to the control topic, without a
 * spool. Each command is its own run, so its control sequence starts at 0.
 *
 * <p>Ownership: owns a producer. Threads: confined to one, which waits for Kafka; every wait is bounded.
 */
public final class OperatorRecord implements AutoCloseable {
    private static final int WAIT_MILLIS = 4_000;

    private final PublishConfig config;
    private final int controlPartitions;
    private final String hostId;
    private final RecordFactory records;
    private final ControlEncoder encoder;
    private final KafkaProducer<byte[], byte[]> producer;
    private long nextSequence;

    private OperatorRecord(
            PublishConfig config,
            String hostId,
            RecordFactory records,
            ControlEncoder encoder,
            int controlPartitions,
            KafkaProducer<byte[], byte[]> producer) {
        this.config = config;
        this.hostId = hostId;
        this.records = records;
        this.encoder = encoder;
        this.controlPartitions = controlPartitions;
        this.producer = producer;
    }

    /**
     * Checks that Kafka is reachable and has the topics; creates missing ones if the configuration says so.
     *
     * @param hostName the kernel's node name
     * @throws KafkaUnreadyException when Kafka cannot be used; detected within seconds
     */
    public static OperatorRecord open(PublishConfig config, RunIdentity run, String hostName)
            throws KafkaUnreadyException, InterruptedException {
        int partitions = Topics.prepare(config).topics().control().partitions();
        SchemaIds ids = SchemaIds.askForControl(config);
        Map<String, Object> settings = new HashMap<>(ProducerSettings.producer(config, Long.MAX_VALUE));
        settings.put(ProducerConfig.LINGER_MS_CONFIG, 0);
        settings.put(ProducerConfig.MAX_BLOCK_MS_CONFIG, WAIT_MILLIS);
        try {
            KafkaProducer<byte[], byte[]> producer =
                    new KafkaProducer<>(settings, new ByteArraySerializer(), new ByteArraySerializer());
            return new OperatorRecord(
                    config,
                    run.hostId(),
                    new RecordFactory(config, ids),
                    new ControlEncoder(run, hostName),
                    partitions,
                    producer);
        } catch (KafkaException e) {
            throw KafkaUnreadyException.of(config, e);
        }
    }

    /**
     * Publishes one record and waits until the broker has it.
     *
     * @param namespace {@link StreamId#control} of the namespace that the command changed
     * @param timeMillis when the change was made, ms since 1970-01-01 UTC
     * @throws KafkaUnreadyException when the broker did not acknowledge it within seconds
     */
    public void write(StreamId namespace, ControlRecord.Operator operator, long timeMillis)
            throws KafkaUnreadyException, InterruptedException {
        ControlRecord.Numbers numbers = new ControlRecord.Numbers(nextSequence, null, null);
        ByteBuffer datum = ByteBuffer.wrap(encoder.encode(namespace, timeMillis, operator, numbers, null));
        Long time = config.records().eventTime() ? timeMillis : null;
        try {
            producer.send(records.control(hostId, namespace.netns(), datum, controlPartitions, time))
                    .get(WAIT_MILLIS, TimeUnit.MILLISECONDS);
            nextSequence++;
        } catch (ExecutionException | TimeoutException | KafkaException e) {
            throw KafkaUnreadyException.of(config, e);
        }
    }

    @Override
    public void close() {
        producer.close(Duration.ZERO);
    }
}
