package dev.ctstream.segment;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;

/**
 * A part of a file in memory that moves forward as the file is read. File bytes below the limit never change.
 *
 * <p>Ownership: owns the file. Threads: confined to one thread.
 */
public final class FileWindow implements AutoCloseable {
    private static final int WINDOW_BYTES = 1 << 18;
    private static final int BLOCK_BYTES = 4096;

    private final FileChannel channel;
    private final boolean tolerant;
    private ByteBuffer window = ByteBuffer.allocate(0);
    /** File offset of the window's first byte. */
    private long windowOffset;
    /** Bytes of the file that may be read. */
    private long end;

    private long limit = Long.MAX_VALUE;

    FileWindow(FileChannel channel, boolean tolerant) {
        this.channel = channel;
        this.tolerant = tolerant;
    }

    /**
     * Begins at the start of an open file.
     *
     * @param tolerant whether a block that the disk can no longer read reads as zeros
     */
    static FileWindow of(FileChannel channel, boolean tolerant) throws IOException {
        FileWindow window = new FileWindow(channel, tolerant);
        try {
            window.refresh();
            return window;
        } catch (IOException e) {
            window.close();
            throw e;
        }
    }

    void limit(long bytes) {
        limit = bytes;
    }

    /** Updates the end to the file's current length. */
    void refresh() throws IOException {
        end = Math.min(limit, channel.size());
    }

    long sizeBytes() throws IOException {
        return channel.size();
    }

    /** The loaded bytes, from index 0 to the limit; valid until the next {@link #load}. */
    ByteBuffer bytes() {
        return window;
    }

    /** The index in {@link #bytes} of a file offset. */
    int index(long offset) {
        return (int) (offset - windowOffset);
    }

    /** The file offset of an index in {@link #bytes}. */
    long offset(int index) {
        return windowOffset + index;
    }

    /** Up to {@code length} bytes from a loaded file offset. */
    ByteBuffer slice(long offset, int length) {
        int from = index(offset);
        return window.slice(from, Math.min(length, window.limit() - from));
    }

    /** Loads {@code [at, at + bytes)}, or the part of it that the file has; returns whether that is all of it. */
    boolean load(long at, int bytes) throws IOException {
        long wanted = Math.min(at + bytes, Math.max(end, at));
        if (at < windowOffset || wanted > windowOffset + window.limit()) {
            int useful = (int) Math.max(wanted - at, Math.min(WINDOW_BYTES, end - at));
            if (window.capacity() < useful) {
                window = ByteBuffer.allocate(useful);
            }
            window.clear().limit((int) Math.min(window.capacity(), Math.max(end - at, 0)));
            windowOffset = at;
            readFully(channel, window, at, tolerant);
            window.flip();
        }
        return windowOffset + window.limit() >= at + bytes;
    }

    /** Fills the rest of the buffer, or as much of it as the file has. */
    public static void readFully(FileChannel channel, ByteBuffer into, long at, boolean tolerant) throws IOException {
        long base = at - into.position();
        int read = 0;
        while (read >= 0 && into.hasRemaining()) {
            long offset = base + into.position();
            try {
                read = channel.read(into, offset);
            } catch (ClosedChannelException e) {
                throw e;
            } catch (IOException e) {
                if (!tolerant) {
                    throw e;
                }
                read = readBlock(channel, into, offset);
            }
        }
    }

    /** Reads to the end of one disk block; fills with zeros instead when the disk cannot read it. */
    private static int readBlock(FileChannel channel, ByteBuffer into, long offset) throws ClosedChannelException {
        int wholeLimit = into.limit();
        int bytes = (int) Math.min(BLOCK_BYTES - offset % BLOCK_BYTES, into.remaining());
        into.limit(into.position() + bytes);
        try {
            return channel.read(into, offset);
        } catch (ClosedChannelException e) {
            throw e;
        } catch (IOException e) {
            into.put(new byte[into.remaining()]);
            return bytes;
        } finally {
            into.limit(wholeLimit);
        }
    }

    /** Whether the file has nothing but zeros from an offset on. */
    boolean isZeroFrom(long offset) throws IOException {
        for (long at = offset; at < end; ) {
            load(at, (int) Math.min(WINDOW_BYTES, end - at));
            ByteBuffer rest = slice(at, window.limit());
            if (!rest.hasRemaining()) {
                return true; // the file has become shorter
            }
            while (rest.hasRemaining()) {
                if (rest.get() != 0) {
                    return false;
                }
                at++;
            }
        }
        return true;
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
