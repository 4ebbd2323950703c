package dev.ctstream.record;

import java.util.ArrayList;
import java.util.List;
import org.apache.avro.generic.GenericRecord;

/** How far a stream was numbered, as a control record lists it. */
public record StreamPosition(int zone, long nextSequence) {
    /** The list of a report or of a SNAPSHOT_END; empty when it has none. */
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
