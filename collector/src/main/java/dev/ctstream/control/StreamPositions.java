package dev.ctstream.control;

import dev.ctstream.batch.ControlRecord.StreamPart;
import dev.ctstream.batch.ControlRecord.StreamPosition;
import dev.ctstream.batch.NamespaceStreams;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Next sequences of a namespace's streams; remembers those of the last report.
 *
 * <p>Threads: confined to one thread at a time.
 */
final class StreamPositions {
    private final Map<Integer, Long> reported = new HashMap<>();
    private long sequenced;

    /** The streams that advanced since the last call, or all streams; split into at least one part. */
    List<StreamPart> read(NamespaceStreams streams, boolean all) {
        List<StreamPosition> positions = new ArrayList<>();
        sequenced = 0;
        streams.forEachStream((zone, nextSequence) -> {
            sequenced += nextSequence;
            Long before = reported.put(zone, nextSequence);
            if (all || before == null || before != nextSequence) {
                positions.add(new StreamPosition(zone, nextSequence, null));
            }
        });
        return parts(positions);
    }

    /** Number of sequenced events, as of the last {@link #read}. */
    long sequenced() {
        return sequenced;
    }

    static List<StreamPart> parts(List<StreamPosition> positions) {
        int parts = Math.max(1, (positions.size() + StreamPart.MAX_STREAMS - 1) / StreamPart.MAX_STREAMS);
        List<StreamPart> all = new ArrayList<>(parts);
        for (int part = 0; part < parts; part++) {
            int from = part * StreamPart.MAX_STREAMS;
            int to = Math.min(positions.size(), from + StreamPart.MAX_STREAMS);
            all.add(new StreamPart(part, parts, positions.subList(from, to)));
        }
        return all;
    }
}
