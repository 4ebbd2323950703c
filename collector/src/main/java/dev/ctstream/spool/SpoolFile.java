package dev.ctstream.spool;

import dev.ctstream.segment.Amount;
import dev.ctstream.segment.MissingBatches;
import dev.ctstream.segment.SegmentInspection;
import dev.ctstream.segment.SpoolPosition;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * One file of a spool directory, as {@link SpoolReport} saw it.
 *
 * @param first the place before its first batch
 * @param next the place behind its last batch
 * @param streams of events in it
 * @param firstNanos when the first of it was received, ns since the epoch; 0 = unknown, or nothing is in it
 * @param lastNanos when the last of it was received
 * @param found what reading it whole has shown; null when only its index was read, or nothing can be
 * @param problem why nothing in it can be read; else empty
 */
public record SpoolFile(
        Path file,
        State state,
        long bytes,
        SpoolPosition first,
        SpoolPosition next,
        int streams,
        long firstNanos,
        long lastNanos,
        SegmentInspection.@Nullable Result found,
        String problem) {

    /** How far a file has come. */
    public enum State {
        /** Without a whole header: created a moment ago, or by a process that died then. */
        BEGUN,
        /** Batches are appended to it, or its writer was killed. */
        OPEN,
        /** An index ends it. */
        SEALED,
        /** Nothing in it can be read. */
        UNREADABLE
    }

    /** A file in which there is no batch to be found. */
    static SpoolFile empty(Path file, State state, long bytes, String problem) {
        return new SpoolFile(file, state, bytes, SpoolPosition.START, SpoolPosition.START, 0, 0, 0, null, problem);
    }

    /** The file's name. */
    public String name() {
        return String.valueOf(file.getFileName());
    }

    /** Whether it has batches, or may have some. */
    boolean readable() {
        return state == State.OPEN || state == State.SEALED;
    }

    /** What was appended to it, damaged batches as well. */
    public Amount appended() {
        return Amount.between(first, next);
    }

    /** What was appended to it behind a place. */
    public Amount behind(SpoolPosition place) {
        return Amount.between(later(place, first), next);
    }

    /** What damage took of it. */
    public Amount damage() {
        return damageBehind(SpoolPosition.START);
    }

    /** What damage took of it behind a place. */
    Amount damageBehind(SpoolPosition place) {
        Amount sum = Amount.NONE;
        SegmentInspection.Result result = found;
        if (result != null) {
            for (MissingBatches hole : result.holes()) {
                sum = sum.plus(Amount.between(later(place, hole.first()), hole.next()));
            }
        }
        return sum;
    }

    /** Whether it is not as it was written. A torn tail is no damage: it was never appended. */
    public boolean damaged() {
        SegmentInspection.Result result = found;
        return state == State.UNREADABLE || (result != null && (result.lostBatches() > 0 || result.damagedBytes() > 0));
    }

    /** Bytes behind the last whole batch of a file that is not sealed. */
    public long unfinishedBytes() {
        SegmentInspection.Result result = found;
        return result == null || result.sealed() ? 0 : Math.max(0, result.fileBytes() - result.goodBytes());
    }

    private static SpoolPosition later(SpoolPosition one, SpoolPosition other) {
        return one.number() >= other.number() ? one : other;
    }
}
