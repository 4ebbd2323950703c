package dev.ctstream.proof;

import dev.ctstream.record.proof.Hash;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What is known of each leaf, in a temporary file, so that the memory does not grow with the topics: 64 bytes a leaf.
 *
 * <pre>
 * 0       1      33         37       45         53      57       61
 * +-------+------+----------+--------+----------+-------+--------+--------+
 * | state | hash | partition| offset | first    | count | stream | unused |
 * |       |      | topic    |        | sequence |       |        |        |
 * +-------+------+----------+--------+----------+-------+--------+--------+
 * </pre>
 *
 * <p>The highest bit of the second integer tells the topic. Chunks of {@value #CHUNK_LEAVES} leaves are given out as they are
 * needed.
 *
 * <p>Threads: confined to one. Ownership: owns the file, which is gone when it is closed.
 */
final class LeafStore implements AutoCloseable {
    static final int CHUNK_LEAVES = 256;
    private static final int ENTRY_BYTES = 64;
    private static final int CONTROL = 1 << 31;
    private static final int PARTITION_BIAS = 1 << 30; // files have negative numbers

    private final FileChannel file;
    private final ByteBuffer buffer = ByteBuffer.allocateDirect(ENTRY_BYTES);
    private long chunks;

    /** What is known of a leaf. */
    enum State {
        /** Nothing. */
        NONE,
        /** A record is there; no checkpoint lists it yet. */
        SEEN,
        /** A checkpoint lists it; no record is there yet. */
        LISTED,
        /** A record is there and is the one that a checkpoint lists. */
        GOOD,
        /** The record that is there is another one than a checkpoint lists. */
        BAD;

        private static final List<State> BY_CODE = List.of(values());

        byte code() {
            return (byte) BY_CODE.indexOf(this);
        }
    }

    /** The chunks of one log. */
    static final class Log {
        private final Map<Long, Long> chunks = new HashMap<>();
    }

    /**
     * An entry.
     *
     * @param hash the listed one if there is one, else that of the record
     * @param place of the record; null when there is none
     * @param stream number of the stream
     */
    record Entry(State state, Hash hash, @Nullable Place place, long firstSequence, int count, int stream) {}

    private static final Entry NOTHING = new Entry(State.NONE, Hash.EMPTY_ROOT, null, 0, 0, 0);

    LeafStore() throws IOException {
        Path path = Files.createTempFile("ctstream-proof", ".leaves");
        file = FileChannel.open(
                path, StandardOpenOption.READ, StandardOpenOption.WRITE, StandardOpenOption.DELETE_ON_CLOSE);
    }

    Entry read(Log log, long index) throws IOException {
        Long chunk = log.chunks.get(index / CHUNK_LEAVES);
        if (chunk == null) {
            return NOTHING;
        }
        buffer.clear();
        long at = at(chunk, index);
        while (buffer.hasRemaining()) {
            if (file.read(buffer, at + buffer.position()) < 0) {
                return NOTHING; // the end of the file was never written
            }
        }
        buffer.flip();
        State state = State.BY_CODE.get(buffer.get());
        if (state == State.NONE) {
            return NOTHING;
        }
        byte[] hash = new byte[Hash.BYTES];
        buffer.get(hash);
        int partition = buffer.getInt();
        long offset = buffer.getLong();
        Place place = state == State.LISTED
                ? null
                : new Place((partition & CONTROL) != 0, (partition & ~CONTROL) - PARTITION_BIAS, offset);
        return new Entry(state, Hash.of(hash), place, buffer.getLong(), buffer.getInt(), buffer.getInt());
    }

    void write(Log log, long index, Entry entry) throws IOException {
        long chunk = log.chunks.computeIfAbsent(index / CHUNK_LEAVES, number -> chunks++);
        Place place = entry.place();
        buffer.clear();
        buffer.put(entry.state().code()).put(entry.hash().buffer());
        buffer.putInt(place == null ? 0 : (place.partition() + PARTITION_BIAS) | (place.control() ? CONTROL : 0));
        buffer.putLong(place == null ? 0 : place.offset())
                .putLong(entry.firstSequence())
                .putInt(entry.count())
                .putInt(entry.stream());
        buffer.position(ENTRY_BYTES).flip();
        long at = at(chunk, index);
        while (buffer.hasRemaining()) {
            file.write(buffer, at + buffer.position());
        }
    }

    /** Receives leaves of which a record is there. */
    @FunctionalInterface
    interface EntryHandler {
        void onEntry(long index, Entry entry) throws IOException;
    }

    /** Passes the leaves in [from, to) of which a record is there to the handler, in rising order. */
    void forEachPresent(Log log, long from, long to, EntryHandler handler) throws IOException {
        List<Long> numbers = log.chunks.keySet().stream().sorted().toList();
        for (long number : numbers) {
            long end = Math.min(to, (number + 1) * CHUNK_LEAVES);
            for (long index = Math.max(from, number * CHUNK_LEAVES); index < end; index++) {
                Entry entry = read(log, index);
                if (entry.place() != null) {
                    handler.onEntry(index, entry);
                }
            }
        }
    }

    private static long at(long chunk, long index) {
        return (chunk * CHUNK_LEAVES + index % CHUNK_LEAVES) * ENTRY_BYTES;
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
