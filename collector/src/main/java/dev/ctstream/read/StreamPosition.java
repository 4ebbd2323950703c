package dev.ctstream.read;

import java.util.ArrayList;
import java.util.List;
import org.apache.avro.generic.GenericRecord;

/** How far a stream was numbered, as a control record lists it. */
record StreamPosition(int zone, long nextSequence) {
    /** The list of a report or of a SNAPSHOT_END; empty when it has none. */
    static List<StreamPosition> of(ReadEvent record) {
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
