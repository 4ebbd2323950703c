package dev.ctstream.spool;

import dev.ctstream.spool.DiskChange.Kind;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * A file system in memory that records every change, so that {@link CrashImages} can tell what a power loss may leave. It
 * knows the spool's directory and those directly in it. It can also do what the spool must not do; see {@link CrashFault}.
 *
 * <p>Threads: one at a time.
 */
final class MemoryFiles extends SpoolFileSystem {
    static final Path ROOT = Path.of("/model/spool");
    private static final int ROOT_LENGTH = ROOT.toString().length();
    private static final int WRITE_BUFFER_BYTES = 16 << 10;
    private static final AtomicLong DISKS = new AtomicLong();

    /** The contents of a file. */
    static final class Inode {
        final int id;
        final boolean directory;
        private byte[] bytes;
        private int length;
        private boolean shared;
        boolean unsynced;

        Inode(int id, boolean directory, byte[] contents) {
            this.id = id;
            this.directory = directory;
            bytes = contents;
            length = contents.length;
            shared = true;
        }

        void write(long offset, byte[] from, int count) {
            int end = (int) offset + count;
            if (shared || end > bytes.length) {
                bytes = Arrays.copyOf(bytes, end > bytes.length ? Math.max(end, 2 * bytes.length) : bytes.length);
                shared = false;
            }
            System.arraycopy(from, 0, bytes, (int) offset, count);
            length = Math.max(length, end);
        }

        void truncate(long size) {
            if (size < length) {
                bytes = Arrays.copyOf(bytes, (int) size);
                length = (int) size;
                shared = false;
            }
        }

        int read(ByteBuffer into, long offset) {
            int count = (int) Math.min(into.remaining(), length - offset);
            if (count <= 0) {
                return into.hasRemaining() ? -1 : 0;
            }
            into.put(bytes, (int) offset, count);
            return count;
        }

        byte[] contents() {
            return bytes.length == length ? bytes.clone() : Arrays.copyOf(bytes, length);
        }
    }

    private final TreeMap<String, Inode> entries = new TreeMap<>();
    private final List<DiskChange> changes = new ArrayList<>();
    private final Set<DiskChange> damages = new HashSet<>();
    private final Set<DiskChange> notTakenBack = new HashSet<>();
    private final List<DiskChange> heldBack = new ArrayList<>();
    private final CrashFault fault;
    private final Object rootKey = new Object();
    private Path real = Path.of("/model/disk-" + DISKS.incrementAndGet());
    private int inodes;
    private boolean dead;
    private boolean failed;
    private Predicate<DiskChange> failing = change -> false;
    private @Nullable String renamedUnsynced;
    private Function<DiskChange, @Nullable String> refuse = change -> null;

    MemoryFiles(CrashFault fault) {
        this.fault = fault;
    }

    /** A disk with these files, all of them durable. */
    static MemoryFiles of(Map<String, byte[]> contents) {
        MemoryFiles files = new MemoryFiles(CrashFault.NONE);
        contents.forEach((path, bytes) ->
                files.entries.put(path, new Inode(files.inodes++, path.equals(ChainDirectory.CONTROL), bytes)));
        return files;
    }

    /** From now on, changes for which there is a reason are refused with it. */
    void refuse(Function<DiskChange, @Nullable String> reason) {
        refuse = reason;
    }

    /** From now on, the first such write is made and fails, and no other is possible. */
    void failAfterwards(Predicate<DiskChange> which) {
        failing = which;
        failed = false;
    }

    List<DiskChange> changes() {
        return changes;
    }

    /** A file that got its name before its contents were synced; null = none. */
    @Nullable
    String renamedUnsynced() {
        return renamedUnsynced;
    }

    /** The process is killed: what it still does has no effect. {@link #reopen} for the next one. */
    void kill() {
        dead = true;
    }

    /** Another process has the files. */
    void reopen() {
        dead = false;
        real = Path.of("/model/disk-" + DISKS.incrementAndGet());
    }

    /** Somebody removes all files. */
    void removeAll() {
        for (Map.Entry<String, Inode> entry : List.copyOf(entries.entrySet())) {
            changes.add(DiskChange.of(Kind.UNLINK, entry.getValue().id, entry.getKey()));
        }
        entries.clear();
        changes.add(DiskChange.of(Kind.SYNC_DIRECTORY, -1, ""));
        changes.add(DiskChange.of(Kind.SYNC_DIRECTORY, -1, ChainDirectory.CONTROL));
    }

    /** Somebody, or the disk, destroys bytes. */
    void damage(Path file, long offset, int bytes) {
        Inode inode = entries.get(name(file));
        if (inode != null && inode.length > offset) {
            byte[] garbage = new byte[(int) Math.min(bytes, inode.length - offset)];
            Arrays.fill(garbage, (byte) 0xA5);
            inode.write(offset, garbage, garbage.length);
            DiskChange damage = new DiskChange(Kind.WRITE, inode.id, name(file), offset, garbage);
            damages.add(damage);
            changes.add(damage);
        }
    }

    /** The writes that said that they failed. */
    Set<DiskChange> notTakenBack() {
        return notTakenBack;
    }

    /** The changes that have destroyed something. */
    Set<DiskChange> damages() {
        return damages;
    }

    private void permit(DiskChange change) throws IOException {
        String reason = dead || (failed && change.ofContents() && failing.test(change))
                ? "Input/output error"
                : refuse.apply(change);
        if (reason != null) {
            throw new IOException(reason);
        }
    }

    private void change(DiskChange change) throws IOException {
        permit(change);
        changes.add(change);
    }

    /** What the planted fault has held back happens now. */
    void release() {
        for (DiskChange change : heldBack) {
            if (change.kind() == Kind.UNLINK) {
                changes.add(change);
                changes.add(DiskChange.of(Kind.SYNC_DIRECTORY, -1, change.directory()));
            } else {
                changes.add(change);
            }
        }
        heldBack.clear();
    }

    private static String name(Path path) {
        String whole = path.toString();
        return whole.length() <= ROOT_LENGTH ? "" : whole.substring(ROOT_LENGTH + 1);
    }

    private Inode existing(Path path) throws NoSuchFileException {
        Inode inode = entries.get(name(path));
        if (inode == null) {
            throw new NoSuchFileException(path.toString());
        }
        return inode;
    }

    @Override
    void createDirectories(Path path) throws IOException {
        if (!path.equals(ROOT) && !entries.containsKey(name(path))) {
            link(name(path), new Inode(inodes++, true, new byte[0]));
        }
    }

    private void link(String path, Inode inode) throws IOException {
        change(DiskChange.of(Kind.LINK, inode.id, path));
        entries.put(path, inode);
    }

    @Override
    Path realPath(Path path) {
        return real; // of its own: a process may have several disks
    }

    @Override
    @Nullable
    Facts facts(Path path) {
        if (path.equals(ROOT) || path.equals(real)) {
            return new Facts(0, 0, 0700, true, false, rootKey);
        }
        Inode inode = entries.get(name(path));
        return inode == null ? null : new Facts(0, 0, 0700, inode.directory, false, inode);
    }

    @Override
    long ownUserId() {
        return 0;
    }

    @Override
    ByteBuffer writeBuffer(int bytes) {
        return ByteBuffer.allocate(Math.min(bytes, WRITE_BUFFER_BYTES)); // the model's writes are short
    }

    @Override
    FileChannel createNew(Path file) throws IOException {
        if (entries.containsKey(name(file))) {
            throw new FileAlreadyExistsException(file.toString());
        }
        link(name(file), new Inode(inodes++, false, new byte[0]));
        return new Channel(name(file), existing(file));
    }

    @Override
    FileChannel openOrCreate(Path file) throws IOException {
        return entries.containsKey(name(file)) ? new Channel(name(file), existing(file)) : createNew(file);
    }

    @Override
    public FileChannel openRead(Path file) throws IOException {
        return new Channel(name(file), existing(file));
    }

    @Override
    public FileChannel openWrite(Path file) throws IOException {
        return new Channel(name(file), existing(file));
    }

    @Override
    FileLock tryLock(FileChannel channel) {
        return new FileLock(channel, 0, Long.MAX_VALUE, false) {
            @Override
            public boolean isValid() {
                return true;
            }

            @Override
            public void release() {
                // each process of the model has files of its own
            }
        };
    }

    @Override
    long sizeBytes(Path file) throws IOException {
        return existing(file).length;
    }

    @Override
    void rename(Path file, Path newFile) throws IOException {
        Inode inode = existing(file);
        link(name(newFile), inode);
        changes.add(DiskChange.of(Kind.UNLINK, inode.id, name(file)));
        entries.remove(name(file));
        if (inode.unsynced) {
            renamedUnsynced = name(newFile);
        }
    }

    @Override
    void delete(Path file) throws IOException {
        Inode inode = entries.get(name(file));
        if (inode == null) {
            return;
        }
        DiskChange change = DiskChange.of(Kind.UNLINK, inode.id, name(file));
        permit(change);
        if (fault == CrashFault.UNLINKED_AFTER_HANDOVER && change.ofEventSegment()) {
            heldBack.add(change);
        } else {
            changes.add(change);
        }
        entries.remove(name(file));
        if (fault == CrashFault.UNLINKED_BEFORE_SYNC) {
            release();
        }
    }

    @Override
    List<Path> list(Path directory, String suffix) {
        String prefix = directory.equals(ROOT) ? "" : name(directory) + "/";
        List<Path> found = new ArrayList<>();
        entries.forEach((path, inode) -> {
            if (path.startsWith(prefix)
                    && path.indexOf('/', prefix.length()) < 0
                    && path.endsWith(suffix)
                    && !inode.directory) {
                found.add(ROOT.resolve(path));
            }
        });
        return found;
    }

    @Override
    void syncDirectory(Path directory) throws IOException {
        DiskChange change = DiskChange.of(Kind.SYNC_DIRECTORY, -1, directory.equals(ROOT) ? "" : name(directory));
        permit(change);
        if (fault != CrashFault.CONTROL_ENTRIES_NOT_SYNCED || change.path().isEmpty()) {
            changes.add(change);
        }
    }

    @Override
    long totalBytes(Path directory) {
        return Long.MAX_VALUE;
    }

    @Override
    long usableBytes(Path directory) {
        return 1L << 40;
    }

    /** Records a sync, unless the planted fault leaves it out. */
    private void sync(String path, Inode inode) {
        DiskChange change = DiskChange.of(Kind.SYNC, inode.id, path);
        boolean state = path.equals("state");
        boolean reserved = path.endsWith(ReservedFile.NAME);
        boolean leftOut = (fault == CrashFault.GAP_NOT_SYNCED && change.ofControlSegment())
                || (fault == CrashFault.RENAMED_BEFORE_SYNCED && reserved)
                || (fault == CrashFault.POSITION_NOT_SYNCED && state);
        if (leftOut) {
            return;
        }
        if (fault == CrashFault.UNLINKED_BEFORE_SYNC && change.ofControlSegment()) {
            heldBack.add(change);
            return;
        }
        inode.unsynced = false;
        changes.add(change);
    }

    private final class Channel extends PositionalChannel {
        private final String path;
        private final Inode inode;

        private Channel(String path, Inode inode) {
            this.path = path;
            this.inode = inode;
        }

        private void requireOpen() throws ClosedChannelException {
            if (!isOpen()) {
                throw new ClosedChannelException();
            }
        }

        @Override
        public int read(ByteBuffer into, long position) throws IOException {
            requireOpen();
            return inode.read(into, position);
        }

        @Override
        public int write(ByteBuffer from, long position) throws IOException {
            requireOpen();
            byte[] bytes = new byte[from.remaining()];
            from.duplicate().get(bytes);
            change(new DiskChange(Kind.WRITE, inode.id, path, position, bytes));
            from.position(from.limit());
            inode.write(position, bytes, bytes.length);
            inode.unsynced = true;
            DiskChange made = changes.get(changes.size() - 1);
            if (failing.test(made)) {
                failed = true;
                notTakenBack.add(made);
                throw new IOException("Input/output error");
            }
            return bytes.length;
        }

        @Override
        public long size() throws IOException {
            requireOpen();
            return inode.length;
        }

        @Override
        public FileChannel truncate(long size) throws IOException {
            requireOpen();
            if (size < inode.length) {
                change(new DiskChange(Kind.TRUNCATE, inode.id, path, size, new byte[0]));
                inode.truncate(size);
                inode.unsynced = true;
            }
            return this;
        }

        @Override
        public void force(boolean metaData) throws IOException {
            requireOpen();
            try {
                permit(DiskChange.of(Kind.SYNC, inode.id, path));
            } catch (IOException e) {
                if (!dead) {
                    changes.add(DiskChange.of(Kind.SYNC_FAILED, inode.id, path));
                }
                throw e;
            }
            sync(path, inode);
        }

        @Override
        public FileLock lock(long position, long size, boolean shared) {
            return MemoryFiles.this.tryLock(this);
        }

        @Override
        public FileLock tryLock(long position, long size, boolean shared) {
            return MemoryFiles.this.tryLock(this);
        }

        @Override
        protected void implCloseChannel() {
            // nothing is held
        }
    }
}
