package dev.ctstream.spool;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.record.Schemas;
import dev.ctstream.record.StreamId;
import dev.ctstream.segment.BatchEnvelope;
import java.io.IOException;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.DecoderFactory;

/**
 * What a reader of both topics knows: the sequences that arrived, and those that GAP records declare. Everything in it
 * comes from records, nothing from the spool's own counts.
 */
final class Topics {
    private final Map<AcknowledgedPosition.RunStream, BitSet> arrived = new HashMap<>();
    private final Map<AcknowledgedPosition.RunStream, BitSet> declared = new HashMap<>();
    private final List<ControlFrame> control = new ArrayList<>();

    /** A control record as it was handed out. */
    record ControlFrame(BatchEnvelope envelope, GenericRecord fields) {
        String kind() {
            return text("kind");
        }

        String text(String field) {
            return String.valueOf(fields.get(field));
        }

        long number(String field) {
            return ((Number) fields.get(field)).longValue();
        }

        boolean isGap() {
            return kind().equals("GAP");
        }
    }

    /** A batch of events arrives. */
    void event(QueuedBatch batch) {
        arrive(batch);
    }

    /** A control record arrives. */
    ControlFrame control(QueuedBatch batch) {
        arrive(batch);
        ControlFrame frame = new ControlFrame(batch.envelope(), decode(batch));
        assertThat(frame.number("control_sequence")).isEqualTo(batch.envelope().firstSequence());
        assertThat(frame.number("log_index")).isEqualTo(batch.envelope().logIndex());
        if (frame.isGap()) {
            for (DeclaredGap.Range range : DeclaredGap.of(frame).ranges()) {
                BitSet lost = declared.computeIfAbsent(range.owner(), stream -> new BitSet());
                lost.set((int) range.first(), (int) range.next());
            }
        }
        control.add(frame);
        return frame;
    }

    private void arrive(QueuedBatch batch) {
        BatchEnvelope envelope = batch.envelope();
        arrived.computeIfAbsent(
                        new AcknowledgedPosition.RunStream(batch.identity(), envelope.stream()), stream -> new BitSet())
                .set((int) envelope.firstSequence(), (int) envelope.nextSequence());
    }

    private static GenericRecord decode(QueuedBatch batch) {
        try {
            return new GenericDatumReader<GenericRecord>(Schemas.CONTROL)
                    .read(
                            null,
                            DecoderFactory.get()
                                    .binaryDecoder(batch.array(), batch.offset(), batch.lengthBytes(), null));
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    /** The control records in the order of their arrival; one may come twice. */
    List<ControlFrame> control() {
        return List.copyOf(control);
    }

    /** Sequences of a stream that arrived. */
    BitSet arrived(AcknowledgedPosition.RunStream stream) {
        return arrived.getOrDefault(stream, new BitSet());
    }

    /** Sequences of a stream that are declared as lost. */
    BitSet declared(AcknowledgedPosition.RunStream stream) {
        return declared.getOrDefault(stream, new BitSet());
    }

    long arrivedEvents() {
        return events(arrived);
    }

    long declaredEvents() {
        return events(declared);
    }

    private static long events(Map<AcknowledgedPosition.RunStream, BitSet> of) {
        return of.entrySet().stream()
                .filter(entry -> entry.getKey().stream().zone() != StreamId.CONTROL_ZONE)
                .mapToLong(entry -> entry.getValue().cardinality())
                .sum();
    }

    /** Every sequence below the given next ones has arrived or is declared, and none above them. */
    void assertComplete(Map<AcknowledgedPosition.RunStream, Long> next) {
        next.forEach((stream, end) -> {
            BitSet known = known(stream);
            assertThat(known.nextClearBit(0))
                    .as("%s: arrived %s, declared %s", stream, arrived(stream), declared(stream))
                    .isEqualTo(end.intValue());
            assertThat(known.length()).as("%s", stream).isEqualTo(end.intValue());
        });
    }

    /** As {@link #assertComplete}, and no sequence has both arrived and been declared. */
    void assertExact(Map<AcknowledgedPosition.RunStream, Long> next) {
        assertComplete(next);
        next.keySet()
                .forEach(stream -> assertThat(arrived(stream).intersects(declared(stream)))
                        .as("%s: arrived %s, declared %s", stream, arrived(stream), declared(stream))
                        .isFalse());
    }

    private BitSet known(AcknowledgedPosition.RunStream stream) {
        BitSet known = (BitSet) arrived(stream).clone();
        known.or(declared(stream));
        return known;
    }
}
