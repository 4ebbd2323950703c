package dev.ctstream.spool;

import dev.ctstream.segment.FrameScan;
import dev.ctstream.spool.DiskChange.Kind;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Everything that a crash at one time may leave on the disk. A change that is synced is there. Of the others: any prefix;
 * all but one or two; one or two alone; and of one write a part, to any block or from the second on, or zeros instead. Two
 * are reordered only if they are of different files or directories. Contents and length of a file, and the entries of
 * directories, are apart: a sync of the one is none of the other. After a failed sync, what was not written again may be
 * missing for ever.
 */
final class CrashImages {
    private static final String STATE = "state";
    private static final int BLOCK_BYTES = 512;
    private static final int CUTS_MOST = 4;
    /** Changes that may be absent, the newest ones; older ones are there. */
    private static final int OPEN_MOST = 62;

    private static final long MULTIPLIER = 0x9E37_79B9_7F4A_7C15L;

    /** Contents of a file. */
    static final class Content {
        private final byte[] bytes;
        private final long hash;
        private @Nullable List<FrameScan.Frame> frames;
        private long positionHash;

        Content(byte[] bytes) {
            this.bytes = bytes;
            hash = hashOf(bytes);
        }

        /** Hash of the position that recovery reads from it; the older slot is written over unseen. */
        long positionHash() {
            if (positionHash == 0) {
                try {
                    SpoolCheckpoint.Values read =
                            SpoolCheckpoint.read(MemoryFiles.of(Map.of(STATE, bytes)), MemoryFiles.ROOT.resolve(STATE));
                    positionHash = read == null ? 1 : mix(read.hashCode());
                } catch (IOException e) {
                    positionHash = hash; // recovery will fail, too
                }
            }
            return positionHash;
        }

        /** The whole frames in it. */
        List<FrameScan.Frame> frames() {
            List<FrameScan.Frame> known = frames;
            if (known == null) {
                known = FrameScan.frames(bytes).stream()
                        .filter(FrameScan.Frame::whole)
                        .toList();
                frames = known;
            }
            return known;
        }
    }

    /**
     * What a crash may leave.
     *
     * @param name which of the open changes are there
     * @param hash of names and contents
     * @param seen hash of what recovery sees of it: it deletes the reserved file unread, and reads one position
     */
    record Image(Supplier<String> name, Map<String, Content> files, long hash, long seen) {
        Map<String, byte[]> contents() {
            Map<String, byte[]> contents = new TreeMap<>();
            files.forEach((path, content) -> contents.put(path, content.bytes));
            return contents;
        }
    }

    /** A file: its contents as far as every change is durable, and the changes since the first that is not. */
    private static final class Source {
        private byte[] base = new byte[0];
        private final List<Integer> tail = new ArrayList<>();
        private final Map<Long, Content> made = new HashMap<>();
    }

    private enum Fate {
        ZEROS,
        HEAD,
        TAIL
    }

    private final List<DiskChange> changes;
    private final boolean[] durable;
    private final boolean[] doomed; // a sync of it has failed
    private final Map<Integer, Source> sources = new HashMap<>();
    private final Map<String, Integer> entries = new TreeMap<>();
    private final List<Integer> openEntries = new ArrayList<>();
    private int count;

    CrashImages(List<DiskChange> changes) {
        this.changes = changes;
        durable = new boolean[changes.size()];
        doomed = new boolean[changes.size()];
    }

    /** Number of changes made so far. */
    int count() {
        return count;
    }

    /** Makes the next change. */
    void advance() {
        DiskChange change = changes.get(count);
        switch (change.kind()) {
            case WRITE, TRUNCATE -> source(change.inode()).tail.add(count);
            case SYNC -> sync(source(change.inode()));
            case SYNC_FAILED -> source(change.inode()).tail.forEach(index -> doomed[index] = !durable[index]);
            case LINK, UNLINK -> openEntries.add(count);
            case SYNC_DIRECTORY ->
                openEntries.removeIf(index -> {
                    DiskChange entry = changes.get(index);
                    if (entry.directory().equals(change.path())) {
                        durable[index] = true;
                        apply(entry, entries);
                        return true;
                    }
                    return false;
                });
        }
        count++;
    }

    private Source source(int inode) {
        return sources.computeIfAbsent(inode, id -> new Source());
    }

    private void sync(Source source) {
        source.tail.forEach(index -> durable[index] |= !doomed[index]);
        int settled = 0;
        while (settled < source.tail.size() && durable[source.tail.get(settled)]) {
            source.base = applied(source.base, changes.get(source.tail.get(settled)));
            settled++;
        }
        source.tail.subList(0, settled).clear();
        source.made.clear();
    }

    /** Whether a change of a segment's contents is durable, and the segment's name. */
    boolean isDurable(int index) {
        Integer segment = entries.get(changes.get(index).path());
        return durable[index]
                && segment != null
                && segment == changes.get(index).inode();
    }

    private static void apply(DiskChange entry, Map<String, Integer> to) {
        if (entry.kind() == Kind.LINK) {
            to.put(entry.path(), entry.inode());
        } else {
            to.remove(entry.path(), entry.inode());
        }
    }

    private static byte[] applied(byte[] contents, DiskChange change) {
        return change.kind() == Kind.TRUNCATE
                ? Arrays.copyOf(contents, (int) change.offset())
                : written(contents, change.offset(), change.bytes(), 0, change.bytes().length);
    }

    private static byte[] written(byte[] contents, long offset, byte[] bytes, int from, int to) {
        byte[] all = Arrays.copyOf(contents, Math.max(contents.length, (int) offset + to));
        System.arraycopy(bytes, from, all, (int) offset + from, to - from);
        return all;
    }

    /** The changes that may be absent, in order. */
    private List<Integer> open() {
        List<Integer> open = new ArrayList<>(openEntries);
        for (Source source : sources.values()) {
            for (int index : source.tail) {
                if (!durable[index] && !changes.get(index).path().equals(SpoolDirectory.LOCK)) {
                    open.add(index);
                }
            }
        }
        open.sort(null);
        return open.subList(Math.max(0, open.size() - OPEN_MOST), open.size());
    }

    /** The images of a crash now. */
    void forEach(Consumer<Image> look) {
        List<Integer> open = open();
        int size = open.size();
        long all = (1L << size) - 1;
        for (long present : chosen(open)) {
            look.accept(image(open, present, -1, null));
        }
        for (int i = 0; i < size; i++) {
            DiskChange change = changes.get(open.get(i));
            if (change.kind() == Kind.WRITE) {
                for (long present : new long[] {all, (2L << i) - 1}) {
                    for (byte[] partly : parts(change)) {
                        look.accept(image(open, present, open.get(i), partly));
                    }
                    if (present == all && i == size - 1) {
                        break; // both are the same
                    }
                }
            }
        }
    }

    /** Sets of open changes, as bits. */
    private Set<Long> chosen(List<Integer> open) {
        int size = open.size();
        long all = (1L << size) - 1;
        Set<Long> chosen = new LinkedHashSet<>();
        chosen.add(all);
        for (int i = 0; i < size; i++) {
            chosen.add((1L << i) - 1);
            for (int j = i; j < size; j++) {
                if (i == j || isApart(changes.get(open.get(i)), changes.get(open.get(j)))) {
                    long two = (1L << i) | (1L << j);
                    chosen.add(all & ~two);
                    chosen.add(two);
                }
            }
        }
        return chosen;
    }

    private static boolean isApart(DiskChange one, DiskChange other) {
        if (one.ofEntry() != other.ofEntry()) {
            return true;
        }
        return one.ofEntry() ? !one.directory().equals(other.directory()) : one.inode() != other.inode();
    }

    /** What else of a write may be there: null bytes are those that were there before. */
    private List<byte[]> parts(DiskChange write) {
        List<byte[]> parts = new ArrayList<>();
        byte[] before = before(write);
        parts.add(part(write, before, Fate.ZEROS, 0));
        int first = (int) (BLOCK_BYTES - write.offset() % BLOCK_BYTES);
        int length = write.bytes().length;
        if (first < length) {
            int last = first + (length - first - 1) / BLOCK_BYTES * BLOCK_BYTES;
            int step = Math.max(1, (last - first) / BLOCK_BYTES / (CUTS_MOST - 1)) * BLOCK_BYTES;
            for (int cut = first; cut <= last; cut += step) {
                parts.add(part(write, before, Fate.HEAD, cut));
            }
            parts.add(part(write, before, Fate.TAIL, first));
        }
        return parts;
    }

    /** What the file has before the write, as far as it is as long. */
    private byte[] before(DiskChange write) {
        byte[] base = source(write.inode()).base;
        int from = (int) Math.min(write.offset(), base.length);
        int to = (int) Math.min(write.offset() + write.bytes().length, base.length);
        return Arrays.copyOfRange(base, from, to);
    }

    private static byte[] part(DiskChange write, byte[] before, Fate fate, int cut) {
        byte[] bytes = write.bytes();
        if (fate == Fate.ZEROS) {
            return new byte[bytes.length];
        }
        if (fate == Fate.HEAD) {
            byte[] head = Arrays.copyOf(before, Math.max(before.length, cut));
            System.arraycopy(bytes, 0, head, 0, cut);
            return head;
        }
        byte[] tail = bytes.clone();
        Arrays.fill(tail, 0, cut, (byte) 0);
        System.arraycopy(before, 0, tail, 0, Math.min(before.length, cut));
        return tail;
    }

    private Image image(List<Integer> open, long present, int partly, byte @Nullable [] instead) {
        Map<String, Integer> names = new TreeMap<>(entries);
        for (int index : openEntries) {
            int at = open.indexOf(index);
            if (at < 0 || (present >> at & 1) == 1) {
                apply(changes.get(index), names);
            }
        }
        Map<String, Content> files = new TreeMap<>();
        long[] hash = new long[2];
        names.forEach((path, inode) -> {
            boolean reachable = path.indexOf('/') < 0 || names.containsKey(ChainDirectory.CONTROL);
            if (reachable && !path.equals(SpoolDirectory.LOCK)) {
                Content content = content(inode, open, present, partly, instead);
                files.put(path, content);
                long one = mix(path.hashCode() * MULTIPLIER ^ content.hash);
                hash[0] += one;
                if (path.equals(STATE)) {
                    hash[1] += mix(path.hashCode() * MULTIPLIER ^ content.positionHash());
                } else if (!path.endsWith(ReservedFile.NAME)) {
                    hash[1] += one;
                }
            }
        });
        return new Image(() -> name(open, present, partly), files, hash[0], hash[1]);
    }

    private String name(List<Integer> open, long present, int partly) {
        StringBuilder name = new StringBuilder();
        for (int i = 0; i < open.size(); i++) {
            boolean there = (present >> i & 1) == 1;
            String what = open.get(i) == partly ? "partly " : there ? "" : "not ";
            if (!what.isEmpty() || open.size() < 4) {
                name.append(name.isEmpty() ? "" : ", ").append(what).append(changes.get(open.get(i)));
            }
        }
        return name.toString();
    }

    private Content content(int inode, List<Integer> open, long present, int partly, byte @Nullable [] instead) {
        Source source = source(inode);
        boolean torn = false;
        long mask = 0;
        for (int i = 0; i < source.tail.size(); i++) {
            int index = source.tail.get(i);
            int at = durable[index] ? -1 : open.indexOf(index);
            if (at < 0 || (present >> at & 1) == 1) {
                mask |= 1L << Math.min(i, Long.SIZE - 1);
                torn |= index == partly;
            }
        }
        Content known = torn ? null : source.made.get(mask);
        if (known != null) {
            return known;
        }
        byte[] bytes = source.base;
        for (int i = 0; i < source.tail.size(); i++) {
            if ((mask >> Math.min(i, Long.SIZE - 1) & 1) == 1) {
                DiskChange change = changes.get(source.tail.get(i));
                bytes = instead != null && source.tail.get(i) == partly
                        ? written(bytes, change.offset(), instead, 0, instead.length)
                        : applied(bytes, change);
            }
        }
        Content made = new Content(bytes);
        if (!torn) {
            source.made.put(mask, made);
        }
        return made;
    }

    private static long mix(long value) {
        long mixed = (value ^ value >>> 32) * MULTIPLIER;
        return mixed ^ mixed >>> 29;
    }

    private static long hashOf(byte[] bytes) {
        long hash = bytes.length;
        int at = 0;
        for (; at + Long.BYTES <= bytes.length; at += Long.BYTES) {
            hash = (hash ^ (long) LONGS.get(bytes, at)) * MULTIPLIER;
            hash ^= hash >>> 31;
        }
        for (; at < bytes.length; at++) {
            hash = (hash ^ bytes[at]) * MULTIPLIER;
        }
        return mix(hash);
    }

    private static final java.lang.invoke.VarHandle LONGS =
            java.lang.invoke.MethodHandles.byteArrayViewVarHandle(long[].class, java.nio.ByteOrder.LITTLE_ENDIAN);
}
