package dev.ctstream.spool;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.ctstream.batch.EncodedBatch;
import dev.ctstream.batch.RunIdentity;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The directory of a spool: its lock, the names of its files, and what an earlier run left in it.
 *
 * <p>Ownership: holds the lock until {@link #close}. Threads: confined to the thread that opens the spool.
 */
final class SpoolDirectory implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(SpoolDirectory.class);
    private static final Pattern SEGMENT_NAME = Pattern.compile("(\\d{16})\\.segment");

    private final Path path;
    private final FileChannel lockFile;

    private SpoolDirectory(Path path, FileChannel lockFile) {
        this.path = path;
        this.lockFile = lockFile;
    }

    /** Creates the directory when it is missing, and locks it. */
    static SpoolDirectory open(Path path) throws IOException {
        FileChannel channel;
        try {
            Files.createDirectories(path);
            channel = FileChannel.open(
                    path.resolve("lock"), StandardOpenOption.READ, StandardOpenOption.WRITE, StandardOpenOption.CREATE);
        } catch (IOException e) {
            throw new IOException(
                    "spool directory " + path + " cannot be used: " + reason(e)
                            + "; make it writable for this user, or set spool.directory",
                    e);
        }
        if (!lock(channel)) {
            String owner = readOwner(channel);
            channel.close();
            throw new IOException("spool directory " + path + " is in use by another collector (process " + owner
                    + "); stop it, or give this one its own spool.directory");
        }
        try {
            channel.truncate(0);
            channel.write(
                    ByteBuffer.wrap(Long.toString(ProcessHandle.current().pid()).getBytes(UTF_8)), 0);
        } catch (IOException e) {
            LOG.warn("the lock file cannot be written file={}: {}", path.resolve("lock"), reason(e));
        }
        return new SpoolDirectory(path, channel);
    }

    /** The segment files in a directory, oldest first; needs no lock. */
    static List<Path> segments(Path directory) throws IOException {
        List<Path> files = new ArrayList<>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory, "*.segment")) {
            for (Path file : entries) {
                if (SEGMENT_NAME.matcher(file.getFileName().toString()).matches()) {
                    files.add(file);
                }
            }
        }
        files.sort(null);
        return files;
    }

    Path segmentFile(long id) {
        return path.resolve(String.format("%016d.segment", id));
    }

    Path stateFile() {
        return path.resolve("state");
    }

    Path path() {
        return path;
    }

    /**
     * Brings what earlier runs left in order: cuts torn tails, gives every segment its index, and says what is damaged.
     *
     * @param acknowledgedNumber batches up to this one are in Kafka; damage to them is no loss
     * @return the segments, oldest first, all sealed
     */
    List<Recovered> recover(long acknowledgedNumber, Consumer<Loss> losses) throws IOException {
        List<Recovered> found = new ArrayList<>();
        boolean unreadable = false;
        for (Path file : segments(path)) {
            Recovered next = recover(file);
            if (next == null) {
                unreadable |= Files.notExists(file) && Files.exists(damagedName(file));
                continue;
            }
            if (unreadable && !found.isEmpty()) {
                declareBetween(found.get(found.size() - 1), next, acknowledgedNumber, losses);
            }
            unreadable = false;
            found.add(next);
        }
        return found;
    }

    /**
     * A segment of an earlier run.
     *
     * @param nextEventsBefore events in all batches up to its end
     * @param eventsBefore events in all batches before it
     */
    record Recovered(Segment segment, long eventsBefore, long nextEventsBefore) {}

    private @Nullable Recovered recover(Path file) throws IOException {
        Matcher name = SEGMENT_NAME.matcher(file.getFileName().toString());
        if (!name.matches()) {
            throw new IllegalArgumentException(file.toString());
        }
        long id = Long.parseLong(name.group(1));
        if (Files.size(file) < SegmentFormat.FRAMES_OFFSET) {
            LOG.info("segment was only begun and is removed file={}", file);
            Files.delete(file);
            return null;
        }
        try {
            SegmentInspection.Result sealed = SegmentTrailer.read(file);
            SegmentInspection.Result result = sealed != null ? sealed : seal(file);
            try (SegmentReader reader = SegmentReader.open(file)) {
                Segment segment = new Segment(
                        id,
                        file,
                        result.identity(),
                        result.firstNumber(),
                        result.nextNumber(),
                        reader.sizeBytes(),
                        true);
                return new Recovered(segment, reader.header().eventsBefore(), result.nextEventsBefore());
            }
        } catch (DamagedSegmentException e) {
            LOG.error("segment cannot be read and is set aside file={}: {}", damagedName(file), e.getMessage());
            Files.move(file, damagedName(file), StandardCopyOption.REPLACE_EXISTING);
            return null;
        }
    }

    private static SegmentInspection.Result seal(Path file) throws IOException {
        StreamRanges present = new StreamRanges();
        SegmentInspection.Result result = SegmentInspection.inspect(file, 0, present);
        if (result.sealed()) {
            return result;
        }
        LOG.info(
                "segment was open when its run ended file={} batches={} torn_bytes={}",
                file,
                result.batches(),
                result.fileBytes() - result.goodBytes());
        try {
            SegmentWriter.sealRecovered(file, present, result);
        } catch (IOException e) {
            LOG.warn("segment cannot be sealed and is read as it is file={}: {}", file, reason(e));
        }
        return result;
    }

    private static void declareBetween(Recovered before, Recovered after, long acknowledged, Consumer<Loss> losses) {
        long first = Math.max(before.segment().nextNumber(), acknowledged + 1);
        long batches = after.segment().firstNumber() - first;
        if (batches > 0) {
            losses.accept(new Loss(
                    Loss.Cause.DAMAGE,
                    after.segment().identity(),
                    EncodedBatch.EVENTS,
                    null,
                    0,
                    0,
                    after.eventsBefore() - before.nextEventsBefore(),
                    batches,
                    0,
                    0));
        }
    }

    /** The run whose segment is the last; null when none is left. */
    static @Nullable RunIdentity lastRun(List<Recovered> segments) {
        return segments.isEmpty()
                ? null
                : segments.get(segments.size() - 1).segment().identity();
    }

    private static Path damagedName(Path file) {
        return file.resolveSibling(file.getFileName() + ".damaged");
    }

    private static boolean lock(FileChannel channel) throws IOException {
        try {
            FileLock lock = channel.tryLock();
            return lock != null;
        } catch (OverlappingFileLockException e) {
            return false;
        }
    }

    private static String readOwner(FileChannel channel) throws IOException {
        ByteBuffer text = ByteBuffer.allocate(32);
        channel.read(text, 0);
        return new String(text.array(), 0, text.position(), UTF_8);
    }

    /** The exception's text without the path, which the caller names. */
    static String reason(IOException e) {
        return e.getClass().getSimpleName() + " " + e.getMessage();
    }

    @Override
    public void close() throws IOException {
        lockFile.close();
    }
}
