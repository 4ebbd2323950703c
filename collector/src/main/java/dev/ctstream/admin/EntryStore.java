package dev.ctstream.admin;

import dev.ctstream.conntrack.FlowDecoder;
import dev.ctstream.conntrack.FlowEvent;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.Closeable;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import org.jspecify.annotations.Nullable;

/**
 * Stores any number of entries, as the kernel sent them, in bounded memory. The rest goes to temporary files in
 * {@code java.io.tmpdir} that only the user can read. With an order, each file is sorted and reading merges them.
 *
 * <pre>
 *  item:  | key length | key | message |      message = netlink message of one entry
 *  file:  | length of item, int | item | …
 * </pre>
 *
 * <p>Ownership: owns its files; {@link #close} deletes them. Threads: confined to one.
 *
 * <p>Errors: {@link IOException} when a file cannot be written, for instance because the temporary directory is full.
 */
final class EntryStore implements Closeable {
    /** Bytes kept in memory before they go to a file. Reading needs another 64 KiB for each file. */
    static final int MEMORY_BYTES = 16 << 20;

    private static final int STREAM_BUFFER_BYTES = 64 << 10;

    private final @Nullable EntryOrder order;
    private final int memoryBytes;
    private final List<byte[]> items = new ArrayList<>();
    private final List<Path> files = new ArrayList<>();
    private long itemBytes;
    private long count;

    /** Creates a store that returns its entries in this order, or in insertion order when null. */
    EntryStore(@Nullable EntryOrder order) {
        this(order, MEMORY_BYTES);
    }

    EntryStore(@Nullable EntryOrder order, int memoryBytes) {
        this.order = order;
        this.memoryBytes = memoryBytes;
    }

    /** Copies an entry into the store. */
    void add(FlowEvent entry) throws IOException {
        byte[] key = order == null ? new byte[0] : order.key(entry);
        byte[] item = new byte[1 + key.length + entry.messageLengthBytes()];
        item[0] = (byte) key.length;
        System.arraycopy(key, 0, item, 1, key.length);
        entry.buffer().get(entry.messageOffset(), item, 1 + key.length, entry.messageLengthBytes());
        items.add(item);
        itemBytes += item.length;
        count++;
        if (itemBytes > memoryBytes) {
            spill();
        }
    }

    /** Number of stored entries. */
    long count() {
        return count;
    }

    private void spill() throws IOException {
        sort();
        Path file = Files.createTempFile("ctstream-entries-", ".tmp");
        files.add(file);
        try (DataOutputStream out =
                new DataOutputStream(new BufferedOutputStream(Files.newOutputStream(file), STREAM_BUFFER_BYTES))) {
            for (byte[] item : items) {
                out.writeInt(item.length);
                out.write(item);
            }
        }
        items.clear();
        itemBytes = 0;
    }

    private void sort() {
        if (order != null) {
            items.sort(EntryStore::compareKeys);
        }
    }

    private static int compareKeys(byte[] one, byte[] other) {
        return Arrays.compareUnsigned(one, 1, 1 + (one[0] & 0xFF), other, 1, 1 + (other[0] & 0xFF));
    }

    /** Delivers every entry; may be called again. */
    void forEach(EntryHandler handler) throws IOException {
        sort();
        FlowDecoder decoder = new FlowDecoder();
        FlowEvent entry = new FlowEvent();
        List<Run> runs = new ArrayList<>();
        try {
            for (Path file : files) {
                runs.add(new Run(runs.size(), Files.newInputStream(file)));
            }
            runs.add(new Run(runs.size(), items));
            // Without keys all compare equal, so the files are read in their order of writing.
            PriorityQueue<Run> next =
                    new PriorityQueue<>(Comparator.<Run, byte[]>comparing(run -> run.item, EntryStore::compareKeys)
                            .thenComparing(run -> run.number));
            for (Run run : runs) {
                if (run.advance()) {
                    next.add(run);
                }
            }
            for (Run run = next.poll(); run != null; run = next.poll()) {
                hand(run.item, decoder, entry, handler);
                if (run.advance()) {
                    next.add(run);
                }
            }
        } finally {
            for (Run run : runs) {
                run.close();
            }
        }
    }

    private static void hand(byte[] item, FlowDecoder decoder, FlowEvent entry, EntryHandler handler)
            throws IOException {
        int from = 1 + (item[0] & 0xFF);
        if (!decoder.decode(entry, ByteBuffer.wrap(item).order(ByteOrder.nativeOrder()), from, item.length - from)) {
            throw new IOException("a temporary file contains a damaged entry");
        }
        handler.onEntry(entry);
    }

    @Override
    public void close() throws IOException {
        items.clear();
        for (Path file : files) {
            Files.deleteIfExists(file);
        }
        files.clear();
    }

    /** The sorted items of one file or of memory. */
    private static final class Run implements Closeable {
        private final int number;
        private final @Nullable DataInputStream in;
        private final List<byte[]> list;
        private int nextIndex;
        private byte[] item = new byte[0];

        Run(int number, InputStream file) {
            this.number = number;
            in = new DataInputStream(new BufferedInputStream(file, STREAM_BUFFER_BYTES));
            list = List.of();
        }

        Run(int number, List<byte[]> list) {
            this.number = number;
            in = null;
            this.list = list;
        }

        /** Moves to the next item; false at the end. */
        boolean advance() throws IOException {
            if (in == null) {
                if (nextIndex < list.size()) {
                    item = list.get(nextIndex++);
                    return true;
                }
                return false;
            }
            try {
                item = in.readNBytes(in.readInt());
                return true;
            } catch (EOFException e) {
                return false;
            }
        }

        @Override
        public void close() throws IOException {
            if (in != null) {
                in.close();
            }
        }
    }
}
