package dev.ctstream.spool;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.ctstream.netlink.ErrorText;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The directory of a spool: its lock, its owner, and the directories of both chains.
 *
 * <p>Ownership: holds the lock until {@link #close}. Threads: any; the lock belongs to the whole process.
 */
final class SpoolDirectory implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(SpoolDirectory.class);
    static final String LOCK = "lock";
    private static final int OWNER_MAX_BYTES = 32;

    /**
     * Directories locked by this process. Needed because closing a second channel on a lock file would release the
     * first channel's lock.
     */
    private static final Set<Path> LOCKED = new HashSet<>();

    private final SpoolFileSystem files;
    private final Path path;
    private final ChainDirectory events;
    private final ChainDirectory control;
    private Path realPath;
    private FileChannel lockFile;
    private @Nullable Object key;

    private SpoolDirectory(SpoolFileSystem files, Path path) throws IOException {
        this.files = files;
        this.path = path;
        events = ChainDirectory.events(files, path);
        control = ChainDirectory.control(files, path);
        realPath = prepare();
        lockFile = lock();
        key = key();
    }

    /**
     * Creates the directory when it is missing, and locks it.
     *
     * @throws IOException when it cannot be used, or others may write to it or to a file in it; the message names it and
     *     the remedy
     */
    static SpoolDirectory open(SpoolFileSystem files, Path path) throws IOException {
        synchronized (LOCKED) {
            SpoolDirectory directory = new SpoolDirectory(files, path);
            LOCKED.add(directory.realPath);
            try {
                directory.requireOwner();
                return directory;
            } catch (IOException e) {
                directory.close();
                throw e;
            }
        }
    }

    private Path prepare() throws IOException {
        try {
            files.createDirectories(path);
            files.createDirectories(control.path());
            Path real = files.realPath(path);
            if (LOCKED.contains(real)) {
                throw inUse(Long.toString(ProcessHandle.current().pid()));
            }
            return real;
        } catch (Unusable e) {
            throw e;
        } catch (IOException e) {
            throw unusable(e);
        }
    }

    private FileChannel lock() throws IOException {
        Path file = path.resolve(LOCK);
        requireOwner(files, path, file, files.ownUserId());
        FileChannel channel;
        try {
            channel = files.openOrCreate(file);
        } catch (IOException e) {
            throw unusable(e);
        }
        try {
            if (files.tryLock(channel) == null) {
                throw inUse(readOwner(channel));
            }
        } catch (IOException e) {
            channel.close();
            throw e;
        }
        try {
            channel.truncate(0);
            channel.write(UTF_8.encode(Long.toString(ProcessHandle.current().pid())), 0);
        } catch (IOException e) {
            LOG.warn("the lock file does not name its holder file={}: {}", file, ErrorText.reason(e));
        }
        return channel;
    }

    private void requireOwner() throws IOException {
        requireOwner(files, path, files.ownUserId());
    }

    /**
     * Refuses what another user could have written: it would be published under this host's name.
     *
     * @param own the collector's user
     */
    static void requireOwner(SpoolFileSystem files, Path path, long own) throws IOException {
        ChainDirectory events = ChainDirectory.events(files, path);
        ChainDirectory control = ChainDirectory.control(files, path);
        for (Path file : List.of(
                files.realPath(path), control.path(), path.resolve(LOCK), stateFile(path), TopicsFile.path(path))) {
            requireOwner(files, path, file, own);
        }
        for (ChainDirectory chain : List.of(events, control)) {
            for (Path file : chain.segments()) {
                requireOwner(files, path, file, own);
            }
        }
    }

    private static void requireOwner(SpoolFileSystem files, Path path, Path file, long own) throws IOException {
        SpoolFileSystem.Facts facts = files.facts(file);
        if (facts == null) {
            return;
        }
        String what = (facts.directory() ? "spool directory " : "spool file ") + file;
        if (facts.link()) {
            throw new Unusable(what + " is a link", "remove it, the spool makes its files itself", null);
        }
        if (facts.userId() != own) {
            throw new Unusable(
                    what + " belongs to user " + facts.userId() + ", the collector runs as user " + own,
                    "run it as that user, or give the directory to this one: chown -R " + own + " " + path,
                    null);
        }
        if (facts.othersMayWrite()) {
            throw new Unusable(
                    what + " can be written by other users, who could forge records of this host",
                    "run chmod -R go-w " + path,
                    null);
        }
    }

    /** The directory cannot be used as it is. */
    static final class Unusable extends IOException {
        private static final long serialVersionUID = 1L;

        final String found;
        final String remedy;

        Unusable(String found, String remedy, @Nullable IOException cause) {
            super(found + "; " + remedy, cause);
            this.found = found;
            this.remedy = remedy;
        }
    }

    private Unusable unusable(IOException e) {
        return unusable(path, e);
    }

    static Unusable unusable(Path path, IOException e) {
        return new Unusable(
                "spool directory " + path + " cannot be used: " + ErrorText.reason(e),
                "make it writable for this user, or set spool.directory",
                e);
    }

    private Unusable inUse(String owner) {
        return inUse(path, owner);
    }

    static Unusable inUse(Path path, String owner) {
        return new Unusable(
                "spool directory " + path + " is in use by another collector (process " + owner + ")",
                "stop it, or give this one its own spool.directory",
                null);
    }

    private static String readOwner(FileChannel channel) throws IOException {
        ByteBuffer text = ByteBuffer.allocate(OWNER_MAX_BYTES);
        channel.read(text, 0);
        String owner = UTF_8.decode(text.flip()).toString().trim();
        return owner.isEmpty() ? "unknown" : owner;
    }

    static Path stateFile(Path directory) {
        return directory.resolve("state");
    }

    Path path() {
        return path;
    }

    ChainDirectory events() {
        return events;
    }

    ChainDirectory control() {
        return control;
    }

    private @Nullable Object key() throws IOException {
        SpoolFileSystem.Facts facts = files.facts(realPath);
        return facts == null ? null : facts.key();
    }

    /** Whether the directory, or a file that must be in it, was removed by somebody else. */
    boolean hasGone(List<Path> required) throws IOException {
        if (key == null || !key.equals(key()) || files.facts(path.resolve(LOCK)) == null) {
            return true;
        }
        for (Path file : required) {
            if (files.facts(file) == null) {
                return true;
            }
        }
        return false;
    }

    /** Makes the directory again after it has gone, and locks it. */
    void makeAgain() throws IOException {
        synchronized (LOCKED) {
            lockFile.close();
            LOCKED.remove(realPath);
            key = null;
            realPath = prepare();
            lockFile = lock();
            requireOwner();
            LOCKED.add(realPath);
            key = key();
        }
    }

    @Override
    public void close() throws IOException {
        synchronized (LOCKED) {
            lockFile.close();
            LOCKED.remove(realPath);
        }
    }
}
