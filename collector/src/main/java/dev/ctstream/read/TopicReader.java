package dev.ctstream.read;

import dev.ctstream.publish.KafkaErrorText;
import dev.ctstream.publish.Secrets;
import dev.ctstream.record.DecodedRecord;
import dev.ctstream.record.EventHandler;
import dev.ctstream.record.HeaderNames;
import dev.ctstream.record.RecordDecoder;
import dev.ctstream.record.RecordException;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.jspecify.annotations.Nullable;

/**
 * Reads all partitions of one topic, without a consumer group, and passes the events to a handler.
 *
 * <p>Threads: confined to one, except for {@link #stop} and {@link #counts}.
 *
 * <p>Errors: a record that cannot be decoded is counted and reported to the listener; reading continues.
 */
public final class TopicReader implements AutoCloseable {

    private static final Duration FIRST_ANSWER = Duration.ofSeconds(8);
    private static final Duration POLL = Duration.ofMillis(200);
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final ReadConfig config;
    private final Consumer<byte[], byte[]> consumer;
    private final RecordDecoder decoder;
    private final BiConsumer<String, RecordException> undecodableListener;
    private volatile boolean stopped;
    private volatile ReadCounts counts = new ReadCounts(0, 0, 0, 0);
    private long events;
    private long controlRecords;

    TopicReader(
            ReadConfig config,
            Consumer<byte[], byte[]> consumer,
            RecordDecoder decoder,
            BiConsumer<String, RecordException> undecodableListener) {
        this.config = config;
        this.consumer = consumer;
        this.decoder = decoder;
        this.undecodableListener = undecodableListener;
    }

    /**
     * Connects, finds the partitions and seeks to the start offsets.
     *
     * @param undecodableListener receives the position (topic, partition, offset) of each record that cannot be decoded
     * @throws ReadException when no broker answers within 8 seconds, or the topic does not exist
     */
    public static TopicReader open(
            ReadConfig config, RecordDecoder decoder, BiConsumer<String, RecordException> undecodableListener)
            throws ReadException {
        Map<String, Object> settings = new HashMap<>();
        settings.put(ConsumerConfig.MAX_POLL_RECORDS_CONFIG, "2000");
        settings.putAll(config.kafka());
        settings.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, "false");
        settings.put(ConsumerConfig.ALLOW_AUTO_CREATE_TOPICS_CONFIG, "false");
        settings.put(ConsumerConfig.KEY_DESERIALIZER_CLASS_CONFIG, ByteArrayDeserializer.class);
        settings.put(ConsumerConfig.VALUE_DESERIALIZER_CLASS_CONFIG, ByteArrayDeserializer.class);
        TopicReader reader;
        try {
            reader = new TopicReader(config, new KafkaConsumer<>(settings), decoder, undecodableListener);
        } catch (KafkaException e) {
            throw failure(config, "", e);
        }
        try {
            reader.assign();
            return reader;
        } catch (ReadException | RuntimeException e) {
            reader.close();
            throw e;
        }
    }

    /**
     * Reads until the handler, {@link #stop}, the configured count or the configured idle time ends it.
     *
     * @throws IOException from the handler
     * @throws ReadException when Kafka reports an error, for instance missing authorization
     */
    public ReadCounts run(EventHandler handler) throws IOException, ReadException {
        long idleNanos = config.idleSeconds().isPresent()
                ? TimeUnit.SECONDS.toNanos(config.idleSeconds().getAsInt())
                : Long.MAX_VALUE;
        long last = System.nanoTime();
        try {
            while (!stopped) {
                ConsumerRecords<byte[], byte[]> records = consumer.poll(Duration.ZERO);
                if (records.isEmpty()) {
                    handler.onPause();
                    records = consumer.poll(POLL);
                }
                if (!records.isEmpty()) {
                    last = System.nanoTime();
                    if (!take(records, Map.of(), record -> decode(record, handler))) {
                        break;
                    }
                } else if (System.nanoTime() - last >= idleNanos) {
                    break;
                }
            }
        } catch (WakeupException e) {
            // stop() was called while we waited
        } catch (KafkaException e) {
            throw failure(config, "read " + config.topic() + ": ", e);
        }
        return counts;
    }

    /**
     * Returns the current offsets of the partitions.
     *
     * @throws ReadException when Kafka does not respond
     */
    public List<PartitionExtent> extents() throws ReadException {
        try {
            Map<TopicPartition, Long> ends = consumer.endOffsets(consumer.assignment(), FIRST_ANSWER);
            Map<TopicPartition, Long> begins = consumer.beginningOffsets(consumer.assignment(), FIRST_ANSWER);
            return ends.entrySet().stream()
                    .map(end -> new PartitionExtent(
                            end.getKey().partition(), begins.getOrDefault(end.getKey(), 0L), end.getValue()))
                    .toList();
        } catch (KafkaException e) {
            throw failure(config, "read " + config.topic() + ": ", e);
        }
    }

    /**
     * Returns the offsets of the records that have a timestamp in a span of time: from the first of them, to the first one
     * at or after its end.
     *
     * @throws ReadException when Kafka does not respond
     */
    public List<PartitionExtent> extents(long fromMillis, long untilMillis) throws ReadException {
        List<PartitionExtent> all = extents();
        try {
            Map<Integer, Long> begins = offsets(fromMillis);
            Map<Integer, Long> ends = offsets(untilMillis);
            return all.stream()
                    .map(extent -> {
                        long end = ends.getOrDefault(extent.partition(), extent.end());
                        long begin = begins.getOrDefault(extent.partition(), extent.end());
                        return new PartitionExtent(extent.partition(), Math.min(begin, end), end);
                    })
                    .toList();
        } catch (KafkaException e) {
            throw failure(config, "read " + config.topic() + ": ", e);
        }
    }

    /** The first offset of each partition whose record is not older; none when all are. */
    private Map<Integer, Long> offsets(long fromMillis) {
        Map<TopicPartition, Long> times = new HashMap<>();
        consumer.assignment().forEach(partition -> times.put(partition, fromMillis));
        Map<Integer, Long> offsets = new HashMap<>();
        consumer.offsetsForTimes(times, FIRST_ANSWER).forEach((partition, found) -> {
            if (found != null) {
                offsets.put(partition.partition(), found.offset());
            }
        });
        return offsets;
    }

    /** Goes on reading from the begin of each extent. */
    public void seek(List<PartitionExtent> extents) {
        extents.forEach(
                extent -> consumer.seek(new TopicPartition(config.topic(), extent.partition()), extent.begin()));
    }

    /**
     * Reads each partition up to the end offset that {@link #extents} returned and no further, or until {@link #stop}.
     * Another call goes on from there.
     *
     * @throws IOException from the handler
     * @throws ReadException when Kafka reports an error, or nothing arrives for a minute
     */
    public ReadCounts runTo(List<PartitionExtent> extents, EventHandler handler) throws IOException, ReadException {
        return readTo(extents, record -> decode(record, handler));
    }

    /**
     * As {@link #runTo}, but passes on the values as they are.
     *
     * @throws IOException from the handler
     * @throws ReadException when Kafka reports an error, or nothing arrives for a minute
     */
    public ReadCounts valuesTo(List<PartitionExtent> extents, ValueHandler handler) throws IOException, ReadException {
        return readTo(extents, record -> {
            byte @Nullable [] value = record.value();
            return value == null || handler.onValue(value, fingerprint(record), record.partition());
        });
    }

    /** Receives the value of each record. */
    @FunctionalInterface
    public interface ValueHandler {
        /**
         * Receives a value.
         *
         * @param fingerprint of the writer's schema, if the record has that header
         * @return false to stop reading
         * @throws RecordException when it cannot be decoded; reading continues
         */
        boolean onValue(byte[] value, OptionalLong fingerprint, int partition) throws RecordException, IOException;
    }

    /** Takes one record; false = the last one. */
    @FunctionalInterface
    private interface Taker {
        boolean take(ConsumerRecord<byte[], byte[]> record) throws RecordException, IOException;
    }

    private ReadCounts readTo(List<PartitionExtent> extents, Taker taker) throws IOException, ReadException {
        Map<TopicPartition, Long> ends = new HashMap<>();
        extents.forEach(extent -> ends.put(new TopicPartition(config.topic(), extent.partition()), extent.end()));
        Map<TopicPartition, Long> open = new HashMap<>(ends);
        long last = System.nanoTime();
        try {
            consumer.resume(ends.keySet());
            while (!stopped && !reached(open)) {
                ConsumerRecords<byte[], byte[]> records = consumer.poll(POLL);
                if (!records.isEmpty()) {
                    last = System.nanoTime();
                    take(records, ends, taker);
                } else if (System.nanoTime() - last > PATIENCE.toNanos()) {
                    throw new ReadException(
                            "read " + config.topic() + " from " + servers(config) + ": nothing has arrived" + " for "
                                    + PATIENCE.toSeconds() + " s, before the end was reached" + remedy());
                }
            }
        } catch (WakeupException e) {
            // stop() was called while we waited
        } catch (KafkaException e) {
            throw failure(config, "read " + config.topic() + ": ", e);
        }
        return counts;
    }

    /** Removes finished partitions, which stay at their ends; returns true when none are left. */
    private boolean reached(Map<TopicPartition, Long> ends) {
        Collection<TopicPartition> done = new ArrayList<>();
        ends.forEach((partition, end) -> {
            long position = consumer.position(partition, FIRST_ANSWER);
            if (position > end) {
                consumer.seek(partition, end);
            }
            if (position >= end) {
                done.add(partition);
            }
        });
        consumer.pause(done);
        ends.keySet().removeAll(done);
        return ends.isEmpty();
    }

    /** Ends {@link #run} soon. Any thread. */
    public void stop() {
        stopped = true;
        consumer.wakeup();
    }

    /** Progress so far. Any thread. */
    public ReadCounts counts() {
        return counts;
    }

    @Override
    public void close() {
        consumer.close(org.apache.kafka.clients.consumer.CloseOptions.timeout(Duration.ofSeconds(1)));
    }

    void assign() throws ReadException {
        List<TopicPartition> partitions = partitions().stream()
                .map(info -> new TopicPartition(info.topic(), info.partition()))
                .toList();
        consumer.assign(partitions);
        if (config.fromBeginning()) {
            consumer.seekToBeginning(partitions);
        } else {
            consumer.seekToEnd(partitions);
        }
        try {
            // Seeking is lazy. Fetch the end offsets now, so that records written after this call are read.
            partitions.forEach(partition -> consumer.position(partition, FIRST_ANSWER));
        } catch (KafkaException e) {
            throw failure(config, "read " + config.topic() + ": ", e);
        }
    }

    private Collection<PartitionInfo> partitions() throws ReadException {
        Collection<PartitionInfo> partitions;
        try {
            partitions = consumer.partitionsFor(config.topic(), FIRST_ANSWER);
        } catch (UnknownTopicOrPartitionException e) {
            partitions = List.of();
        } catch (KafkaException e) {
            throw failure(config, "", e);
        }
        if (partitions == null || partitions.isEmpty()) {
            throw new ReadException("topic " + config.topic() + " does not exist on " + servers(config)
                    + ": the collector creates it when it starts; use --topic for another name");
        }
        return partitions;
    }

    /** Passes on records below the end of their partition, if it has one; returns false when reading shall end. */
    private boolean take(ConsumerRecords<byte[], byte[]> records, Map<TopicPartition, Long> ends, Taker taker)
            throws IOException {
        for (TopicPartition partition : records.partitions()) {
            if (!take(records.records(partition), ends.getOrDefault(partition, Long.MAX_VALUE), taker)) {
                return false;
            }
        }
        return true;
    }

    private boolean take(List<ConsumerRecord<byte[], byte[]>> records, long end, Taker taker) throws IOException {
        boolean more = true;
        for (ConsumerRecord<byte[], byte[]> record : records) {
            if (record.offset() >= end) {
                return true;
            }
            boolean decoded = true;
            try {
                more = taker.take(record);
            } catch (RecordException e) {
                decoded = false;
                undecodableListener.accept(
                        record.topic() + ", partition " + record.partition() + ", offset " + record.offset(), e);
            }
            counts = new ReadCounts(
                    counts.records() + 1, events, controlRecords, counts.undecodable() + (decoded ? 0 : 1));
            if (!more || stopped) {
                return false;
            }
        }
        return true;
    }

    private boolean decode(ConsumerRecord<byte[], byte[]> record, EventHandler handler)
            throws RecordException, IOException {
        byte @Nullable [] value = record.value();
        if (value == null) {
            return true;
        }
        handler.onPartition(record.partition());
        handler.onTimestamp(record.timestamp());
        OptionalLong fingerprint = fingerprint(record);
        handler.onValue(value, fingerprint, record.offset());
        return decoder.decode(value, fingerprint, event -> pass(event, handler));
    }

    private boolean pass(DecodedRecord event, EventHandler handler) throws IOException {
        if (!config.filter().matches(event)) {
            return true;
        }
        if (event.control()) {
            controlRecords++;
        } else {
            events++;
        }
        boolean wanted = handler.onEvent(event);
        return wanted
                && (config.count().isEmpty()
                        || events + controlRecords < config.count().getAsLong());
    }

    private static OptionalLong fingerprint(ConsumerRecord<byte[], byte[]> record) {
        Header header = record.headers().lastHeader(HeaderNames.SCHEMA_FINGERPRINT);
        return HeaderNames.fingerprint(header == null ? null : header.value());
    }

    private static String servers(ReadConfig config) {
        return Secrets.withoutUserInfo(
                config.kafka().getOrDefault(ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG, "(no broker given)"));
    }

    private static String remedy() {
        return "; check the address, whether the broker is running, and the TLS and SASL settings if it requires them";
    }

    private static ReadException failure(ReadConfig config, String doing, KafkaException e) {
        return new ReadException(doing + KafkaErrorText.of(servers(config), config.kafka(), e), e);
    }
}
