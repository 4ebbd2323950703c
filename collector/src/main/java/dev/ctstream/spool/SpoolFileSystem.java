package dev.ctstream.spool;

import dev.ctstream.netlink.Errno;
import dev.ctstream.netlink.ErrorText;
import dev.ctstream.netlink.RegularFile;
import dev.ctstream.segment.SegmentFiles;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * All calls of the spool to the file system. Files and directories are made so that only their owner may read them,
 * because they record who talked to whom. Links are refused.
 *
 * <p>Threads: any.
 */
class SpoolFileSystem implements SegmentFiles {
    /** The file system of the host. */
    static final SpoolFileSystem HOST = new SpoolFileSystem();

    private static final FileAttribute<Set<PosixFilePermission>> OWNER_FILE =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));
    private static final FileAttribute<Set<PosixFilePermission>> OWNER_DIRECTORY =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));

    /** The disk counts as full below this: one buffer of frames may not fit. */
    private static final long FULL_BELOW_BYTES = 1 << 20;

    /** Owner and mode of a file, and what it is. */
    record Facts(long userId, int groupId, int mode, boolean directory, boolean link, Object key) {
        private static final int OTHERS_MAY_WRITE = 0022;

        boolean othersMayWrite() {
            return (mode & OTHERS_MAY_WRITE) != 0;
        }
    }

    /**
     * Creates the directory and its missing parents, and syncs their names to disk. The path may be a link to a directory.
     */
    void createDirectories(Path path) throws IOException {
        if (Files.isDirectory(path)) {
            return;
        }
        Deque<Path> made = new ArrayDeque<>();
        for (Path each = path.toAbsolutePath(); each != null && !Files.exists(each); each = each.getParent()) {
            made.push(each);
        }
        Files.createDirectories(path, OWNER_DIRECTORY);
        for (Path each : made) {
            Path parent = each.getParent();
            if (parent != null) {
                syncDirectory(parent);
            }
        }
    }

    Path realPath(Path path) throws IOException {
        return path.toRealPath();
    }

    /** What is at the path, not followed if it is a link; null = nothing. */
    @Nullable
    Facts facts(Path path) throws IOException {
        try {
            Map<String, Object> found = Files.readAttributes(
                    path, "unix:uid,gid,mode,isDirectory,isSymbolicLink,fileKey", LinkOption.NOFOLLOW_LINKS);
            return new Facts(
                    ((Number) value(found, "uid")).longValue(),
                    ((Number) value(found, "gid")).intValue(),
                    ((Number) value(found, "mode")).intValue(),
                    (Boolean) value(found, "isDirectory"),
                    (Boolean) value(found, "isSymbolicLink"),
                    value(found, "fileKey"));
        } catch (NoSuchFileException e) {
            return null;
        }
    }

    private static Object value(Map<String, Object> attributes, String name) throws IOException {
        Object value = attributes.get(name);
        if (value == null) {
            throw new IOException("the file system does not tell the attribute " + name);
        }
        return value;
    }

    /** The user as whom this process uses files: the last number of {@code Uid:}, see proc(5). */
    long ownUserId() throws IOException {
        for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
            if (line.startsWith("Uid:")) {
                return Long.parseLong(line.substring(line.lastIndexOf('\t') + 1).trim());
            }
        }
        throw new IOException("/proc/self/status does not name the user of this process");
    }

    /** Creates a file and opens it for writing. Nothing may exist at the path, not even a link. */
    FileChannel createNew(Path file) throws IOException {
        return FileChannel.open(file, Set.of(StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW), OWNER_FILE);
    }

    /** A buffer for data that is to be written to a file. */
    ByteBuffer writeBuffer(int bytes) {
        return ByteBuffer.allocateDirect(bytes); // what is elsewhere, the JDK copies at each write
    }

    /** Opens a file for reading and writing; creates it when it is missing. */
    FileChannel openOrCreate(Path file) throws IOException {
        Set<OpenOption> options = Set.of(
                StandardOpenOption.READ,
                StandardOpenOption.WRITE,
                StandardOpenOption.CREATE,
                LinkOption.NOFOLLOW_LINKS);
        return FileChannel.open(file, options, OWNER_FILE);
    }

    @Override
    public FileChannel openRead(Path file) throws IOException {
        RegularFile.require(file, LinkOption.NOFOLLOW_LINKS);
        return FileChannel.open(file, StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS);
    }

    @Override
    public FileChannel openWrite(Path file) throws IOException {
        return FileChannel.open(file, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS);
    }

    /** Locks a file for this process; null = another process has locked it. */
    @Nullable
    FileLock tryLock(FileChannel channel) throws IOException {
        return channel.tryLock();
    }

    long sizeBytes(Path file) throws IOException {
        RegularFile.require(file, LinkOption.NOFOLLOW_LINKS); // a pipe or a device has a size too
        return Files.size(file);
    }

    void rename(Path file, Path newFile) throws IOException {
        Files.move(file, newFile, StandardCopyOption.ATOMIC_MOVE);
    }

    void delete(Path file) throws IOException {
        Files.deleteIfExists(file);
    }

    /** The files in a directory whose names end with the suffix, by name; empty when there is no such directory. */
    List<Path> list(Path directory, String suffix) throws IOException {
        List<Path> files = new ArrayList<>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory, "*" + suffix)) {
            entries.forEach(files::add);
        } catch (NoSuchFileException e) {
            return List.of();
        }
        files.sort(null);
        return files;
    }

    /** Syncs creations, renames and deletions in a directory to disk. */
    void syncDirectory(Path directory) throws IOException {
        try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }

    /**
     * Replaces a small file by one with these contents, or makes it: whole or not at all, whatever ends the machine. It keeps
     * its owner: root replaces files that another user reads. What is written first is beside it, with the suffix {@code
     * .new}.
     *
     * @param contents its remaining bytes
     */
    void replace(Path file, ByteBuffer contents) throws IOException {
        Path unfinished = file.resolveSibling(file.getFileName() + ".new");
        delete(unfinished);
        writeNew(unfinished, contents, facts(file));
        rename(unfinished, file);
        syncName(file);
    }

    /**
     * Makes a small file with these contents, on disk afterwards.
     *
     * @param contents its remaining bytes
     * @throws java.nio.file.FileAlreadyExistsException when anything has that name, also a link to nothing
     */
    void create(Path file, ByteBuffer contents) throws IOException {
        writeNew(file, contents, null);
        syncName(file);
    }

    private void writeNew(Path file, ByteBuffer contents, @Nullable Facts replaced) throws IOException {
        try (FileChannel channel = createNew(file)) {
            Facts made = replaced == null ? null : facts(file);
            if (replaced != null && made != null) {
                keepOwner(file, made, replaced);
            }
            while (contents.hasRemaining()) {
                channel.write(contents);
            }
            channel.force(true);
        }
    }

    private void keepOwner(Path file, Facts made, Facts replaced) throws IOException {
        if (made.userId() != replaced.userId()) {
            setOwner(file, "uid", (int) replaced.userId());
        }
        if (made.groupId() != replaced.groupId()) {
            try {
                setOwner(file, "gid", replaced.groupId());
            } catch (IOException e) {
                // Only root may give every group; the group may do nothing with a file of this mode anyway.
            }
        }
    }

    /**
     * Gives a file to a user or a group.
     *
     * @param which uid or gid
     */
    void setOwner(Path file, String which, int id) throws IOException {
        Files.setAttribute(file, "unix:" + which, id, LinkOption.NOFOLLOW_LINKS);
    }

    private void syncName(Path file) throws IOException {
        Path directory = file.getParent();
        if (directory != null) {
            syncDirectory(directory);
        }
    }

    /**
     * Whether a write failed because the disk or the user's quota is full. Java provides no errno, only its text, in the
     * user's language. So the free space is checked as well.
     */
    boolean isFull(IOException e, Path directory) {
        int errno = ErrorText.errno(e);
        return errno == Errno.ENOSPC || errno == Errno.EDQUOT || usableBytes(directory) < FULL_BELOW_BYTES;
    }

    /** Size of the file system; Long.MAX_VALUE = unknown. */
    long totalBytes(Path directory) {
        try {
            return Files.getFileStore(directory).getTotalSpace();
        } catch (IOException unknown) {
            return Long.MAX_VALUE;
        }
    }

    /** Free bytes of the file system that this user may use; Long.MAX_VALUE = unknown. */
    long usableBytes(Path directory) {
        try {
            return Files.getFileStore(directory).getUsableSpace();
        } catch (IOException unknown) {
            return Long.MAX_VALUE;
        }
    }
}
