package dev.ctstream.record;

import java.util.Iterator;
import java.util.LinkedHashMap;

/**
 * The first rule of a consumer: keep the first occurrence of each (stream, sequence). Delivery is at least once. After
 * deduplication, the sequences of a stream rise by one, except for losses, which GAP records declare.
 *
 * <p>Bounds: {@code mostStreams} streams. A new stream evicts the one that was silent for longest; repeated events of
 * an evicted stream pass once more. A stream takes about 200 bytes, plus 16 for each hole. When a stream has more than
 * {@value #MOST_HOLES} holes, the lowest one is taken as lost for good: an event that fills it later is dropped as a
 * repetition.
 *
 * <p>Threads: confined to one.
 */
public final class Deduplicator {
    /** Most holes that are remembered for one stream. */
    public static final int MOST_HOLES = 4096;

    private final int mostStreams;
    private final LinkedHashMap<StreamKey, IntervalSet> streams = new LinkedHashMap<>(16, 0.75f, true);

    /** Remembers at most {@code mostStreams} streams. */
    public Deduplicator(int mostStreams) {
        this.mostStreams = mostStreams;
    }

    /** Returns whether this is the first occurrence, and remembers it. */
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

    /** The highest sequence seen, plus one; 0 = none. */
    public long end(StreamKey stream) {
        IntervalSet seen = streams.get(stream);
        return seen == null ? 0 : seen.end();
    }

    /** Number of remembered streams. */
    public int streams() {
        return streams.size();
    }

    private void forgetOldest() {
        Iterator<StreamKey> oldest = streams.keySet().iterator();
        oldest.next();
        oldest.remove();
    }
}
