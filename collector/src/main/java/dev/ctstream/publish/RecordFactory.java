package dev.ctstream.publish;

import dev.ctstream.batch.EncodedBatch;
import dev.ctstream.batch.RunIdentity;
import dev.ctstream.batch.Schemas;
import dev.ctstream.spool.QueuedBatch;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.apache.avro.Schema;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;

/**
 * Makes Kafka records of batches: topic, partition, key, headers, value.
 *
 * <pre>
 *  events:  key host_id/netns/zone   value prefix + ConntrackBatch, or prefix + ConntrackFlatEvent for each event
 *  control: key host_id/netns        value prefix + ConntrackControl
 * </pre>
 *
 * <p>Ownership: the bytes are copied, so a record outlives its batch. Threads: one.
 */
final class RecordFactory {
    /** Zigzag of the number of events in a block, and the end of the array. */
    private static final int MAX_COUNT_BYTES = 5;

    private static final int ZIGZAG_MORE = 0x80;
    private static final int ZIGZAG_BITS = 7;

    private final PublishConfig config;
    private final RunIdentity identity;
    private final Partitioning partitioning;
    private final Form events;
    private final Form control;

    /**
     * A factory for one run.
     *
     * @param identity of this run; a batch of an earlier one carries its own
     */
    RecordFactory(PublishConfig config, RunIdentity identity) {
        this.config = config;
        this.identity = identity;
        partitioning = new Partitioning(config.zoneWidth());
        boolean flat = config.records().layout() == Layout.EVENT;
        events = new Form(config.records(), flat ? Schemas.FLAT : Schemas.BATCH);
        control = new Form(config.records(), Schemas.CONTROL);
    }

    /** What all records of one schema share. */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    private record Form(byte[] prefix, List<Header> headers) {
        Form(PublishConfig.RecordForm records, Schema schema) {
            this(records.framing().prefix(schema), records.headers() ? headers(records.framing(), schema) : List.of());
        }

        private static List<Header> headers(Framing framing, Schema schema) {
            String fingerprint = String.format(Locale.ROOT, "%016x", Schemas.fingerprint(schema));
            return List.of(header("content-type", framing.contentType()), header("schema-fingerprint", fingerprint));
        }

        private static Header header(String name, String value) {
            return new RecordHeader(name, value.getBytes(StandardCharsets.UTF_8));
        }
    }

    /**
     * The records of a batch, in order.
     *
     * @param pieceBytes a ConntrackBatch above this is cut into smaller ones; a single event is never cut
     */
    List<ProducerRecord<byte[], byte[]>> records(QueuedBatch batch, Topics.Partitions partitions, int pieceBytes) {
        if (batch.envelope().kind() == EncodedBatch.CONTROL) {
            return List.of(control(batch, partitions.control()));
        }
        if (config.records().layout() == Layout.EVENT) {
            return flat(batch, partitions.events());
        }
        if (batch.lengthBytes() <= pieceBytes || batch.envelope().count() == 1) {
            byte[] value = value(events, batch.array(), batch.offset(), batch.lengthBytes());
            return List.of(event(batch, partitions.events(), value));
        }
        return pieces(batch, partitions.events(), pieceBytes);
    }

    private ProducerRecord<byte[], byte[]> control(QueuedBatch batch, int partitions) {
        String host = host(batch);
        String netns = batch.envelope().stream().netns();
        return new ProducerRecord<>(
                config.topics().control(),
                partitioning.ofControl(host, netns, partitions),
                utf8(host + "/" + netns),
                value(control, batch.array(), batch.offset(), batch.lengthBytes()),
                control.headers());
    }

    private ProducerRecord<byte[], byte[]> event(QueuedBatch batch, int partitions, byte[] value) {
        String host = host(batch);
        String netns = batch.envelope().stream().netns();
        int zone = batch.envelope().stream().zone();
        return new ProducerRecord<>(
                config.topics().events(),
                partitioning.ofEvents(host, netns, zone, partitions),
                utf8(host + "/" + netns + "/" + zone),
                value,
                events.headers());
    }

    private List<ProducerRecord<byte[], byte[]>> flat(QueuedBatch batch, int partitions) {
        EventPlaces places = EventPlaces.of(batch);
        List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>(places.count());
        for (int i = 0; i < places.count(); i++) {
            int lengthBytes = places.start(i + 1) - places.start(i);
            byte[] value = ByteBuffer.allocate(events.prefix().length + places.headerLengthBytes() + lengthBytes)
                    .put(events.prefix())
                    .put(batch.array(), batch.offset(), places.headerLengthBytes())
                    .put(batch.array(), places.start(i), lengthBytes)
                    .array();
            records.add(event(batch, partitions, value));
        }
        return records;
    }

    private List<ProducerRecord<byte[], byte[]>> pieces(QueuedBatch batch, int partitions, int pieceBytes) {
        EventPlaces places = EventPlaces.of(batch);
        List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>();
        int room = pieceBytes - places.headerLengthBytes() - MAX_COUNT_BYTES - 1;
        for (int from = 0, to; from < places.count(); from = to) {
            to = from + 1;
            while (to < places.count() && places.start(to + 1) - places.start(from) <= room) {
                to++;
            }
            records.add(event(batch, partitions, piece(batch, places, from, to)));
        }
        return records;
    }

    /** A ConntrackBatch with some of the events: prefix, header, their number, the events, 0. */
    private byte[] piece(QueuedBatch batch, EventPlaces places, int from, int to) {
        byte[] count = zigzag(to - from);
        int lengthBytes = places.start(to) - places.start(from);
        return ByteBuffer.allocate(events.prefix().length + places.headerLengthBytes() + count.length + lengthBytes + 1)
                .put(events.prefix())
                .put(batch.array(), batch.offset(), places.headerLengthBytes())
                .put(count)
                .put(batch.array(), places.start(from), lengthBytes)
                .array(); // the last byte stays 0: no further block
    }

    private static byte[] zigzag(int count) {
        ByteBuffer bytes = ByteBuffer.allocate(MAX_COUNT_BYTES);
        int rest = count << 1;
        while (rest >= ZIGZAG_MORE) {
            bytes.put((byte) (rest | ZIGZAG_MORE));
            rest >>>= ZIGZAG_BITS;
        }
        bytes.put((byte) rest).flip();
        byte[] exact = new byte[bytes.remaining()];
        bytes.get(exact);
        return exact;
    }

    private String host(QueuedBatch batch) {
        RunIdentity own = batch.identity();
        return own == null ? identity.hostId() : own.hostId();
    }

    private static byte[] value(Form form, byte[] array, int offset, int lengthBytes) {
        return ByteBuffer.allocate(form.prefix().length + lengthBytes)
                .put(form.prefix())
                .put(array, offset, lengthBytes)
                .array();
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
