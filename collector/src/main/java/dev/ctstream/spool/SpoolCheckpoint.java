package dev.ctstream.spool;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.ctstream.record.RunIdentity;
import dev.ctstream.record.proof.CompactRange;
import dev.ctstream.record.proof.Hash;
import dev.ctstream.segment.CheckedBlock;
import dev.ctstream.segment.FileWindow;
import dev.ctstream.segment.SegmentVersionException;
import dev.ctstream.segment.SpoolPosition;
import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The file {@code state}: for both chains, the position that Kafka has acknowledged and the position of the next batch.
 * Two slots, at offsets 0 and {@value #SLOT_BYTES}, are written alternately, so that one is always intact. They are
 * overwritten in place, so that a full disk does not matter.
 *
 * <pre>
 * slot   0       4         6        8        12           20       52        84      92         100
 *        +-------+---------+--------+--------+------------+--------+---------+-------+----------+--------------------+
 *        | magic | version | length | crc32c | generation | events | control | epoch | alive at | host id, boot id   |
 *        |       |         |        |        |            |        |         |       | nanos    | (u16 length, UTF-8)|
 *        +-------+---------+--------+--------+------------+--------+---------+-------+----------+--------------------+
 *        then  i16 number of hashes, -1 = the log is not proven; u64 size, and the hashes of its compact range
 *
 * events, control  0              8             16     24
 *                  +--------------+-------------+------+--------+
 *                  | acknowledged | events      | next | events |   numbers of batches, and the events before them
 *                  | up to        | before      |      | before |
 *                  +--------------+-------------+------+--------+
 * </pre>
 *
 * <p>All integers are big endian. The checksum covers all {@code length} bytes of the slot except itself.
 *
 * <p>Threads: confined to one thread.
 */
final class SpoolCheckpoint implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(SpoolCheckpoint.class);
    private static final int MAGIC = 0xC7F1_57A7;
    private static final int VERSION = 3;
    private static final int NOT_PROVEN = -1;
    private static final int SLOT_BYTES = 4096;
    private static final int LENGTH_OFFSET = 6;
    private static final int CRC_OFFSET = 8;
    private static final int GENERATION_OFFSET = 12;

    /**
     * The contents of one slot.
     *
     * @param identity of the run that wrote it
     * @param aliveNanos everything received before this time was appended and synced, or declared, ns since the epoch
     * @param proven the run's log as far as CHECKPOINT records have it; null = it is not proven. Never changed
     */
    record Values(
            Positions events,
            Positions control,
            RunIdentity identity,
            long aliveNanos,
            @Nullable CompactRange proven) {
        /** Values of a run whose log is not proven. */
        Values(Positions events, Positions control, RunIdentity identity, long aliveNanos) {
            this(events, control, identity, aliveNanos, null);
        }
    }

    /**
     * Positions of one chain.
     *
     * @param acknowledged after the last batch that is in Kafka
     * @param next of the next batch to append
     */
    record Positions(SpoolPosition acknowledged, SpoolPosition next) {}

    private final SpoolFileSystem files;
    private final Path file;
    private final ByteBuffer slot = ByteBuffer.allocate(SLOT_BYTES);
    private FileChannel channel;
    private long generation;
    private boolean reserved;
    private boolean entrySynced;
    private @Nullable Values last;

    private SpoolCheckpoint(SpoolFileSystem files, Path file, FileChannel channel) {
        this.files = files;
        this.file = file;
        this.channel = channel;
    }

    static SpoolCheckpoint open(SpoolFileSystem files, Path file) throws IOException {
        return load(new SpoolCheckpoint(files, file, files.openOrCreate(file)));
    }

    private static SpoolCheckpoint load(SpoolCheckpoint state) throws IOException {
        try {
            state.load();
            return state;
        } catch (IOException e) {
            state.close();
            throw e;
        }
    }

    /** Reads the file without opening it for writing; null when it is missing or damaged. */
    static @Nullable Values read(SpoolFileSystem files, Path file) throws IOException {
        try (SpoolCheckpoint state = load(new SpoolCheckpoint(files, file, files.openRead(file)))) {
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
        if (!reserved) {
            reserve();
        }
        encode(values, generation + 1);
        int length = slot.limit();
        long offset = (generation + 1 & 1) * SLOT_BYTES;
        while (slot.hasRemaining()) {
            channel.write(slot, offset + length - slot.remaining());
        }
        generation++;
        last = values;
    }

    /** Gives both slots their place on the disk, once: later a full disk would refuse the one that was never written. */
    private void reserve() {
        try {
            int bytes = 2 * SLOT_BYTES;
            if (channel.size() < bytes) {
                ByteBuffer both = ByteBuffer.allocate(bytes);
                FileWindow.readFully(channel, both, 0, false);
                both.clear();
                while (both.hasRemaining()) {
                    channel.write(both, both.position());
                }
            }
            reserved = true;
        } catch (IOException e) {
            LOG.debug("the position has no place reserved yet file={}", file, e); // the next save tries again
        }
    }

    /** Syncs the saved values to disk, and the first time the file's name and those beside it. */
    void sync() throws IOException {
        channel.force(false);
        Path directory = file.getParent();
        if (!entrySynced && directory != null) {
            files.syncDirectory(directory);
            entrySynced = true;
        }
    }

    /** Creates the file again after it has gone. */
    void makeAgain() throws IOException {
        channel.close();
        channel = files.openOrCreate(file);
        reserved = false;
        entrySynced = false;
        last = null;
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
        putPositions(values.events());
        putPositions(values.control());
        slot.putLong(values.identity().streamEpoch()).putLong(values.aliveNanos());
        putText(values.identity().hostId());
        putText(values.identity().bootId());
        putProven(values.proven());
        slot.putShort(LENGTH_OFFSET, (short) slot.position());
        slot.flip();
        CheckedBlock.seal(slot, slot.limit(), CRC_OFFSET);
    }

    private void putPositions(Positions chain) {
        slot.putLong(chain.acknowledged().number())
                .putLong(chain.acknowledged().eventsBefore())
                .putLong(chain.next().number())
                .putLong(chain.next().eventsBefore());
    }

    private void putProven(@Nullable CompactRange proven) {
        if (proven == null) {
            slot.putShort((short) NOT_PROVEN);
            return;
        }
        slot.putShort((short) proven.hashes().size()).putLong(proven.size());
        proven.hashes().forEach(hash -> slot.put(hash.buffer()));
    }

    private @Nullable CompactRange proven() {
        int count = slot.getShort();
        if (count == NOT_PROVEN) {
            return null;
        }
        long size = slot.getLong();
        List<Hash> hashes = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            byte[] bytes = new byte[Hash.BYTES];
            slot.get(bytes);
            hashes.add(Hash.of(bytes));
        }
        return CompactRange.of(size, hashes);
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
            if (slot.limit() <= CRC_OFFSET || slot.getInt(0) != MAGIC) {
                continue;
            }
            int length = slot.getShort(LENGTH_OFFSET) & 0xFFFF;
            if (length > GENERATION_OFFSET && length <= slot.limit() && CheckedBlock.isGood(slot, length, CRC_OFFSET)) {
                decode(length);
            }
        }
    }

    private void decode(int length) throws SegmentVersionException {
        int version = slot.getShort(LENGTH_OFFSET - 2) & 0xFFFF;
        CheckedBlock.requireVersion(version, VERSION);
        slot.limit(length).position(GENERATION_OFFSET);
        try {
            long found = slot.getLong();
            Values values = values();
            if (found > generation && values != null) {
                generation = found;
                last = values;
            }
        } catch (BufferUnderflowException | IllegalArgumentException e) {
            return; // its checksum is good, but no collector wrote it: as if it were damaged
        }
    }

    private @Nullable Values values() {
        Positions events = positions();
        Positions control = positions();
        long epoch = slot.getLong();
        long alive = slot.getLong();
        RunIdentity identity = new RunIdentity(text(), text(), epoch);
        CompactRange proven = proven();
        return isPossible(events) && isPossible(control) ? new Values(events, control, identity, alive, proven) : null;
    }

    private Positions positions() {
        SpoolPosition acknowledged = new SpoolPosition(slot.getLong(), slot.getLong());
        return new Positions(acknowledged, new SpoolPosition(slot.getLong(), slot.getLong()));
    }

    private static boolean isPossible(Positions chain) {
        return chain.acknowledged().isPossible()
                && chain.next().isPossible()
                && chain.acknowledged().number() <= chain.next().number();
    }

    private String text() {
        byte[] bytes = new byte[slot.getShort() & 0xFFFF];
        slot.get(bytes);
        return new String(bytes, UTF_8);
    }
}
