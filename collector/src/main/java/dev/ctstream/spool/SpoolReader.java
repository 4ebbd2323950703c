package dev.ctstream.spool;

import dev.ctstream.segment.BatchEnvelope;
import dev.ctstream.segment.DamagedSegmentException;
import dev.ctstream.segment.SegmentReader;
import dev.ctstream.segment.SegmentVersionException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads a spool directory without its lock and without changing anything: the control records in order, then the batches
 * of events in order. A collector may use
 * the directory meanwhile. Segments that it deletes are skipped; segments that it begins after the opening are not
 * read.
 *
 * <p>Ownership: owns one open file at a time; {@link #body()} is valid until the next call of {@link #next()}.
 *
 * <p>Threads: confined to one thread.
 *
 * <p>Errors: {@link IOException} when a file may not be read or was written by a later version; the message names it
 * and the remedy. Damage is skipped and counted.
 */
public final class SpoolReader implements AutoCloseable {
    private static final SpoolFileSystem FILES = SpoolFileSystem.HOST;

    private final Path directory;
    private final Deque<Source> sources = new ArrayDeque<>();
    private final List<String> unreadable = new ArrayList<>();
    private @Nullable SegmentReader reader;
    private long end;
    private long damagedBytes;
    private int deletedFiles;

    /**
     * A file that still has to be read.
     *
     * @param first the number of its first batch
     * @param end the first number that belongs to the next file
     */
    private record Source(Path file, long first, long end) {}

    private SpoolReader(Path directory) {
        this.directory = directory;
    }

    /** Opens the queue: batches to be published, and published ones that are not deleted yet. */
    public static SpoolReader segments(Path directory) throws IOException {
        SpoolReader opened = new SpoolReader(directory);
        try {
            SpoolInspector.requireSpool(directory);
            opened.add(ChainDirectory.control(FILES, directory));
            opened.add(ChainDirectory.events(FILES, directory));
            return opened;
        } catch (IOException e) {
            throw SpoolInspector.readable(directory, e);
        }
    }

    /** Opens the batches that Kafka rejected permanently. */
    public static SpoolReader deadLetters(Path directory) throws IOException {
        SpoolReader opened = new SpoolReader(directory);
        try {
            SpoolInspector.requireSpool(directory);
            for (Path file : FILES.list(directory, DeadLetters.SUFFIX)) {
                opened.sources.add(new Source(file, 0, Long.MAX_VALUE));
            }
            return opened;
        } catch (IOException e) {
            throw SpoolInspector.readable(directory, e);
        }
    }

    private void add(ChainDirectory chain) throws IOException {
        List<Source> list = new ArrayList<>();
        for (Path file : chain.segments()) {
            add(file, list);
        }
        list.sort(Comparator.comparingLong(Source::first));
        for (int i = 0; i < list.size(); i++) {
            Source source = list.get(i);
            long end = i + 1 < list.size() ? list.get(i + 1).first() : Long.MAX_VALUE;
            sources.add(new Source(source.file(), source.first(), end));
        }
    }

    private void add(Path file, List<Source> list) throws IOException {
        try (SegmentReader segment = open(file)) {
            if (segment != null) {
                list.add(new Source(file, segment.header().first().number(), 0));
            }
        }
    }

    /** Opens a file; null when it is deleted, unfinished or unreadable. */
    private @Nullable SegmentReader open(Path file) throws IOException {
        try {
            if (ChainRecovery.isUnfinished(FILES, file, true)) {
                return null;
            }
            return SegmentReader.open(FILES, file, true);
        } catch (NoSuchFileException e) {
            deletedFiles++;
        } catch (DamagedSegmentException e) {
            unreadable.add(file.getFileName() + ": " + e.getMessage());
        } catch (SegmentVersionException e) {
            throw new IOException(file + " cannot be read: " + e.getMessage(), e);
        }
        return null;
    }

    /** Moves to the next good batch; false when there are no more. */
    public boolean next() throws IOException {
        try {
            while (reader != null || !sources.isEmpty()) {
                SegmentReader open = reader;
                if (open == null) {
                    Source source = sources.remove();
                    end = source.end();
                    reader = open(source.file());
                } else if (open.next() && open.envelope().number() < end) {
                    return true;
                } else {
                    damagedBytes += open.skippedBytes();
                    reader = null;
                    open.close();
                }
            }
            return false;
        } catch (IOException e) {
            throw SpoolInspector.readable(directory, e);
        }
    }

    private SegmentReader current() {
        SegmentReader open = reader;
        if (open == null) {
            throw new IllegalStateException("there is no batch: next() was not called or returned false");
        }
        return open;
    }

    /** The batch that {@link #next()} moved to. */
    public BatchEnvelope envelope() {
        return current().envelope();
    }

    /** The batch's bare Avro datum; borrowed. */
    public ByteBuffer body() {
        return current().body();
    }

    /** Damaged bytes in the files that were read completely. */
    public long damagedBytes() {
        return damagedBytes;
    }

    /** Unreadable files, each with the reason. */
    public List<String> unreadable() {
        return List.copyOf(unreadable);
    }

    /** Number of files that were deleted before they could be read. */
    public int deletedFiles() {
        return deletedFiles;
    }

    @Override
    public void close() throws IOException {
        SegmentReader open = reader;
        if (open != null) {
            open.close();
        }
    }
}
