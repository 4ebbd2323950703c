package dev.ctstream.publish;

import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.record.internal.CompressionRatioEstimator;
import org.apache.kafka.common.record.internal.CompressionType;

/**
 * Corrects the producer's estimate of how well events compress. The producer closes a batch when its <em>estimated</em>
 * size reaches {@code batch.size}. Its estimate begins at 1, falls by 0.005 with each batch, and is 1 again after a
 * batch was split. With one batch for each answer of a far broker, batches would carry a fifth of what they may for a
 * minute. So the estimate follows what the producer itself has measured, with a margin.
 *
 * <p>The estimator is an internal class of kafka-clients, one for the whole process, by topic and type. Threads: the
 * publisher's.
 */
final class CompressionEstimate {
    /** Events of other hosts, or of the next minute, may compress worse. */
    private static final float MARGIN = 1.15f;

    private static final long INTERVAL_NANOS = TimeUnit.MILLISECONDS.toNanos(200);

    private static final String TOPIC_GROUP = "producer-topic-metrics";

    private final String topic;
    private final CompressionType type;
    private long correctedNanos;

    /**
     * Makes no correction yet.
     *
     * @param nowNanos as {@link System#nanoTime}
     */
    CompressionEstimate(PublishConfig config, long nowNanos) {
        correctedNanos = nowNanos - INTERVAL_NANOS;
        topic = config.topics().events();
        type = CompressionType.forName(String.valueOf(
                ProducerSettings.producer(config, Long.MAX_VALUE).get(ProducerConfig.COMPRESSION_TYPE_CONFIG)));
    }

    /** Lowers the estimate to what the producer has measured, a few times a second at most. */
    void correct(Producer<byte[], byte[]> producer, long nowNanos) {
        if (type == CompressionType.NONE || nowNanos - correctedNanos < INTERVAL_NANOS) {
            return;
        }
        correctedNanos = nowNanos;
        float wanted = (float) measured(producer) * MARGIN;
        if (wanted > 0 && wanted < CompressionRatioEstimator.estimation(topic, type)) {
            CompressionRatioEstimator.setEstimation(topic, type, wanted);
        }
    }

    /** Compressed over raw size of the topic's batches within the last minute; NaN = nothing was sent. */
    private double measured(Producer<byte[], byte[]> producer) {
        return PublishMetrics.value(producer, TOPIC_GROUP, "compression-rate", Map.of("topic", topic));
    }
}
