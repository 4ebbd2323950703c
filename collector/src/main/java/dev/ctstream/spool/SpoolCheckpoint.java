package dev.ctstream.spool;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.ctstream.record.RunIdentity;
import dev.ctstream.segment.CheckedBlock;
import dev.ctstream.segment.MissingBatches;
import dev.ctstream.segment.SegmentVersionException;
import dev.ctstream.segment.SpoolPosition;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The file {@code state}: the position that Kafka has acknowledged, the declared losses, and whether the last run ended
 * cleanly. Two slots, at offsets 0 and {@value #SLOT_BYTES}, are written alternately, so that one is always intact.
 * They are overwritten in place, so that a full disk does not matter.
 *
 * <pre>
 * slot   0       4         6        8        12           20             28       36     44       52
 *        +-------+---------+--------+--------+------------+--------------+--------+------+--------+
 *        | magic | version | length | crc32c | generation | acknowledged | events | next | events |
 *        |       |         |        |        |            | number       | up to  |number| before |
 *        +-------+---------+--------+--------+------------+--------------+--------+------+--------+
 *        52      60         68      76
 *        +-------+----------+-------+---------+---------+-----------------------------------------+
 *        | epoch | alive at | flags | host id | boot id | holes: u32 count, then i64 first number, |
 *        |       | nanos    |       | (u16 length, UTF-8)| events before, next number, events before|
 *        +-------+----------+-------+---------+---------+-----------------------------------------+
 * </pre>
 *
 * <p>All integers are big endian. The checksum covers all {@code length} bytes of the slot except itself.
 *
 * <p>Threads: confined to one thread.
 */
final class SpoolCheckpoint implements AutoCloseable {
    private static final int MAGIC = 0xC7F1_57A7;
    private static final int VERSION = 1;
    private static final int SLOT_BYTES = 4096;
    private static final int LENGTH_OFFSET = 6;
    private static final int CRC_OFFSET = 8;
    private static final int GENERATION_OFFSET = 12;
    private static final int FIXED_BYTES = 84;
    private static final long FLAG_CLEAN = 1;

    /**
     * The contents of one slot.
     *
     * @param acknowledged the position after the last batch that is in Kafka
     * @param next the position of the next batch to append, at the time of writing
     * @param holes losses that are declared
     * @param identity of the run that wrote it
     * @param aliveNanos everything received before this time was appended or declared, ns since the epoch
     * @param clean whether that run ended cleanly
     */
    record Values(
            SpoolPosition acknowledged,
            SpoolPosition next,
            List<MissingBatches> holes,
            RunIdentity identity,
            long aliveNanos,
            boolean clean) {}

    private final FileChannel channel;
    private final ByteBuffer slot = ByteBuffer.allocate(SLOT_BYTES);
    private long generation;
    private @Nullable Values last;

    private SpoolCheckpoint(FileChannel channel) {
        this.channel = channel;
    }

    static SpoolCheckpoint open(Path file) throws IOException {
        FileChannel channel = SpoolFileSystem.openOrCreate(file);
        SpoolCheckpoint state = new SpoolCheckpoint(channel);
        try {
            state.load();
            return state;
        } catch (IOException e) {
            channel.close();
            throw e;
        }
    }

    /** Reads the file without opening it for writing; null when it is missing or damaged. */
    static @Nullable Values read(Path file) throws IOException {
        try (SpoolCheckpoint state = new SpoolCheckpoint(FileChannel.open(file, StandardOpenOption.READ))) {
            state.load();
            return state.last();
        } catch (NoSuchFileException e) {
            return null;
        }
    }

    /** The values last read or saved; null when the file was empty or damaged. */
    @Nullable
    Values last() {
        return last;
    }

    void save(Values values) throws IOException {
        encode(values, generation + 1);
        int length = slot.limit();
        long offset = (generation + 1 & 1) * SLOT_BYTES;
        while (slot.hasRemaining()) {
            channel.write(slot, offset + length - slot.remaining());
        }
        generation++;
        last = values;
    }

    /** Syncs the saved values to disk. */
    void sync() throws IOException {
        channel.force(false);
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }

    private void encode(Values values, long newGeneration) {
        slot.clear();
        slot.putInt(MAGIC)
                .putShort((short) VERSION)
                .putShort((short) 0)
                .putInt(0)
                .putLong(newGeneration);
        putPosition(values.acknowledged());
        putPosition(values.next());
        slot.putLong(values.identity().streamEpoch())
                .putLong(values.aliveNanos())
                .putLong(values.clean() ? FLAG_CLEAN : 0);
        putText(values.identity().hostId());
        putText(values.identity().bootId());
        DeclaredLosses.encode(values.holes(), slot);
        slot.putShort(LENGTH_OFFSET, (short) slot.position());
        slot.flip();
        CheckedBlock.seal(slot, slot.limit(), CRC_OFFSET);
    }

    private void putPosition(SpoolPosition position) {
        slot.putLong(position.number()).putLong(position.eventsBefore());
    }

    private void putText(String text) {
        byte[] bytes = text.getBytes(UTF_8);
        slot.putShort((short) bytes.length).put(bytes);
    }

    private void load() throws IOException {
        for (int i = 0; i < 2; i++) {
            slot.clear();
            int read = 0;
            while (read >= 0 && slot.hasRemaining()) {
                read = channel.read(slot, (long) i * SLOT_BYTES + slot.position());
            }
            slot.flip();
            if (slot.limit() < FIXED_BYTES || slot.getInt(0) != MAGIC) {
                continue;
            }
            int length = slot.getShort(LENGTH_OFFSET) & 0xFFFF;
            if (length >= FIXED_BYTES && length <= slot.limit() && CheckedBlock.isGood(slot, length, CRC_OFFSET)) {
                decode();
            }
        }
    }

    private void decode() throws SegmentVersionException {
        int version = slot.getShort(LENGTH_OFFSET - 2) & 0xFFFF;
        CheckedBlock.requireVersion(version, VERSION);
        slot.position(GENERATION_OFFSET);
        long found = slot.getLong();
        if (found <= generation) {
            return;
        }
        generation = found;
        SpoolPosition acknowledged = new SpoolPosition(slot.getLong(), slot.getLong());
        SpoolPosition next = new SpoolPosition(slot.getLong(), slot.getLong());
        long epoch = slot.getLong();
        long alive = slot.getLong();
        boolean clean = (slot.getLong() & FLAG_CLEAN) != 0;
        RunIdentity identity = new RunIdentity(text(), text(), epoch);
        last = new Values(acknowledged, next, DeclaredLosses.decode(slot), identity, alive, clean);
    }

    private String text() {
        byte[] bytes = new byte[slot.getShort() & 0xFFFF];
        slot.get(bytes);
        return new String(bytes, UTF_8);
    }
}
