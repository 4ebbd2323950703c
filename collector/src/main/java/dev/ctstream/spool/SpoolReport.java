package dev.ctstream.spool;

import dev.ctstream.record.RunIdentity;
import dev.ctstream.segment.Amount;
import dev.ctstream.segment.SpoolPosition;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The contents of a spool directory, read without its lock and without changing anything. A collector may use the
 * directory meanwhile; files that it deletes are left out.
 *
 * @param collector process that uses the directory; empty when there is none or it is not visible from here
 * @param run the last run that used the directory; null when the position file is missing or damaged
 * @param clean whether that run ended cleanly; false while it is running
 * @param acknowledged the stored position after the last batch of events that is in Kafka or declared as lost; at most
 *     one second old
 * @param controlAcknowledged the same for the control records
 * @param segments of events, oldest first
 * @param control segments of control records, oldest first
 * @param deadLetters batches that Kafka rejected, oldest first
 * @param missing appended batches and control records that are not acknowledged, not in any file and not given up; only
 *     {@link #verify} looks for them
 * @param streams number of event streams, by namespace and zone
 */
public record SpoolReport(
        OptionalLong collector,
        @Nullable RunIdentity run,
        boolean clean,
        SpoolPosition acknowledged,
        SpoolPosition controlAcknowledged,
        List<SpoolFile> segments,
        List<SpoolFile> control,
        List<SpoolFile> deadLetters,
        Amount missing,
        int streams) {

    /** Copies the lists. */
    public SpoolReport {
        segments = List.copyOf(segments);
        control = List.copyOf(control);
        deadLetters = List.copyOf(deadLetters);
    }

    /** Receives the progress of an inspection. */
    public interface Progress {
        /** Reports that {@code done} of {@code all} files have been inspected. */
        void files(int done, int all);
    }

    /**
     * Reads headers and indexes; reads only unsealed segments in full.
     *
     * @throws IOException when it is not a spool or cannot be read; the message names it and the remedy
     */
    public static SpoolReport list(Path directory) throws IOException {
        return new SpoolInspector(directory, false, (done, all) -> {}).inspect();
    }

    /**
     * Reads everything and checks every checksum.
     *
     * @throws IOException as for {@link #list}
     */
    public static SpoolReport verify(Path directory, Progress progress) throws IOException {
        return new SpoolInspector(directory, true, progress).inspect();
    }

    /** Appended data that is not in Kafka yet. */
    public Amount waiting() {
        return sum(segments.stream().map(segment -> segment.behind(acknowledged)));
    }

    /** Control records that are not in Kafka yet. */
    public long waitingControlRecords() {
        return sum(control.stream().map(segment -> segment.behind(controlAcknowledged)))
                .batches();
    }

    /** Data of all segments that is lost to damage. */
    public Amount damage() {
        return sum(segments.stream().map(SpoolFile::damage))
                .plus(sum(control.stream().map(SpoolFile::damage)));
    }

    /** Damaged or missing data that is not in Kafka. The collector declares it as lost when it reaches it. */
    public Amount lost() {
        return sum(segments.stream().map(segment -> segment.damageBehind(acknowledged)))
                .plus(sum(control.stream().map(segment -> segment.damageBehind(controlAcknowledged))))
                .plus(missing);
    }

    /** Whether all files are undamaged and nothing is missing. */
    public boolean whole() {
        return missing.equals(Amount.NONE)
                && segments.stream().noneMatch(SpoolFile::damaged)
                && control.stream().noneMatch(SpoolFile::damaged)
                && deadLetters.stream().noneMatch(SpoolFile::damaged);
    }

    private static Amount sum(Stream<Amount> amounts) {
        return amounts.reduce(Amount.NONE, Amount::plus);
    }
}
