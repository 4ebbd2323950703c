package dev.ctstream.netlink;

import com.sun.jna.Native;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Temporary file systems for tests, in the integration tests' private mount namespace: small ones, and directories that
 * cannot be written.
 *
 * <p>Source: mount(2).
 */
public final class Mounts {
    private static final long MS_RDONLY = 1;
    private static final long MS_BIND = 4096;
    private static final int MNT_DETACH = 2;

    static {
        Native.register(Mounts.class, "c");
    }

    private Mounts() {}

    private static native int mount(byte[] source, byte[] target, byte[] type, long flags, byte[] data);

    private static native int umount2(byte[] target, int flags);

    /** Mounts an empty file system of this size; creates the directory when it is missing. */
    public static void tmpfs(Path directory, long sizeBytes) throws IOException {
        Files.createDirectories(directory);
        check("mount tmpfs on " + directory, mount(c("tmpfs"), c(directory), c("tmpfs"), 0, c("size=" + sizeBytes)));
    }

    /** Covers a directory with an empty one that cannot be written; files that are open below it stay usable. */
    public static void coverReadOnly(Path directory) throws IOException {
        check("cover " + directory, mount(c("tmpfs"), c(directory), c("tmpfs"), MS_RDONLY, c("size=4096")));
    }

    /** Shows a file under another path, as {@code ip netns} gives a namespace a name. */
    public static void bind(Path source, Path target) throws IOException {
        Files.createFile(target);
        check("bind " + target, mount(c(source), c(target), c("none"), MS_BIND, c("")));
    }

    /** Unmounts the topmost file system; files that are open in it stay usable. */
    public static void unmount(Path directory) throws IOException {
        check("unmount " + directory, umount2(c(directory), MNT_DETACH));
    }

    private static void check(String operation, int result) throws NetlinkException {
        int errno = Native.getLastError();
        if (result < 0) {
            throw new NetlinkException(operation, errno);
        }
    }

    private static byte[] c(Object text) {
        return (text + "\0").getBytes(StandardCharsets.UTF_8);
    }
}
