package dev.ctstream.spool;

import dev.ctstream.batch.EncodedBatch;
import dev.ctstream.segment.BatchEnvelope;
import dev.ctstream.segment.SegmentFormat;
import dev.ctstream.segment.SegmentReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * Everything that a collector ever appends to its spool, read from the segment files. Each new segment gets a hard link
 * elsewhere at once, which keeps the file when the spool deletes it. Batch numbers rise by one, so a missed segment
 * would show as a gap.
 *
 * <p>Threads: its own thread looks for new segments; one other thread may call the methods.
 */
public final class AppendedBatches implements AutoCloseable {
    private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

    private final Path directory;
    private final Path names;
    private final Set<Object> inodes = new HashSet<>();
    private final Thread watcher = new Thread(this::watch, "segment-watcher");
    private final Map<String, BitSet> streams = new TreeMap<>();
    private final Set<Path> sealed = new HashSet<>();
    private final BitSet numbers = new BitSet();
    private volatile boolean closed;

    private AppendedBatches(Path directory, Path names) {
        this.directory = directory;
        this.names = names;
    }

    /**
     * Starts watching.
     *
     * @param names a directory on the same file system
     */
    public static AppendedBatches watch(Path directory, Path names) throws IOException {
        Files.createDirectories(directory);
        Files.createDirectories(names);
        AppendedBatches batches = new AppendedBatches(directory, names);
        batches.watcher.start();
        return batches;
    }

    private void watch() {
        while (!closed) {
            try {
                look();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            LockSupport.parkNanos(LOOK_NANOS);
        }
    }

    private synchronized void look() throws IOException {
        for (Path segment : SpoolDirectory.segments(directory)) {
            try {
                Object inode = Files.getAttribute(segment, "unix:ino");
                if (!inodes.contains(inode)) {
                    Files.createLink(names.resolve(segment.getFileName() + "." + inode), segment);
                    inodes.add(inode);
                }
            } catch (NoSuchFileException e) {
                // It was just deleted. If it was never seen, the batch numbers will show it.
            }
        }
    }

    /** Records all good batches while no collector runs; they must not vanish from the files later. */
    public synchronized void read() throws IOException {
        look();
        List<Path> files = new ArrayList<>();
        try (var found = Files.newDirectoryStream(names)) {
            found.forEach(files::add);
        }
        for (Path file : files) {
            if (!sealed.contains(file) && Files.size(file) >= SegmentFormat.FRAMES_OFFSET) {
                read(file);
            }
        }
    }

    private void read(Path file) throws IOException {
        try (SegmentReader segment = SegmentReader.open(file)) {
            String run = segment.identity().hostId() + "/" + segment.identity().bootId() + "/"
                    + segment.identity().streamEpoch() + "/";
            while (segment.next()) {
                BatchEnvelope batch = segment.envelope();
                numbers.set((int) batch.number());
                streams.computeIfAbsent(
                                run + batch.stream().netnsId() + "/"
                                        + (batch.kind() == EncodedBatch.CONTROL
                                                ? -1
                                                : batch.stream().zone()),
                                stream -> new BitSet())
                        .set((int) batch.firstSequence(), (int) batch.nextSequence());
            }
            if (segment.skippedBytes() > 0) {
                throw new AssertionError(file + " is damaged: " + segment.skippedBytes() + " bytes");
            }
            if (segment.sealed()) {
                sealed.add(file);
            }
        }
    }

    /**
     * Sequences of each stream {@code host/boot/epoch/netns/zone} that were {@link #read}; the zone of control records
     * is -1.
     */
    public Map<String, BitSet> streams() {
        if (numbers.nextClearBit(1) != numbers.length()) {
            throw new AssertionError("batch " + numbers.nextClearBit(1) + " of " + (numbers.length() - 1)
                    + " was in a segment that was not seen");
        }
        return streams;
    }

    @Override
    public void close() {
        closed = true;
        try {
            watcher.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
