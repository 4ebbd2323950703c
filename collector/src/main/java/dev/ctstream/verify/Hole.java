package dev.ctstream.verify;

import dev.ctstream.record.StreamKey;

/**
 * Sequences that are in no record and that nothing declares.
 *
 * @param control whether they are of control records ({@code control_sequence}); the zone is -1 then
 * @param kind where in the stream they lie
 * @param first first sequence
 * @param last last sequence, inclusive
 */
public record Hole(StreamKey stream, boolean control, Kind kind, long first, long last) {
    /** Where a hole lies. */
    public enum Kind {
        /** Between events that are there, or before them. */
        HOLE,
        /** Behind the last event that is there; a report tells how far the stream went. */
        TAIL,
        /** Nothing of the stream is there; a report names it. */
        STREAM
    }

    /** How many sequences. */
    public long count() {
        return last - first + 1;
    }
}
