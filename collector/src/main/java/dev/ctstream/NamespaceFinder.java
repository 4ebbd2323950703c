package dev.ctstream;

import dev.ctstream.conntrack.EventSource;
import dev.ctstream.netlink.ErrorText;
import dev.ctstream.netlink.NamespaceFile;
import dev.ctstream.netlink.NamespaceNames;
import dev.ctstream.netlink.NamespaceProcesses;
import dev.ctstream.netlink.NetlinkException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds the network namespaces that the key {@code netns} asks for: those of a list, or all that have a name or a
 * process. A namespace with several names is found once.
 *
 * <p>Ownership: owns the watch on the names. Threads: guarded by the owner's lock.
 */
final class NamespaceFinder implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(NamespaceFinder.class);

    /** Interval of a look at what raises no event: paths, and whether there is a directory of names. */
    private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(200);
    /** Interval while a file has appeared that may become a namespace. */
    private static final long SETTLING_NANOS = TimeUnit.MILLISECONDS.toNanos(10);
    /** Least interval of two scans of the processes. */
    private static final long SCAN_NANOS = TimeUnit.SECONDS.toNanos(1);
    /** A scan of the processes takes at most this part of the time: half a percent of a core. */
    private static final long SCAN_REST = 200;
    /** As the two above, when names have gone: whether a process is still in the namespace decides if it ends. */
    private static final long ENDED_SCAN_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

    private static final long ENDED_SCAN_REST = 20;

    private final List<String> listed;
    private final NamespaceNames names;
    private final NamespaceProcesses processes;
    private final NamespaceFile own;
    private Map<NamespaceFile, Found> found = Map.of();
    private SortedMap<String, String> waiting = new TreeMap<>();
    private Map<NamespaceFile, Long> inUse = Map.of();
    private long scanDueNanos;
    private long endedScanDueNanos;
    private boolean watched; // the names are as of now
    private boolean scanned;
    private boolean namelessWait;

    /**
     * A namespace that is there.
     *
     * @param path a file that refers to it, for as long as the namespace is there
     * @param label its name in the records: {@code host} for the collector's own, else the least of its names, else its
     *     inode
     * @param processId lowest id of the processes that were in it at the last scan; null = none, or not looked for
     */
    record Found(
            NamespaceFile file,
            Path path,
            String label,
            @Nullable Long processId) {}

    private NamespaceFinder(
            List<String> listed, NamespaceNames names, NamespaceProcesses processes, NamespaceFile own) {
        this.listed = listed;
        this.names = names;
        this.processes = processes;
        this.own = own;
    }

    /** Looks for nothing yet. */
    static NamespaceFinder open(List<String> listed, NamespaceProcesses processes) throws IOException {
        return new NamespaceFinder(listed, NamespaceNames.open(), processes, NamespaceFile.own());
    }

    private boolean all() {
        return listed.contains(Namespaces.ALL);
    }

    /** The descriptor that becomes ready when a name comes or goes. */
    int fd() {
        return names.fd();
    }

    /** The namespace of this process. */
    NamespaceFile own() {
        return own;
    }

    /** Looks again. Returns the nanoseconds until the next look. */
    long look(long nowNanos) {
        boolean changed = true;
        watched = false;
        try {
            changed = names.refresh(nowNanos);
            watched = true;
        } catch (NetlinkException e) {
            LOG.warn("the names of network namespaces cannot be watched: {}", ErrorText.of(e));
        }
        if (!all()) {
            findListed();
        } else if (changed || namelessWait || nowNanos - scanDueNanos >= 0) {
            findAll(nowNanos);
        }
        return names.settling() ? SETTLING_NANOS : namelessWait ? ENDED_SCAN_NANOS : LOOK_NANOS;
    }

    private void findListed() {
        Map<NamespaceFile, String> least = least();
        Map<NamespaceFile, Found> now = new LinkedHashMap<>();
        TreeMap<String, String> missing = new TreeMap<>();
        for (String name : listed) {
            addListed(name, now, missing, least);
        }
        found = now;
        waiting = missing;
    }

    private void findAll(long nowNanos) {
        Map<NamespaceFile, String> least = least();
        Map<NamespaceFile, Found> now = new LinkedHashMap<>();
        add(now, new Found(own, Namespaces.OWN_FILE, EventSource.HOST, null));
        addNamed(now, least, nowNanos);
        inUse.forEach((file, processId) ->
                add(now, new Found(file, NamespaceProcesses.file(processId), label(file, least), processId)));
        found = now;
    }

    private Map<NamespaceFile, String> least() {
        Map<NamespaceFile, String> least = new LinkedHashMap<>();
        names.files().forEach((name, file) -> {
            if (!name.equals(EventSource.HOST)) { // that is the name of the collector's own
                least.putIfAbsent(file, name);
            }
        });
        return least;
    }

    private String label(NamespaceFile file, Map<NamespaceFile, String> least) {
        return file.equals(own) ? EventSource.HOST : least.getOrDefault(file, Long.toString(file.inode()));
    }

    private static void add(Map<NamespaceFile, Found> to, Found one) {
        to.putIfAbsent(one.file, one);
    }

    private void addNamed(Map<NamespaceFile, Found> to, Map<NamespaceFile, String> least, long nowNanos) {
        Map<NamespaceFile, Path> named = new LinkedHashMap<>();
        names.files().forEach((name, file) -> named.putIfAbsent(file, NamespaceNames.FOLDER.resolve(name)));
        List<Found> nameless = found.values().stream()
                .filter(before ->
                        !before.file.equals(own) && !named.containsKey(before.file) && !inUse.containsKey(before.file))
                .toList();
        boolean ended = !nameless.isEmpty() && nowNanos - endedScanDueNanos >= 0;
        if (!scanned || ended || nowNanos - scanDueNanos >= 0) {
            scan();
            namelessWait = false;
        } else {
            nameless.forEach(before -> add(to, before)); // until a scan has shown that no process is in it
            namelessWait = !nameless.isEmpty();
        }
        named.forEach((file, path) -> add(to, new Found(file, path, label(file, least), inUse.get(file))));
    }

    private void scan() {
        long begin = System.nanoTime();
        try {
            inUse = processes.scan();
        } catch (IOException e) {
            LOG.warn("the network namespaces of processes cannot be found: {}", ErrorText.of(e));
        }
        if (!scanned && processes.unreadable() > 0) {
            LOG.warn("{}", LocalChecks.unreadable(processes.unreadable()).sentence());
        }
        scanned = true;
        long end = System.nanoTime();
        scanDueNanos = end + Math.max(SCAN_NANOS, SCAN_REST * (end - begin));
        endedScanDueNanos = end + Math.max(ENDED_SCAN_NANOS, ENDED_SCAN_REST * (end - begin));
    }

    private void addListed(
            String name, Map<NamespaceFile, Found> to, Map<String, String> missing, Map<NamespaceFile, String> least) {
        Path path = Namespaces.path(name);
        try {
            NamespaceFile named =
                    watched && !name.equals(Namespaces.SELF) ? names.files().get(name) : null;
            NamespaceFile file = named != null ? named : NamespaceFile.of(path);
            if (file == null) {
                missing.put(name, path + " is no namespace");
            } else {
                add(to, new Found(file, path, label(file, least), null));
            }
        } catch (IOException e) {
            missing.put(name, ErrorText.ofFile(path, e));
        }
    }

    /** The namespaces of the last {@link #look}. */
    Map<NamespaceFile, Found> found() {
        return found;
    }

    /** What the list names and is not there, with the reason. */
    SortedMap<String, String> waiting() {
        return waiting;
    }

    /** Processes whose namespace may not be looked at. */
    int unreadable() {
        return processes.unreadable();
    }

    /** Names that have come and gone before their namespace could be seen. */
    long missed() {
        return names.missed();
    }

    @Override
    public void close() {
        names.close();
    }
}
