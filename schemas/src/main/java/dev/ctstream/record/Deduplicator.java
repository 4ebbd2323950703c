package dev.ctstream.record;

import java.util.Iterator;
import java.util.LinkedHashMap;

/**
 * The first rule of a consumer: of each (stream, sequence) keep the first occurrence. Delivery is at least once; what is
 * left over rises by one in each stream, but for losses, which GAP records declare.
 *
 * <p>Bounds: {@code mostStreams} streams; the one that was silent for longest is forgotten for a new one, and what is
 * repeated of it later passes once more. A stream takes 16 bytes for each hole and about 200 for itself; of more than
 * {@value #MOST_HOLES} holes the lowest is taken for lost for good, and an event that fills it later for a repetition.
 *
 * <p>Threads: confined to one.
 */
public final class Deduplicator {
    /** Holes that are remembered of one stream. */
    public static final int MOST_HOLES = 4096;

    private final int mostStreams;
    private final LinkedHashMap<StreamKey, IntervalSet> streams = new LinkedHashMap<>(16, 0.75f, true);

    /** Remembers so many streams at most. */
    public Deduplicator(int mostStreams) {
        this.mostStreams = mostStreams;
    }

    /** Whether this is the first occurrence; remembers it. */
    public boolean first(StreamKey stream, long sequence) {
        IntervalSet seen = streams.get(stream);
        if (seen == null) {
            if (streams.size() == mostStreams) {
                forgetOldest();
            }
            seen = new IntervalSet();
            streams.put(stream, seen);
        }
        boolean first = seen.add(sequence);
        if (seen.intervals() > MOST_HOLES + 1) {
            seen.fillLowestHole((from, to) -> {});
        }
        return first;
    }

    /** The sequence behind the highest one that was seen; 0 = none. */
    public long end(StreamKey stream) {
        IntervalSet seen = streams.get(stream);
        return seen == null ? 0 : seen.end();
    }

    /** Streams that are remembered. */
    public int streams() {
        return streams.size();
    }

    private void forgetOldest() {
        Iterator<StreamKey> oldest = streams.keySet().iterator();
        oldest.next();
        oldest.remove();
    }
}
