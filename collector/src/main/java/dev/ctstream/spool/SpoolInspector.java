package dev.ctstream.spool;

import dev.ctstream.netlink.ErrorText;
import dev.ctstream.record.StreamId;
import dev.ctstream.segment.Amount;
import dev.ctstream.segment.BatchEnvelope;
import dev.ctstream.segment.DamagedSegmentException;
import dev.ctstream.segment.MissingBatches;
import dev.ctstream.segment.SegmentInspection;
import dev.ctstream.segment.SegmentReader;
import dev.ctstream.segment.SegmentTrailer;
import dev.ctstream.segment.SegmentVersionException;
import dev.ctstream.segment.SpoolPosition;
import dev.ctstream.segment.StreamRanges;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Makes a {@link SpoolReport}. The reading order keeps it correct while a collector is running. It reads the position
 * file first, then the segments of events, then those of control records, then the position file again. Everything that
 * the first reading counts as appended is in the segments; whatever a collector deleted meanwhile is acknowledged in the
 * second reading, or given up by a GAP, which is on disk before its segment is deleted.
 *
 * <p>Threads: confined to one thread; use each object once.
 */
final class SpoolInspector {
    private static final SpoolFileSystem FILES = SpoolFileSystem.HOST;

    private final Path directory;
    private final boolean all;
    private final SpoolReport.Progress progress;
    private final Set<StreamId> streams = new HashSet<>();

    /**
     * Does no I/O yet.
     *
     * @param all true to read everything, false to read indexes only where possible
     */
    SpoolInspector(Path directory, boolean all, SpoolReport.Progress progress) {
        this.directory = directory;
        this.all = all;
        this.progress = progress;
    }

    SpoolReport inspect() throws IOException {
        try {
            requireSpool(directory);
            SpoolCheckpoint.Values before = state();
            List<Path> files = ChainDirectory.events(FILES, directory).segments();
            OptionalLong collector = LockHolder.of(directory);
            List<SpoolFile> segments = inOrder(inspect(files));
            List<SpoolFile> control =
                    inOrder(inspect(ChainDirectory.control(FILES, directory).segments()));
            List<SpoolFile> letters = inspect(FILES.list(directory, DeadLetters.SUFFIX));
            SpoolCheckpoint.Values after = state();
            ControlScan scan = scan(control, after);
            return new SpoolReport(
                    collector,
                    after == null ? scan.newestRun() : after.identity(),
                    collector.isEmpty() && scan.clean(),
                    after == null ? SpoolPosition.START : after.events().acknowledged(),
                    after == null ? SpoolPosition.START : after.control().acknowledged(),
                    segments,
                    control,
                    letters,
                    all ? missing(segments, control, before, after) : Amount.NONE,
                    streams.size());
        } catch (IOException e) {
            throw readable(directory, e);
        }
    }

    /**
     * Checks that the directory has a lock file, which a spool has from the start, or at least a position file or
     * segments.
     */
    static void requireSpool(Path directory) throws IOException {
        if (!Files.exists(directory)) {
            throw new NoSuchFileException(directory.toString());
        }
        if (Files.isDirectory(directory)
                && ChainDirectory.events(FILES, directory).segments().isEmpty()
                && !Files.exists(directory.resolve(SpoolDirectory.LOCK))
                && !Files.exists(SpoolDirectory.stateFile(directory))) {
            throw new IOException(
                    "directory " + directory + " is not a spool; ctstream run --dump-config shows spool.directory");
        }
    }

    /** The same failure with a message that names the directory and the remedy. */
    static IOException readable(Path directory, IOException e) {
        String what = "spool directory " + directory;
        if (e instanceof NoSuchFileException) {
            return new IOException(what + " does not exist; ctstream run --dump-config shows spool.directory", e);
        }
        if (e instanceof NotDirectoryException) {
            return new IOException(what + " is a file; give the directory that holds the segments", e);
        }
        if (e instanceof AccessDeniedException denied) {
            return new IOException(
                    what + " cannot be read: " + denied.getFile() + ": " + ErrorText.reason(denied)
                            + "; run this as the collector's user, or as root",
                    e);
        }
        return e instanceof FileSystemException ? new IOException(what + " cannot be read: " + ErrorText.of(e), e) : e;
    }

    private SpoolCheckpoint.@Nullable Values state() throws IOException {
        Path file = SpoolDirectory.stateFile(directory);
        try {
            return SpoolCheckpoint.read(FILES, file);
        } catch (SegmentVersionException e) {
            throw new IOException(file + " cannot be read: " + e.getMessage(), e);
        }
    }

    private List<SpoolFile> inspect(List<Path> files) throws IOException {
        List<SpoolFile> list = new ArrayList<>();
        for (int i = 0; i < files.size(); i++) {
            Path file = files.get(i);
            try {
                list.add(inspect(file));
            } catch (NoSuchFileException e) {
                // Deleted meanwhile, because it was acknowledged or dropped.
            } catch (SegmentVersionException e) {
                throw new IOException(file + " cannot be read: " + e.getMessage(), e);
            }
            progress.files(i + 1, files.size());
        }
        return list;
    }

    private SpoolFile inspect(Path file) throws IOException {
        long bytes = FILES.sizeBytes(file);
        if (ChainRecovery.isUnfinished(FILES, file, true)) {
            return SpoolFile.empty(file, SpoolFile.State.BEGUN, bytes, "");
        }
        try {
            SegmentTrailer.Ends ends = all ? null : SegmentTrailer.read(FILES, file);
            if (ends == null) {
                return inspect(file, bytes, SegmentInspection.Scope.READ_ONLY);
            }
            SpoolPosition first = ends.header().first();
            return seen(file, SpoolFile.State.SEALED, bytes, first, ends.next(), ends.ranges(), null);
        } catch (DamagedSegmentException e) {
            return SpoolFile.empty(file, SpoolFile.State.UNREADABLE, bytes, String.valueOf(e.getMessage()));
        }
    }

    private SpoolFile inspect(Path file, long bytes, SegmentInspection.Scope scope) throws IOException {
        StreamRanges present = new StreamRanges();
        SegmentInspection.Result found = SegmentInspection.inspect(FILES, file, scope, present);
        SpoolFile.State state = found.sealed() ? SpoolFile.State.SEALED : SpoolFile.State.OPEN;
        return seen(file, state, bytes, found.first(), found.next(), present.all(), found);
    }

    private SpoolFile seen(
            Path file,
            SpoolFile.State state,
            long bytes,
            SpoolPosition first,
            SpoolPosition next,
            Collection<StreamRanges.Range> ranges,
            SegmentInspection.@Nullable Result found) {
        int events = 0;
        long firstNanos = Long.MAX_VALUE;
        long lastNanos = 0;
        for (StreamRanges.Range range : ranges) {
            if (range.kind() == BatchEnvelope.EVENTS) {
                streams.add(range.stream());
                events++;
            }
            firstNanos = Math.min(firstNanos, range.firstNanos());
            lastNanos = Math.max(lastNanos, range.lastNanos());
        }
        return new SpoolFile(
                file, state, bytes, first, next, events, lastNanos == 0 ? 0 : firstNanos, lastNanos, found, "");
    }

    /**
     * Sorts files by their contents, as {@link ChainRecovery} does, and ends each where the next one begins. A segment
     * that was abandoned after a failed write may hold more.
     */
    private List<SpoolFile> inOrder(List<SpoolFile> files) throws IOException {
        List<SpoolFile> sorted = new ArrayList<>(files);
        sorted.sort(Comparator.comparing(SpoolFile::readable)
                .reversed()
                .thenComparingLong(file -> file.first().number()));
        for (int i = 0; i + 1 < sorted.size() && sorted.get(i + 1).readable(); i++) {
            SpoolFile file = sorted.get(i);
            SpoolPosition end = sorted.get(i + 1).first();
            if (file.found() != null && file.next().number() > end.number()) {
                try {
                    sorted.set(i, inspect(file.file(), file.bytes(), SegmentInspection.Scope.upTo(end)));
                } catch (NoSuchFileException e) {
                    sorted.remove(i--);
                }
            }
        }
        return sorted;
    }

    private static ControlScan scan(List<SpoolFile> control, SpoolCheckpoint.@Nullable Values state)
            throws IOException {
        long acknowledged = state == null ? 0 : state.control().acknowledged().number() - 1;
        ControlScan scan = new ControlScan(FILES, acknowledged, new GivenUp(), new Owed());
        scan.read(readable(control));
        return scan;
    }

    private static List<Segment> readable(List<SpoolFile> files) throws IOException {
        List<Segment> segments = new ArrayList<>();
        for (SpoolFile file : files) {
            if (file.readable()) {
                try (SegmentReader reader = SegmentReader.open(FILES, file.file(), true)) {
                    segments.add(new Segment(
                            0,
                            file.file(),
                            reader.identity(),
                            file.first(),
                            new Segment.Extent(file.next(), file.bytes(), true)));
                } catch (NoSuchFileException e) {
                    // Deleted meanwhile, because it was acknowledged.
                }
            }
        }
        return segments;
    }

    /** The data that was appended before, but is not in a segment, acknowledged or given up. */
    private static Amount missing(
            List<SpoolFile> segments,
            List<SpoolFile> control,
            SpoolCheckpoint.@Nullable Values before,
            SpoolCheckpoint.@Nullable Values after)
            throws IOException {
        if (before == null || after == null) {
            return Amount.NONE; // without it, it is unknown where the segments should begin and end
        }
        GivenUp declared = new GivenUp();
        new ControlScan(FILES, Long.MAX_VALUE, declared, new Owed()).read(readable(control));
        SpoolPosition from = after.events().acknowledged();
        Amount sum = Amount.NONE;
        for (MissingBatches hole : holes(segments, from, before.events().next())) {
            for (MissingBatches part : declared.undeclared(hole.first(), hole.next())) {
                sum = sum.plus(Amount.between(part.first(), part.next()));
            }
        }
        SpoolPosition fromControl = after.control().acknowledged();
        for (MissingBatches hole : holes(control, fromControl, before.control().next())) {
            sum = sum.plus(new Amount(hole.batches(), 0));
        }
        return sum;
    }

    /** The parts between two positions that are in no segment. */
    private static List<MissingBatches> holes(List<SpoolFile> segments, SpoolPosition from, SpoolPosition to) {
        List<MissingBatches> missing = new ArrayList<>();
        SpoolPosition end = from;
        for (SpoolFile segment : segments) {
            if (segment.readable()) {
                if (segment.first().number() > end.number()) {
                    missing.add(new MissingBatches(end, segment.first()));
                }
                end = segment.next().number() > end.number() ? segment.next() : end;
            }
        }
        if (to.number() > end.number()) {
            missing.add(new MissingBatches(end, to));
        }
        return missing;
    }
}
