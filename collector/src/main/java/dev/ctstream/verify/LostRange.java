package dev.ctstream.verify;

import dev.ctstream.record.DecodedRecord;
import java.util.ArrayList;
import java.util.List;
import org.apache.avro.generic.GenericRecord;
import org.jspecify.annotations.Nullable;

/**
 * A range of sequences of one stream that a GAP declares as lost.
 *
 * @param zone null = control records
 * @param last inclusive; {@link Long#MAX_VALUE} = unknown
 */
record LostRange(@Nullable Integer zone, long first, long last) {
    /** The ranges of a GAP; empty when it has none. */
    static List<LostRange> of(DecodedRecord record) {
        List<LostRange> ranges = new ArrayList<>();
        if (record.value("ranges") instanceof List<?> items) {
            for (Object item : items) {
                GenericRecord range = (GenericRecord) item;
                Integer zone = range.get("ct_zone") instanceof Integer number ? number : null;
                long last = range.get("last_sequence") instanceof Long number ? number : Long.MAX_VALUE;
                ranges.add(new LostRange(zone, (Long) range.get("first_sequence"), last));
            }
        }
        return ranges;
    }
}
