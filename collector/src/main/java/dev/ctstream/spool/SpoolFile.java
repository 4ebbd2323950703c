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
 * @param first the position of its first batch
 * @param next the position after its last batch
 * @param streams number of event streams in it
 * @param firstNanos receive time of its first data, ns since the epoch; 0 = unknown or empty
 * @param lastNanos receive time of its last data
 * @param found result of reading the whole file; null when only its index was read or it is unreadable
 * @param problem why it is unreadable; otherwise empty
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

    /** State of a file. */
    public enum State {
        /** The header is incomplete: the file was just created, or its writer died while creating it. */
        BEGUN,
        /** Batches are being appended to it, or its writer was killed. */
        OPEN,
        /** It ends with an index. */
        SEALED,
        /** Nothing in it can be read. */
        UNREADABLE
    }

    /** A file without any readable batch. */
    static SpoolFile empty(Path file, State state, long bytes, String problem) {
        return new SpoolFile(file, state, bytes, SpoolPosition.START, SpoolPosition.START, 0, 0, 0, null, problem);
    }

    /** The file's name; for a segment of control records with that of its directory. */
    public String name() {
        String name = String.valueOf(file.getFileName());
        return isControl() ? ChainDirectory.CONTROL + "/" + name : name;
    }

    /** Whether it holds control records; they count as batches, not as events. */
    public boolean isControl() {
        Path parent = file.getParent();
        return parent != null && parent.endsWith(ChainDirectory.CONTROL);
    }

    /** Whether it has batches, or may have some. */
    boolean readable() {
        return state == State.OPEN || state == State.SEALED;
    }

    /** Everything appended to it, including damaged batches. */
    public Amount appended() {
        return counted(Amount.between(first, next));
    }

    /** Control records are no events. */
    private Amount counted(Amount amount) {
        return isControl() ? new Amount(amount.batches(), 0) : amount;
    }

    /** The undamaged part of it, if all of it was read. */
    public Amount good() {
        SegmentInspection.Result result = found;
        return result == null ? appended() : counted(new Amount(result.batches(), result.events()));
    }

    /** The part of it at or after a position. */
    public Amount behind(SpoolPosition position) {
        return counted(Amount.between(later(position, first), next));
    }

    /** The part of it that is lost to damage. */
    public Amount damage() {
        return damageBehind(SpoolPosition.START);
    }

    /** The part of it at or after a position that is lost to damage. */
    Amount damageBehind(SpoolPosition position) {
        Amount sum = Amount.NONE;
        SegmentInspection.Result result = found;
        if (result != null) {
            for (MissingBatches hole : result.holes()) {
                sum = sum.plus(Amount.between(later(position, hole.first()), hole.next()));
            }
        }
        return counted(sum);
    }

    /**
     * Whether its contents have changed since they were written. A torn tail is not damage, because it was never
     * appended.
     */
    public boolean damaged() {
        SegmentInspection.Result result = found;
        return state == State.UNREADABLE || (result != null && (result.lostBatches() > 0 || result.damagedBytes() > 0));
    }

    /** Bytes after the last complete batch of an unsealed file. */
    public long unfinishedBytes() {
        SegmentInspection.Result result = found;
        return result == null || result.sealed() ? 0 : Math.max(0, result.fileBytes() - result.goodBytes());
    }

    private static SpoolPosition later(SpoolPosition one, SpoolPosition other) {
        return one.number() >= other.number() ? one : other;
    }
}
