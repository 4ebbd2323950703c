package dev.ctstream.verify;

import dev.ctstream.record.StreamKey;

/**
 * Sequences that are in no record and are not declared as lost.
 *
 * @param control true for sequences of control records ({@code control_sequence}); the zone is then -1
 * @param kind their position in the stream
 * @param first first sequence
 * @param last last sequence, inclusive
 */
public record Hole(StreamKey stream, boolean control, Kind kind, long first, long last) {
    /** Position of a hole. */
    public enum Kind {
        /** Between present events, or before them. */
        HOLE,
        /** After the last present event; a report shows how far the stream went. */
        TAIL,
        /** The whole stream is missing; a report lists it. */
        STREAM
    }

    /** Number of sequences. */
    public long count() {
        return last - first + 1;
    }
}
