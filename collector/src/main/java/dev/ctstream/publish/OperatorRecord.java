package dev.ctstream.publish;

import dev.ctstream.batch.ControlEncoder;
import dev.ctstream.batch.ControlRecord;
import dev.ctstream.batch.EncodedBatch;
import dev.ctstream.batch.RunIdentity;
import dev.ctstream.spool.BatchEnvelope;
import dev.ctstream.spool.QueuedBatch;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * Publishes OPERATOR records: what a person changed, straight to the control topic, without a spool. A command is a run of
 * its own, so its control sequence begins with 0.
 *
 * <p>Ownership: owns a producer. Threads: confined to one, which waits for Kafka; bounded.
 */
public final class OperatorRecord implements AutoCloseable {
    private static final int WAIT_MILLIS = 4_000;

    private final PublishConfig config;
    private final int controlPartitions;
    private final RecordFactory records;
    private final ControlEncoder encoder;
    private final KafkaProducer<byte[], byte[]> producer;
    private long nextSequence;

    private OperatorRecord(
            PublishConfig config, RunIdentity run, int controlPartitions, KafkaProducer<byte[], byte[]> producer) {
        this.config = config;
        this.controlPartitions = controlPartitions;
        this.producer = producer;
        records = new RecordFactory(config, run);
        encoder = new ControlEncoder(run);
    }

    /**
     * Makes sure that Kafka can be reached and has the topics, which are created where the configuration says so.
     *
     * @throws KafkaUnreadyException when it cannot be used; found within seconds
     */
    public static OperatorRecord open(PublishConfig config, RunIdentity run)
            throws KafkaUnreadyException, InterruptedException {
        int partitions = Topics.prepare(config).partitions().control();
        Map<String, Object> settings = new HashMap<>(ProducerSettings.producer(config, Long.MAX_VALUE));
        settings.put(ProducerConfig.LINGER_MS_CONFIG, 0);
        settings.put(ProducerConfig.MAX_BLOCK_MS_CONFIG, WAIT_MILLIS);
        try {
            KafkaProducer<byte[], byte[]> producer =
                    new KafkaProducer<>(settings, new ByteArraySerializer(), new ByteArraySerializer());
            return new OperatorRecord(config, run, partitions, producer);
        } catch (KafkaException e) {
            throw KafkaUnreadyException.of(config, e);
        }
    }

    /**
     * Publishes one record and waits until the broker has it.
     *
     * @param timeMillis when the change was made, ms since 1970-01-01 UTC
     * @throws KafkaUnreadyException when the broker did not take it within seconds
     */
    public void write(String netns, ControlRecord.Operator operator, long timeMillis)
            throws KafkaUnreadyException, InterruptedException {
        EncodedBatch batch = encoder.encode(netns, nextSequence, timeMillis, operator);
        BatchEnvelope envelope = new BatchEnvelope(
                0,
                0,
                batch.kind(),
                batch.stream(),
                batch.firstSequence(),
                batch.count(),
                batch.firstReceivedNanos(),
                batch.lastReceivedNanos());
        QueuedBatch queued = new QueuedBatch(envelope, null, batch.array(), batch.offset(), batch.lengthBytes(), batch);
        Topics.Partitions partitions = new Topics.Partitions(1, controlPartitions);
        try {
            for (ProducerRecord<byte[], byte[]> record : records.records(queued, partitions, Integer.MAX_VALUE)) {
                producer.send(record).get(WAIT_MILLIS, TimeUnit.MILLISECONDS);
            }
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
