package dev.ctstream.record;

import java.util.ArrayList;
import java.util.List;
import org.apache.avro.generic.GenericRecord;

/**
 * How far a stream has been numbered, as a control record lists it.
 *
 * @param nextSequence sequence of the stream's next event
 */
public record StreamPosition(int zone, long nextSequence) {
    /** The positions in a report or in a SNAPSHOT_END; empty when the record has none. */
    public static List<StreamPosition> of(DecodedRecord record) {
        List<StreamPosition> positions = new ArrayList<>();
        if (record.value("streams") instanceof List<?> items) {
            for (Object item : items) {
                GenericRecord position = (GenericRecord) item;
                positions.add(
                        new StreamPosition((Integer) position.get("ct_zone"), (Long) position.get("next_sequence")));
            }
        }
        return positions;
    }
}
