package dev.ctstream.spool;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A small file that one process keeps up to date: only its owner may read it, it is replaced as a whole, and a second
 * process is refused. A link is not followed.
 *
 * <p>Ownership: holds a lock on the file beside it with the suffix {@code .lock}, until {@link #close}. Threads: confined to
 * one.
 *
 * <p>Errors: IOException of the file system.
 */
public final class KeptFile implements AutoCloseable {
    /** Files that this process keeps: closing a second channel on a lock file would release the first one's lock. */
    private static final Set<Path> KEPT = ConcurrentHashMap.newKeySet();

    private final Path file;
    private final FileChannel lock;

    private KeptFile(Path file, FileChannel lock) {
        this.file = file;
        this.lock = lock;
    }

    /**
     * Locks a file, which need not exist; its directory must.
     *
     * @throws IOException when another process keeps it; the message says so
     */
    public static KeptFile open(Path file) throws IOException {
        Path target = file.toAbsolutePath().normalize();
        if (!KEPT.add(target)) {
            throw inUse(file);
        }
        try {
            FileChannel lock = SpoolFileSystem.HOST.openOrCreate(target.resolveSibling(target.getFileName() + ".lock"));
            if (SpoolFileSystem.HOST.tryLock(lock) != null) {
                return new KeptFile(target, lock);
            }
            lock.close();
            throw inUse(file);
        } catch (IOException e) {
            KEPT.remove(target);
            throw e;
        }
    }

    private static FileSystemException inUse(Path file) {
        return new FileSystemException(file.toString(), null, "another process keeps it up to date; give another file");
    }

    /**
     * The whole file; empty when there is none.
     *
     * @param mostBytes a longer one is refused
     */
    public byte[] read(int mostBytes) throws IOException {
        if (SpoolFileSystem.HOST.facts(file) == null) {
            return new byte[0];
        }
        try (FileChannel channel = SpoolFileSystem.HOST.openRead(file)) {
            long size = channel.size();
            if (size > mostBytes) {
                throw new FileSystemException(file.toString(), null, "longer than " + mostBytes + " bytes");
            }
            ByteBuffer bytes = ByteBuffer.allocate((int) size);
            while (bytes.hasRemaining() && channel.read(bytes) >= 0) {
                // until the end
            }
            return bytes.hasRemaining() ? Arrays.copyOf(bytes.array(), bytes.position()) : bytes.array();
        }
    }

    /** Replaces the file: its contents are on disk afterwards, or are as they were. */
    public void replace(byte[] contents) throws IOException {
        SpoolFileSystem.HOST.replace(file, ByteBuffer.wrap(contents));
    }

    @Override
    public void close() throws IOException {
        KEPT.remove(file);
        lock.close();
    }
}
