package dev.ctstream.spool;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * The file {@code state}: how far Kafka has acknowledged, and whether the last run ended in order. Two slots are
 * written in turn, so that one is whole whatever happens.
 *
 * <pre>
 * slot   0            8              16      24      32           40     48       52
 *        +------------+--------------+-------+-------+------------+------+--------+
 *        | generation | acknowledged | next  | epoch | alive at   | flags| crc32c |
 *        |            | number       | number|       | nanos      | u64  |        |
 *        +------------+--------------+-------+-------+------------+------+--------+
 * </pre>
 *
 * <p>Threads: confined to the spool thread. The file is not synced: after a power loss an older slot only means that
 * more is published twice.
 */
final class SpoolState implements AutoCloseable {
    private static final int SLOT_BYTES = 64;
    private static final int CRC_OFFSET = 48;
    private static final long FLAG_CLEAN = 1;

    /**
     * What one slot says.
     *
     * @param acknowledgedNumber every batch up to this one is in Kafka
     * @param nextNumber the number of the next batch that will be appended, as known then
     * @param epoch stream epoch of the run that wrote it
     * @param aliveNanos when it was written, ns since the epoch
     * @param clean whether that run ended in order
     */
    record Values(long acknowledgedNumber, long nextNumber, long epoch, long aliveNanos, boolean clean) {}

    private final FileChannel channel;
    private final ByteBuffer slot = ByteBuffer.allocate(SLOT_BYTES);
    private long generation;
    private @Nullable Values last;

    private SpoolState(FileChannel channel) {
        this.channel = channel;
    }

    static SpoolState open(Path file) throws IOException {
        FileChannel channel =
                FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE, StandardOpenOption.CREATE);
        SpoolState state = new SpoolState(channel);
        try {
            state.load();
            return state;
        } catch (IOException e) {
            channel.close();
            throw e;
        }
    }

    /** What the file said last; null when it was empty or damaged. */
    @Nullable
    Values last() {
        return last;
    }

    void save(Values values) throws IOException {
        generation++;
        slot.clear();
        slot.putLong(generation)
                .putLong(values.acknowledgedNumber())
                .putLong(values.nextNumber())
                .putLong(values.epoch())
                .putLong(values.aliveNanos())
                .putLong(values.clean() ? FLAG_CLEAN : 0);
        slot.putInt(crc()).position(0);
        channel.write(slot, (generation & 1) * SLOT_BYTES);
        last = values;
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }

    private void load() throws IOException {
        for (int i = 0; i < 2; i++) {
            slot.clear();
            if (channel.read(slot, (long) i * SLOT_BYTES) != SLOT_BYTES || slot.getInt(CRC_OFFSET) != crc()) {
                continue;
            }
            slot.flip();
            long found = slot.getLong();
            if (found > generation) {
                generation = found;
                last = new Values(
                        slot.getLong(),
                        slot.getLong(),
                        slot.getLong(),
                        slot.getLong(),
                        (slot.getLong() & FLAG_CLEAN) != 0);
            }
        }
    }

    private int crc() {
        CRC32C crc = new CRC32C();
        crc.update(slot.array(), 0, CRC_OFFSET);
        return (int) crc.getValue();
    }
}
