package dev.ctstream.spool;

import dev.ctstream.segment.BatchEnvelope;
import dev.ctstream.segment.DamagedSegmentException;
import dev.ctstream.segment.SegmentFormat;
import dev.ctstream.segment.SegmentReader;
import dev.ctstream.segment.SegmentVersionException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads all batches of a spool directory in their order, from outside: without its lock and without changing anything. A
 * collector may be at work in it; what it deletes meanwhile is left out, and what it begins after the opening is not read.
 *
 * <p>Ownership: owns one open file at a time; the {@link #body()} is valid until the next {@link #next()}.
 *
 * <p>Threads: confined to one thread.
 *
 * <p>Errors: {@link IOException} when something may not be read, or was written by a later version; the message names it
 * and the remedy. Damage is passed over and counted.
 */
public final class SpoolReader implements AutoCloseable {
    private final Path directory;
    private final Deque<Source> sources = new ArrayDeque<>();
    private final List<String> unreadable = new ArrayList<>();
    private @Nullable SegmentReader reader;
    private long end;
    private long damagedBytes;
    private int deletedFiles;

    /**
     * A file that is still to be read.
     *
     * @param first number of its first batch
     * @param end number from which on the next file's batches count
     */
    private record Source(Path file, long first, long end) {}

    private SpoolReader(Path directory) {
        this.directory = directory;
    }

    /** The queue: what is to be published, and what is published and not deleted yet. */
    public static SpoolReader segments(Path directory) throws IOException {
        SpoolReader opened = new SpoolReader(directory);
        try {
            SpoolInspector.requireSpool(directory);
            List<Source> list = new ArrayList<>();
            for (Path file : SpoolDirectory.segments(directory)) {
                opened.add(file, list);
            }
            list.sort(Comparator.comparingLong(Source::first));
            for (int i = 0; i < list.size(); i++) {
                Source source = list.get(i);
                long end = i + 1 < list.size() ? list.get(i + 1).first() : Long.MAX_VALUE;
                opened.sources.add(new Source(source.file(), source.first(), end));
            }
            return opened;
        } catch (IOException e) {
            throw SpoolInspector.readable(directory, e);
        }
    }

    /** What Kafka refused for good. */
    public static SpoolReader deadLetters(Path directory) throws IOException {
        SpoolReader opened = new SpoolReader(directory);
        try {
            SpoolInspector.requireSpool(directory);
            for (Path file : SpoolDirectory.files(directory, DeadLetters.SUFFIX)) {
                opened.sources.add(new Source(file, 0, Long.MAX_VALUE));
            }
            return opened;
        } catch (IOException e) {
            throw SpoolInspector.readable(directory, e);
        }
    }

    private void add(Path file, List<Source> list) throws IOException {
        try (SegmentReader segment = open(file)) {
            if (segment != null) {
                list.add(new Source(file, segment.header().first().number(), 0));
            }
        }
    }

    /** Null when it is gone, only begun, or unreadable. */
    private @Nullable SegmentReader open(Path file) throws IOException {
        try {
            if (Files.size(file) < SegmentFormat.FRAMES_OFFSET) {
                return null;
            }
            return SegmentReader.open(file, true);
        } catch (NoSuchFileException e) {
            deletedFiles++;
        } catch (DamagedSegmentException e) {
            unreadable.add(file.getFileName() + ": " + e.getMessage());
        } catch (SegmentVersionException e) {
            throw new IOException(file + " cannot be read: " + e.getMessage(), e);
        }
        return null;
    }

    /** Moves to the next good batch; false when there is none any more. */
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
            throw new IllegalStateException("there is no batch: next() was not called or said false");
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

    /** Damaged bytes in the files that were read to their end. */
    public long damagedBytes() {
        return damagedBytes;
    }

    /** Files of which nothing can be read, each with the reason. */
    public List<String> unreadable() {
        return List.copyOf(unreadable);
    }

    /** Files that were deleted before their turn came. */
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
