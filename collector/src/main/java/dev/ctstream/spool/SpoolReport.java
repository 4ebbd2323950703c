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
 * What a spool directory holds, seen from outside: without its lock and without changing anything. A collector may be at
 * work in it meanwhile, and what it deletes is left out.
 *
 * @param collector process that uses the directory; empty when there is none, or when it cannot be seen from here
 * @param run that used the directory last; null when the position file is missing or damaged
 * @param clean whether that run ended in order; false while it goes on
 * @param acknowledged the place behind the last batch that is in Kafka or declared as lost, as stored: a second old at most
 * @param segments oldest first
 * @param deadLetters batches that Kafka refused, oldest first
 * @param missing what was appended, is not acknowledged, is in no file, and was not declared as lost; only {@link #verify}
 *     looks for it
 * @param streams of events, by namespace and zone
 */
public record SpoolReport(
        OptionalLong collector,
        @Nullable RunIdentity run,
        boolean clean,
        SpoolPosition acknowledged,
        List<SpoolFile> segments,
        List<SpoolFile> deadLetters,
        Amount missing,
        int streams) {

    /** Copies the lists. */
    public SpoolReport {
        segments = List.copyOf(segments);
        deadLetters = List.copyOf(deadLetters);
    }

    /** Hears how far a survey has come. */
    public interface Progress {
        /** So many of so many files have been looked at. */
        void files(int done, int all);
    }

    /**
     * Looks at headers and indexes, and reads only what is not sealed.
     *
     * @throws IOException when it is no spool, or cannot be read; the message names it and the remedy
     */
    public static SpoolReport list(Path directory) throws IOException {
        return new SpoolInspector(directory, false, (done, all) -> {}).inspect();
    }

    /**
     * Reads everything and checks every checksum. What is missing beside a collector at work may just not be declared
     * yet; then it waits some seconds for that.
     *
     * @throws IOException as {@link #list}
     */
    public static SpoolReport verify(Path directory, Progress progress) throws IOException {
        return new SpoolInspector(directory, true, progress).inspect();
    }

    /** What is not in Kafka yet, as far as it was appended. */
    public Amount waiting() {
        return sum(segments.stream().map(segment -> segment.behind(acknowledged)));
    }

    /** What damage has taken of all segments. */
    public Amount damage() {
        return sum(segments.stream().map(SpoolFile::damage));
    }

    /** What is damaged or missing and not in Kafka either. The collector declares it as lost when it comes to it. */
    public Amount lost() {
        return sum(segments.stream().map(segment -> segment.damageBehind(acknowledged)))
                .plus(missing);
    }

    /** Whether all is as it was written. */
    public boolean whole() {
        return missing.equals(Amount.NONE)
                && segments.stream().noneMatch(SpoolFile::damaged)
                && deadLetters.stream().noneMatch(SpoolFile::damaged);
    }

    private static Amount sum(Stream<Amount> amounts) {
        return amounts.reduce(Amount.NONE, Amount::plus);
    }
}
