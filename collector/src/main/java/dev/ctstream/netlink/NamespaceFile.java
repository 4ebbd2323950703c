package dev.ctstream.netlink;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A network namespace as the files that refer to it show it. Two files refer to the same namespace exactly when both
 * numbers are equal; once the last file, socket and process of a namespace is gone, the kernel may use them again.
 *
 * @param device {@code st_dev} of nsfs
 * @param inode {@code st_ino}
 */
public record NamespaceFile(long device, long inode) {
    private static final Path OWN = Path.of("/proc/self/ns/net");

    /**
     * The namespace that a path refers to; null when the file is there and is no namespace, as one that {@code ip netns
     * add} has created and not mounted yet.
     *
     * @throws IOException when there is no file, or it may not be looked at
     */
    public static @Nullable NamespaceFile of(Path path) throws IOException {
        NamespaceFile file = numbers(path);
        return file.device == Nsfs.DEVICE ? file : null;
    }

    /** The namespace of this process. */
    public static NamespaceFile own() throws IOException {
        return numbers(OWN);
    }

    /** The numbers of whatever file is there. */
    static NamespaceFile numbers(Path path) throws IOException {
        Map<String, Object> attributes = Files.readAttributes(path, "unix:dev,ino");
        return new NamespaceFile(number(attributes, "dev"), number(attributes, "ino"));
    }

    private static long number(Map<String, Object> attributes, String name) {
        return attributes.get(name) instanceof Long value ? value : 0;
    }

    /** The file system of all namespaces: there is one of its kind. */
    private static final class Nsfs {
        static final long DEVICE = device();

        private static long device() {
            try {
                return own().device;
            } catch (IOException e) {
                return 0; // no /proc: then no file is a namespace
            }
        }
    }
}
