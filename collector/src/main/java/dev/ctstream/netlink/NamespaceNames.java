package dev.ctstream.netlink;

import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;

/**
 * The names of network namespaces: the files in /var/run/netns, as {@code ip netns} makes them.
 *
 * <p>{@code ip netns add} creates a file, and mounts the namespace on it afterwards. Only the file raises an event, so a
 * file that is no namespace yet is looked at often for {@value #YOUNG_MILLIS} ms. The whole directory is read when it
 * is another one than before (it may not exist yet, or be mounted later), and every {@value #RESCAN_MILLIS} ms, or less
 * often: that takes at most a thousandth of the time.
 *
 * <p>Ownership: owns the watch. Threads: confined to one thread.
 */
public final class NamespaceNames implements AutoCloseable {
    /** Where the names are. */
    public static final Path FOLDER = Path.of("/var/run/netns");

    private static final long YOUNG_MILLIS = 2_000;
    private static final long RESCAN_MILLIS = 5_000;
    private static final long RESCAN_REST = 1_000;

    private final Path folder;
    private final DirectoryWatch watch;
    private final TreeMap<String, NamespaceFile> files = new TreeMap<>();
    private final Map<String, Long> young = new HashMap<>(); // until when, System.nanoTime
    private int watched = DirectoryWatch.NONE;
    private long rescanNanos;
    private boolean complete;
    private boolean settling;
    private long missed;

    private NamespaceNames(Path folder, DirectoryWatch watch) {
        this.folder = folder;
        this.watch = watch;
    }

    /** Watches {@link #FOLDER}; it may be missing. */
    public static NamespaceNames open() throws NetlinkException {
        return open(FOLDER);
    }

    static NamespaceNames open(Path folder) throws NetlinkException {
        return new NamespaceNames(folder, DirectoryWatch.open());
    }

    /** The descriptor that becomes ready when a file comes or goes. */
    public int fd() {
        return watch.fd();
    }

    /**
     * Looks at what may have changed.
     *
     * @param nowNanos {@link System#nanoTime}
     * @return whether {@link #files} may have changed
     */
    public boolean refresh(long nowNanos) throws NetlinkException {
        int now = watch.watch(folder); // first: what comes after this raises an event
        DirectoryWatch.Changes changes = watch.read();
        boolean due = nowNanos - rescanNanos >= 0;
        boolean whole = !complete || now != watched || changes.overflowed() || due;
        watched = now;
        TreeSet<String> names = new TreeSet<>(changes.names());
        long begin = System.nanoTime();
        if (whole) {
            complete = true;
            names.addAll(files.keySet());
            names.addAll(young.keySet());
            names.addAll(list());
        } else {
            young.forEach((name, until) -> {
                if (until - nowNanos > 0) {
                    names.add(name);
                }
            });
        }
        for (String name : names) {
            look(name, changes.created().contains(name), nowNanos);
        }
        if (whole) {
            long took = System.nanoTime() - begin;
            rescanNanos = nowNanos + Math.max(TimeUnit.MILLISECONDS.toNanos(RESCAN_MILLIS), RESCAN_REST * took);
        }
        settling = young.values().stream().anyMatch(until -> until - nowNanos > 0);
        return !names.isEmpty();
    }

    private List<String> list() {
        List<String> names = new ArrayList<>();
        try (DirectoryStream<Path> all = Files.newDirectoryStream(folder)) {
            all.forEach(path -> names.add(String.valueOf(path.getFileName())));
        } catch (NoSuchFileException | NotDirectoryException e) {
            return List.of(); // nobody has named a namespace since the boot
        } catch (IOException | DirectoryIteratorException e) {
            complete = false; // read again at the next call
        }
        return names;
    }

    private void look(String name, boolean created, long nowNanos) {
        NamespaceFile file;
        try {
            file = NamespaceFile.of(folder.resolve(name));
        } catch (IOException | InvalidPathException e) { // it has gone, or nobody may look at it
            boolean was = files.remove(name) != null;
            missed += young.remove(name) != null || (created && !was) ? 1 : 0;
            return;
        }
        if (file != null) {
            files.put(name, file);
            young.remove(name);
        } else if (files.remove(name) == null) { // else it is being deleted
            young.putIfAbsent(name, nowNanos + TimeUnit.MILLISECONDS.toNanos(YOUNG_MILLIS));
        }
    }

    /** Whether a file has appeared that may become a namespace at any moment. */
    public boolean settling() {
        return settling;
    }

    /** The namespaces by name, as of the last {@link #refresh}. */
    public SortedMap<String, NamespaceFile> files() {
        return Collections.unmodifiableSortedMap(files);
    }

    /** Names that have come and gone before the namespace could be seen. */
    public long missed() {
        return missed;
    }

    @Override
    public void close() {
        watch.close();
    }
}
