package dev.ctstream.read;

import dev.ctstream.record.EventRecords;
import java.util.stream.LongStream;

/** Records for the tests of other packages. */
public final class TestRecords {
    private TestRecords() {}

    /** A batch of NEW and DESTROY in turn, as a Kafka record's value. */
    public static byte[] batch(int zone, long firstSequence, int count) {
        return EventRecords.singleObject(EventRecords.batch(
                zone,
                LongStream.range(firstSequence, firstSequence + count)
                        .mapToObj(sequence -> EventRecords.event(sequence, sequence % 2 == 0 ? "NEW" : "DESTROY"))
                        .toList()));
    }
}
