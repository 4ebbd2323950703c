package dev.ctstream.spool;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The directory of a spool: its lock and its file names.
 *
 * <p>Ownership: holds the lock until {@link #close}. Threads: any; the lock belongs to the whole process.
 */
final class SpoolDirectory implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(SpoolDirectory.class);
    static final String LOCK = "lock";
    private static final String SEGMENT_SUFFIX = ".segment";
    private static final String DAMAGED_SUFFIX = ".damaged";
    private static final Pattern NUMBERED = Pattern.compile("(\\d{16})\\.segment(\\.damaged)?");
    private static final int OWNER_MAX_BYTES = 32;

    /**
     * Directories locked by this process. Needed because closing a second channel on a lock file would release the
     * first channel's lock.
     */
    private static final Set<Path> LOCKED = new HashSet<>();

    private final Path path;
    private final Path realPath;
    private final FileChannel lockFile;

    private SpoolDirectory(Path path, Path realPath, FileChannel lockFile) {
        this.path = path;
        this.realPath = realPath;
        this.lockFile = lockFile;
    }

    /** Creates the directory when it is missing, and locks it. */
    static SpoolDirectory open(Path path) throws IOException {
        Path realPath;
        try {
            SpoolFileSystem.createDirectories(path);
            realPath = path.toRealPath();
        } catch (IOException e) {
            throw unusable(path, e);
        }
        synchronized (LOCKED) {
            if (LOCKED.contains(realPath)) {
                throw inUse(path, Long.toString(ProcessHandle.current().pid()));
            }
            SpoolDirectory directory = new SpoolDirectory(path, realPath, lock(path));
            LOCKED.add(realPath);
            return directory;
        }
    }

    private static FileChannel lock(Path path) throws IOException {
        FileChannel channel;
        try {
            channel = SpoolFileSystem.openOrCreate(path.resolve(LOCK));
        } catch (IOException e) {
            throw unusable(path, e);
        }
        try {
            if (channel.tryLock() == null) {
                throw inUse(path, readOwner(channel));
            }
        } catch (IOException e) {
            channel.close();
            throw e;
        }
        try {
            channel.truncate(0);
            channel.write(UTF_8.encode(Long.toString(ProcessHandle.current().pid())), 0);
        } catch (IOException e) {
            LOG.warn(
                    "the lock file does not name its holder file={}: {}",
                    path.resolve(LOCK),
                    SpoolFileSystem.reason(e));
        }
        return channel;
    }

    private static IOException unusable(Path path, IOException e) {
        return new IOException(
                "spool directory " + path + " cannot be used: " + SpoolFileSystem.reason(e)
                        + "; make it writable for this user, or set spool.directory",
                e);
    }

    private static IOException inUse(Path path, String owner) {
        return new IOException("spool directory " + path + " is in use by another collector (process " + owner
                + "); stop it, or give this one its own spool.directory");
    }

    private static String readOwner(FileChannel channel) throws IOException {
        ByteBuffer text = ByteBuffer.allocate(OWNER_MAX_BYTES);
        channel.read(text, 0);
        String owner = UTF_8.decode(text.flip()).toString().trim();
        return owner.isEmpty() ? "unknown" : owner;
    }

    /** The segment files in a directory, oldest first; needs no lock. */
    static List<Path> segments(Path directory) throws IOException {
        return files(directory, SEGMENT_SUFFIX);
    }

    /** The files with a suffix, by name; empty when there is no such directory. */
    static List<Path> files(Path directory, String suffix) throws IOException {
        List<Path> files = new ArrayList<>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory, "*" + suffix)) {
            for (Path file : entries) {
                if (!SEGMENT_SUFFIX.equals(suffix)
                        || NUMBERED.matcher(name(file)).matches()) {
                    files.add(file);
                }
            }
        }
        files.sort(null);
        return files;
    }

    /** The id of a segment file. */
    static long id(Path file) {
        Matcher name = NUMBERED.matcher(name(file));
        if (!name.matches()) {
            throw new IllegalArgumentException(file.toString());
        }
        return Long.parseLong(name.group(1));
    }

    /** The id after the highest id among the existing files. */
    long nextId() throws IOException {
        long next = 1;
        for (Path file : segments(path)) {
            next = Math.max(next, id(file) + 1);
        }
        for (Path file : files(path, DAMAGED_SUFFIX)) {
            next = NUMBERED.matcher(name(file)).matches() ? Math.max(next, id(file) + 1) : next;
        }
        return next;
    }

    private static String name(Path file) {
        return String.valueOf(file.getFileName());
    }

    Path segmentFile(long id) {
        return path.resolve(String.format("%016d%s", id, SEGMENT_SUFFIX));
    }

    static Path stateFile(Path directory) {
        return directory.resolve("state");
    }

    Path path() {
        return path;
    }

    /** Sets aside an unreadable file for later inspection; only the last one is kept. */
    Path setAside(Path file) throws IOException {
        for (Path earlier : files(path, DAMAGED_SUFFIX)) {
            Files.deleteIfExists(earlier);
        }
        Path damaged = file.resolveSibling(name(file) + DAMAGED_SUFFIX);
        return Files.move(file, damaged, StandardCopyOption.ATOMIC_MOVE);
    }

    @Override
    public void close() throws IOException {
        synchronized (LOCKED) {
            lockFile.close();
            LOCKED.remove(realPath);
        }
    }
}
