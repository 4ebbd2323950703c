package dev.ctstream.spool;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** The file system of the host, which records every call that changes something, and refuses some of them. */
final class RecordedFiles extends SpoolFileSystem {
    /** What a full disk says. */
    static final String FULL = "No space left on device";

    private final Path spool;
    private final List<Call> calls = new CopyOnWriteArrayList<>();
    private volatile Function<Call, @Nullable String> refuse = call -> null;
    private volatile long usableBytes = -1;
    private volatile Consumer<Call> before = call -> {};

    /**
     * A call.
     *
     * @param what create, write, sync, truncate, rename, delete, or sync-directory
     * @param file relative to the spool's directory; the new name of a rename
     */
    record Call(String what, String file) {
        boolean ofControl() {
            return file.startsWith("control");
        }

        boolean ofEventSegment() {
            return !ofControl() && file.endsWith(".segment");
        }

        boolean changesData() {
            return what.equals("write") || what.equals("create");
        }

        @Override
        public String toString() {
            return what + " " + file;
        }
    }

    RecordedFiles(Path spool) {
        this.spool = spool;
    }

    /** From now on, calls for which there is a reason are refused with it. */
    void refuse(Function<Call, @Nullable String> reason) {
        refuse = reason;
    }

    /** From now on, the disk has this much space. */
    void usableBytes(long bytes) {
        usableBytes = bytes;
    }

    @Override
    long usableBytes(Path directory) {
        return usableBytes < 0 ? super.usableBytes(directory) : usableBytes;
    }

    void refuseNothing() {
        refuse = call -> null;
    }

    /** Looks at each call before it is made. */
    void before(Consumer<Call> look) {
        before = look;
    }

    List<Call> calls() {
        return List.copyOf(calls);
    }

    void forget() {
        calls.clear();
    }

    private void call(String what, Path file) throws IOException {
        Call call = new Call(what, spool.relativize(file).toString());
        before.accept(call);
        String reason = refuse.apply(call);
        if (reason != null) {
            throw new IOException(reason);
        }
        calls.add(call);
    }

    @Override
    FileChannel createNew(Path file) throws IOException {
        call("create", file);
        return new Channel(file, super.createNew(file));
    }

    @Override
    FileChannel openOrCreate(Path file) throws IOException {
        return new Channel(file, super.openOrCreate(file));
    }

    @Override
    public FileChannel openWrite(Path file) throws IOException {
        return new Channel(file, super.openWrite(file));
    }

    @Override
    void rename(Path file, Path newFile) throws IOException {
        call("rename", newFile);
        super.rename(file, newFile);
    }

    @Override
    void delete(Path file) throws IOException {
        call("delete", file);
        super.delete(file);
    }

    @Override
    void syncDirectory(Path directory) throws IOException {
        call("sync-directory", directory);
        super.syncDirectory(directory);
    }

    /** Passes everything on. */
    private final class Channel extends FileChannel {
        private final Path file;
        private final FileChannel real;

        private Channel(Path file, FileChannel real) {
            this.file = file;
            this.real = real;
        }

        @Override
        public int read(ByteBuffer into) throws IOException {
            return real.read(into);
        }

        @Override
        public long read(ByteBuffer[] into, int offset, int length) throws IOException {
            return real.read(into, offset, length);
        }

        @Override
        public int read(ByteBuffer into, long position) throws IOException {
            return real.read(into, position);
        }

        @Override
        public int write(ByteBuffer from) throws IOException {
            call("write", file);
            return real.write(from);
        }

        @Override
        public long write(ByteBuffer[] from, int offset, int length) throws IOException {
            call("write", file);
            return real.write(from, offset, length);
        }

        @Override
        public int write(ByteBuffer from, long position) throws IOException {
            call("write", file);
            return real.write(from, position);
        }

        @Override
        public long position() throws IOException {
            return real.position();
        }

        @Override
        public FileChannel position(long newPosition) throws IOException {
            real.position(newPosition);
            return this;
        }

        @Override
        public long size() throws IOException {
            return real.size();
        }

        @Override
        public FileChannel truncate(long size) throws IOException {
            call("truncate", file);
            real.truncate(size);
            return this;
        }

        @Override
        public void force(boolean metaData) throws IOException {
            call("sync", file);
            real.force(metaData);
        }

        @Override
        public long transferTo(long position, long count, WritableByteChannel target) throws IOException {
            return real.transferTo(position, count, target);
        }

        @Override
        public long transferFrom(ReadableByteChannel source, long position, long count) throws IOException {
            return real.transferFrom(source, position, count);
        }

        @Override
        public MappedByteBuffer map(MapMode mode, long position, long size) throws IOException {
            return real.map(mode, position, size);
        }

        @Override
        public FileLock lock(long position, long size, boolean shared) throws IOException {
            return real.lock(position, size, shared);
        }

        @Override
        public @Nullable FileLock tryLock(long position, long size, boolean shared) throws IOException {
            return real.tryLock(position, size, shared);
        }

        @Override
        protected void implCloseChannel() throws IOException {
            real.close();
        }
    }
}
