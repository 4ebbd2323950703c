package dev.ctstream.publish;

import dev.ctstream.record.Framing;
import dev.ctstream.record.HeaderNames;
import dev.ctstream.record.Partitioning;
import dev.ctstream.record.Schemas;
import dev.ctstream.segment.BatchEnvelope;
import dev.ctstream.spool.QueuedBatch;
import dev.ctstream.spool.RunTopics;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import org.apache.avro.Schema;
import org.apache.avro.io.BinaryData;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.jspecify.annotations.Nullable;

/**
 * Turns batches into Kafka records: topic, partition, key, headers, value.
 *
 * <pre>
 *  events:  key host_id/netns/zone   value prefix + ConntrackBatch, or prefix + ConntrackFlatEvent for each event
 *  control: key host_id/netns        value prefix + ConntrackControl
 * </pre>
 *
 * <p>Ownership: the bytes are copied, so a record outlives its batch. Threads: one.
 */
final class RecordFactory {
    /** Bytes of a piece beside the common part and the events: two times, the event count, the end of the array. */
    private static final int PIECE_BYTES = 2 * 10 + 5 + 1;

    private final PublishConfig config;
    private final Partitioning partitioning;
    private final Form events;
    private final Form control;

    /**
     * A factory for these topics and this form of records.
     *
     * @param ids of the schemas, if the framing has them
     */
    RecordFactory(PublishConfig config, SchemaIds ids) {
        this.config = config;
        partitioning = new Partitioning(config.zoneWidth());
        events = new Form(config.records(), SchemaIds.ofEvents(config), ids.events());
        control = new Form(config.records(), Schemas.CONTROL, ids.control());
    }

    /** Prefix and headers of all records of one schema. */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    private record Form(byte[] prefix, List<Header> headers) {
        Form(PublishConfig.RecordForm records, Schema schema, int schemaId) {
            this(
                    records.framing().prefix(schema, schemaId),
                    records.headers() ? headers(records.framing(), schema) : List.of());
        }

        private static List<Header> headers(Framing framing, Schema schema) {
            String fingerprint = String.format(Locale.ROOT, "%016x", Schemas.fingerprint(schema));
            return List.of(
                    header(HeaderNames.CONTENT_TYPE, framing.contentType()),
                    header(HeaderNames.SCHEMA_FINGERPRINT, fingerprint));
        }

        private static Header header(String name, String value) {
            return new RecordHeader(name, value.getBytes(StandardCharsets.UTF_8));
        }
    }

    /**
     * The records of a batch, in order.
     *
     * @param topics those of the batch's run, or of today
     * @param pieceBytes a larger ConntrackBatch is cut into smaller ones; a single event is never cut
     * @param ofPublishing whether the records get the time of publishing and not that of their events
     */
    List<ProducerRecord<byte[], byte[]>> records(
            QueuedBatch batch, RunTopics topics, int pieceBytes, boolean ofPublishing) {
        Long time = ofPublishing
                ? null
                : TimeUnit.NANOSECONDS.toMillis(batch.envelope().lastReceivedNanos());
        if (batch.envelope().kind() == BatchEnvelope.CONTROL) {
            String netns = batch.envelope().stream().netns();
            return List.of(control(
                    batch.identity().hostId(),
                    netns,
                    datum(batch),
                    topics.control().partitions(),
                    time));
        }
        int partitions = topics.events().partitions();
        if (config.records().layout() == Layout.EVENT) {
            return flat(batch, partitions, ofPublishing);
        }
        if (batch.lengthBytes() <= pieceBytes || batch.envelope().count() == 1) {
            return List.of(event(batch, partitions, value(events, datum(batch)), time));
        }
        return pieces(batch, partitions, pieceBytes, ofPublishing);
    }

    /**
     * The Kafka record of a control record.
     *
     * @param datum bare Avro, from the position to the limit
     * @param partitions of the control topic
     * @param time ms since 1970-01-01 UTC; null = that of publishing
     */
    ProducerRecord<byte[], byte[]> control(
            String hostId, String netns, ByteBuffer datum, int partitions, @Nullable Long time) {
        return new ProducerRecord<>(
                config.topics().control(),
                partitioning.ofControl(hostId, netns, partitions),
                time,
                utf8(hostId + "/" + netns),
                value(control, datum),
                control.headers());
    }

    private ProducerRecord<byte[], byte[]> event(QueuedBatch batch, int partitions, byte[] value, @Nullable Long time) {
        String host = batch.identity().hostId();
        String netns = batch.envelope().stream().netns();
        int zone = batch.envelope().stream().zone();
        return new ProducerRecord<>(
                config.topics().events(),
                partitioning.ofEvents(host, netns, zone, partitions),
                time,
                utf8(host + "/" + netns + "/" + zone),
                value,
                events.headers());
    }

    private List<ProducerRecord<byte[], byte[]>> flat(QueuedBatch batch, int partitions, boolean ofPublishing) {
        EventOffsets offsets = EventOffsets.of(batch);
        List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>(offsets.count());
        for (int i = 0; i < offsets.count(); i++) {
            int lengthBytes = offsets.start(i + 1) - offsets.start(i);
            byte[] value = ByteBuffer.allocate(events.prefix().length + offsets.commonLengthBytes() + lengthBytes)
                    .put(events.prefix())
                    .put(batch.array(), batch.offset(), offsets.commonLengthBytes())
                    .put(batch.array(), offsets.start(i), lengthBytes)
                    .array();
            records.add(event(batch, partitions, value, ofPublishing ? null : offsets.receivedMillis(i)));
        }
        return records;
    }

    private List<ProducerRecord<byte[], byte[]>> pieces(
            QueuedBatch batch, int partitions, int pieceBytes, boolean ofPublishing) {
        EventOffsets offsets = EventOffsets.of(batch);
        List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>();
        int eventBytes = pieceBytes - offsets.commonLengthBytes() - PIECE_BYTES;
        for (int from = 0, to; from < offsets.count(); from = to) {
            to = from + 1;
            while (to < offsets.count() && offsets.start(to + 1) - offsets.start(from) <= eventBytes) {
                to++;
            }
            Long time = ofPublishing ? null : offsets.receivedMillis(to - 1);
            records.add(event(batch, partitions, piece(batch, offsets, from, to), time));
        }
        return records;
    }

    /** A ConntrackBatch with some of the events: prefix, common part, first and last time, event count, events, 0. */
    private byte[] piece(QueuedBatch batch, EventOffsets offsets, int from, int to) {
        long first = Long.MAX_VALUE;
        long last = Long.MIN_VALUE;
        for (int i = from; i < to; i++) {
            first = Math.min(first, offsets.eventMillis(i));
            last = Math.max(last, offsets.eventMillis(i));
        }
        int lengthBytes = offsets.start(to) - offsets.start(from);
        byte[] bytes = new byte[events.prefix().length + offsets.commonLengthBytes() + lengthBytes + PIECE_BYTES];
        int end = copy(events.prefix(), 0, events.prefix().length, bytes, 0);
        end = copy(batch.array(), batch.offset(), offsets.commonLengthBytes(), bytes, end);
        end += BinaryData.encodeLong(first, bytes, end);
        end += BinaryData.encodeLong(last, bytes, end);
        end += BinaryData.encodeInt(to - from, bytes, end);
        end = copy(batch.array(), offsets.start(from), lengthBytes, bytes, end);
        return Arrays.copyOf(bytes, end + 1); // a 0 ends the array of events
    }

    private static int copy(byte[] from, int offset, int lengthBytes, byte[] to, int at) {
        System.arraycopy(from, offset, to, at, lengthBytes);
        return at + lengthBytes;
    }

    private static ByteBuffer datum(QueuedBatch batch) {
        return ByteBuffer.wrap(batch.array(), batch.offset(), batch.lengthBytes());
    }

    private static byte[] value(Form form, ByteBuffer datum) {
        return ByteBuffer.allocate(form.prefix().length + datum.remaining())
                .put(form.prefix())
                .put(datum)
                .array();
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
