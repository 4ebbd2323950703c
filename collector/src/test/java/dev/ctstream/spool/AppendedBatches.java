package dev.ctstream.spool;

import dev.ctstream.segment.BatchEnvelope;
import dev.ctstream.segment.SegmentFormat;
import dev.ctstream.segment.SegmentReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
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
 * elsewhere at once, which keeps the file when the spool deletes it. The numbers of each chain rise by one, so a missed
 * segment would show as a gap.
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
    private final Map<Integer, BitSet> numbers = new TreeMap<>();
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
        link(ChainDirectory.events(SpoolFileSystem.HOST, directory), "events");
        link(ChainDirectory.control(SpoolFileSystem.HOST, directory), "control");
    }

    private void link(ChainDirectory chain, String name) throws IOException {
        for (Path segment : chain.segments()) {
            try {
                Object inode = Files.getAttribute(segment, "unix:ino");
                if (!inodes.contains(inode)) {
                    Files.createLink(names.resolve(name + "." + segment.getFileName() + "." + inode), segment);
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
        if (isBlank(file)) {
            return;
        }
        try (SegmentReader segment = SegmentReader.open(SpoolFileSystem.HOST, file)) {
            String run = segment.identity().hostId() + "/" + segment.identity().bootId() + "/"
                    + segment.identity().streamEpoch() + "/";
            while (segment.next()) {
                BatchEnvelope batch = segment.envelope();
                numbers.computeIfAbsent(batch.kind(), kind -> new BitSet()).set((int) batch.number());
                streams.computeIfAbsent(
                                run + batch.stream().netnsId() + "/"
                                        + batch.stream().zone(),
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

    /** Whether the file was reserved, and its writer died before it wrote the header. */
    private static boolean isBlank(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            byte[] head = in.readNBytes(SegmentFormat.FRAMES_OFFSET);
            return Arrays.equals(head, new byte[head.length]);
        }
    }

    /**
     * Sequences of each stream {@code host/boot/epoch/netns/zone} that were {@link #read}; the zone of control records
     * is -1.
     */
    public Map<String, BitSet> streams() {
        numbers.forEach((kind, seen) -> {
            if (seen.nextClearBit(1) != seen.length()) {
                throw new AssertionError("frame " + seen.nextClearBit(1) + " of " + (seen.length() - 1) + " of kind "
                        + kind + " was in a segment that was not seen");
            }
        });
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
