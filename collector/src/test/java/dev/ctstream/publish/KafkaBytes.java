package dev.ctstream.publish;

import dev.ctstream.batch.EncodedBatch;
import dev.ctstream.record.Framing;
import dev.ctstream.record.RunIdentity;
import dev.ctstream.record.ZoneWidths;
import dev.ctstream.segment.BatchEnvelope;
import dev.ctstream.segment.SpoolPosition;
import dev.ctstream.spool.QueuedBatch;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.MemoryRecordsBuilder;

/** What batches take in a partition of the event topic: as records, in one of Kafka's batches, as the producer sends it. */
public final class KafkaBytes {
    private static final RecordFactory FACTORY = new RecordFactory(
            new PublishConfig(
                    new PublishConfig.TopicNames("conntrack.events", "conntrack.control", true, 12, -1),
                    new PublishConfig.RecordForm(Layout.BATCH, Framing.SINGLE_OBJECT, true, true, 256 << 10),
                    ZoneWidths.DEFAULT,
                    16 << 20,
                    Map.of(),
                    Optional.empty()),
            SchemaIds.NONE);

    private KafkaBytes() {}

    /** What {@code topics plan} takes them to be. */
    public static double planned(int events, int records) {
        return BatchBytes.of(events, records);
    }

    /** Bytes of a batch of Kafka with these numbered batches. */
    public static int compressed(RunIdentity run, List<EncodedBatch> batches) {
        int raw = batches.stream().mapToInt(EncodedBatch::lengthBytes).sum();
        MemoryRecordsBuilder builder = MemoryRecords.builder(
                ByteBuffer.allocate(2 * raw + (1 << 16)),
                Compression.zstd().level(ProducerSettings.ZSTD_LEVEL).build(),
                TimestampType.CREATE_TIME,
                0);
        SpoolPosition position = new SpoolPosition(1, 0);
        for (EncodedBatch batch : batches) {
            BatchEnvelope envelope = BatchEnvelope.of(position, batch);
            QueuedBatch queued =
                    new QueuedBatch(envelope, run, batch.array(), batch.offset(), batch.lengthBytes(), batch);
            for (ProducerRecord<byte[], byte[]> record :
                    FACTORY.records(queued, TestTopics.of("e", 1, "c", 1), Integer.MAX_VALUE, false)) {
                builder.append(
                        record.timestamp(),
                        record.key(),
                        record.value(),
                        record.headers().toArray());
            }
            position = envelope.next();
        }
        return builder.build().sizeInBytes();
    }
}
