package dev.ctstream.spool;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;

/**
 * The next segment file of the control records, written with zeros and synced before it is needed. So a declaration can
 * be appended although the disk is full. (A file system that copies on write may refuse to overwrite even then.)
 *
 * <p>Threads: confined to the spool thread.
 */
final class ReservedFile {
    static final String NAME = "next.reserved";

    private static final int BUFFER_BYTES = 1 << 16;

    private final SpoolFileSystem files;
    private final Path directory;
    private final long bytes;
    private boolean ready;

    ReservedFile(SpoolFileSystem files, Path directory, long bytes) {
        this.files = files;
        this.directory = directory;
        this.bytes = bytes;
    }

    /** Whether the file is there. */
    boolean ready() {
        return ready;
    }

    /**
     * Makes the file unless it is there.
     *
     * @throws IOException when the disk has no space for it now; call again later
     */
    void prepare() throws IOException {
        if (ready) {
            return;
        }
        Path file = directory.resolve(NAME);
        files.delete(file); // of an earlier run, perhaps unfinished
        try (FileChannel channel = files.createNew(file)) {
            ByteBuffer zeros = ByteBuffer.allocate((int) Math.min(BUFFER_BYTES, bytes));
            for (long written = 0; written < bytes; ) {
                zeros.clear().limit((int) Math.min(zeros.capacity(), bytes - written));
                written += channel.write(zeros, written);
            }
            channel.force(true);
        } catch (IOException e) {
            files.delete(file);
            throw e;
        }
        files.syncDirectory(directory);
        ready = true;
    }

    /** Gives the file its name and opens it; {@link #prepare} makes the next one. */
    FileChannel take(Path segmentFile) throws IOException {
        prepare();
        ready = false; // also when the file is not there any more: it is made again
        files.rename(directory.resolve(NAME), segmentFile);
        return files.openWrite(segmentFile);
    }

    /** The directory has gone, and the file with it. */
    void forget() {
        ready = false;
    }
}
