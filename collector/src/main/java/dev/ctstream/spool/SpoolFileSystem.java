package dev.ctstream.spool;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Locale;
import java.util.Set;

/** Creates files and directories that only their owner may read, because they record who talked to whom. */
final class SpoolFileSystem {
    private static final FileAttribute<Set<PosixFilePermission>> OWNER_FILE =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));
    private static final FileAttribute<Set<PosixFilePermission>> OWNER_DIRECTORY =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));

    /** The disk counts as full below this: one buffer of frames may not fit. */
    private static final long FULL_BELOW_BYTES = 1 << 20;

    private SpoolFileSystem() {}

    /** Creates the directory and its missing parents. The path may be a link to a directory. */
    static void createDirectories(Path path) throws IOException {
        if (!Files.isDirectory(path)) {
            Files.createDirectories(path, OWNER_DIRECTORY);
        }
    }

    /** Creates a file and opens it for writing. Nothing may exist at the path, not even a link. */
    static FileChannel createNew(Path file) throws IOException {
        return FileChannel.open(file, Set.of(StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW), OWNER_FILE);
    }

    /** Opens a file for reading and writing; creates it when it is missing. A link is rejected. */
    static FileChannel openOrCreate(Path file) throws IOException {
        Set<OpenOption> options = Set.of(
                StandardOpenOption.READ,
                StandardOpenOption.WRITE,
                StandardOpenOption.CREATE,
                LinkOption.NOFOLLOW_LINKS);
        return FileChannel.open(file, options, OWNER_FILE);
    }

    /** Syncs creations, renames and deletions in a directory to disk. */
    static void syncDirectory(Path directory) throws IOException {
        try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }

    /**
     * Whether a write failed because the disk or the user's quota is full. Java provides no errno, only its text in the
     * user's language. So the free space is checked as well.
     */
    static boolean isFull(IOException e, Path directory) {
        String text = reason(e);
        if (text.contains("No space left on device") || text.contains("Disk quota exceeded")) {
            return true;
        }
        try {
            return Files.getFileStore(directory).getUsableSpace() < FULL_BELOW_BYTES;
        } catch (IOException unknown) {
            return false;
        }
    }

    /** The reason given by the system, without the path, which the caller adds. */
    static String reason(IOException e) {
        if (e instanceof FileSystemException failure) {
            String kind = failure.getClass().getSimpleName().replaceAll("(FileSystem)?Exception$", "");
            String why = failure.getReason();
            return why != null ? why : words(kind);
        }
        return String.valueOf(e.getMessage() == null ? e : e.getMessage());
    }

    /** Turns {@code AccessDenied} into {@code access denied}. */
    private static String words(String camelCase) {
        return camelCase.replaceAll("(?<=[a-z])(?=[A-Z])", " ").toLowerCase(Locale.ROOT);
    }
}
