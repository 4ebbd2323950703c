package dev.ctstream.netlink;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Which network namespaces processes are in, from {@code /proc/PID/ns/net}. Some 10 us for each process. A thread in
 * another namespace than its process is not seen. Links of other users' processes need CAP_SYS_PTRACE.
 *
 * <p>Threads: confined to one thread.
 *
 * <p>Source: {@code namespaces(7)}, {@code proc(5)}, {@code cgroups(7)}.
 */
public final class NamespaceProcesses {
    /** Where the processes are. */
    public static final Path PROC = Path.of("/proc");

    private static final Pattern LINK = Pattern.compile("net:\\[(\\d+)]");
    /** As container runtimes name the cgroup of a container. */
    private static final Pattern CONTAINER = Pattern.compile("(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])");
    /** As the kubelet names the cgroup of a pod; systemd's names have underscores. */
    private static final Pattern POD =
            Pattern.compile("pod([0-9a-f]{8}([-_][0-9a-f]{4}){3}[-_][0-9a-f]{12}|[0-9a-f]{32})(?![0-9a-f])");

    private final Path folder;
    private final long device;
    private int unreadable;

    /**
     * Looks for processes in a folder.
     *
     * @param folder {@link #PROC}, or one with links to some of the folders there
     */
    public NamespaceProcesses(Path folder) throws IOException {
        this.folder = folder;
        device = NamespaceFile.own().device();
    }

    /**
     * The namespaces that a process is in now, each with the lowest process id.
     *
     * @throws IOException when {@code /proc} cannot be read
     */
    public Map<NamespaceFile, Long> scan() throws IOException {
        Map<NamespaceFile, Long> found = new HashMap<>();
        unreadable = 0;
        try (DirectoryStream<Path> all = Files.newDirectoryStream(folder, NamespaceProcesses::isProcess)) {
            for (Path process : all) {
                add(process, found);
            }
        } catch (DirectoryIteratorException e) {
            throw e.getCause();
        }
        return found;
    }

    private static boolean isProcess(Path path) {
        return Character.isDigit(String.valueOf(path.getFileName()).charAt(0));
    }

    private void add(Path process, Map<NamespaceFile, Long> found) {
        try {
            Matcher link = LINK.matcher(Files.readSymbolicLink(file(process)).toString());
            if (link.matches()) {
                NamespaceFile file = new NamespaceFile(device, Long.parseLong(link.group(1)));
                found.merge(file, Long.valueOf(String.valueOf(process.getFileName())), Math::min);
            }
        } catch (AccessDeniedException e) {
            unreadable++;
        } catch (IOException e) {
            // it has ended
        }
    }

    private static Path file(Path process) {
        return process.resolve("ns/net");
    }

    /** The file by which a process's namespace can be opened. */
    public static Path file(long processId) {
        return file(PROC.resolve(Long.toString(processId)));
    }

    /** Processes that the last {@link #scan} may not look at. */
    public int unreadable() {
        return unreadable;
    }

    /** The pod, else the container, that a process belongs to by the path of its cgroup; null when it names none. */
    public static @Nullable String container(long processId) {
        try {
            return container(Files.readString(PROC.resolve(processId + "/cgroup")));
        } catch (IOException e) {
            return null; // it has ended, or nobody may look at it
        }
    }

    static @Nullable String container(String cgroup) {
        Matcher pod = POD.matcher(cgroup);
        if (pod.find()) {
            return pod.group(1).replace('_', '-');
        }
        Matcher container = CONTAINER.matcher(cgroup);
        String last = null;
        while (container.find()) {
            last = container.group(); // the innermost, when containers run in containers
        }
        return last;
    }
}
