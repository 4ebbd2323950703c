package dev.ctstream.bench;

import dev.ctstream.batch.EncodedBatch;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.zip.CRC32C;

/**
 * Cost of a spooled event in our own frames and in Avro container files, in one run: appending with a sync every 100
 * ms, reading back, and the loss by a flipped bit. Prints a Markdown table of the second of two rounds.
 *
 * <pre>mvn -Pbench -DskipTests test -Dbench.main=dev.ctstream.bench.SpoolFormats -Djmh.args='[DIRECTORY [MEGABYTES]]'</pre>
 */
public final class SpoolFormats {
    private static final int EVENTS_EACH = 128;
    /** Batches per write: what the spool thread finds in the ring at about 40 000 events per second and more. */
    private static final int BATCHES_A_WRITE = 16;

    private static final long SYNC_NANOS = 100_000_000;
    private static final long DAMAGED_BYTES = 8 << 20;
    private static final int FLIPS = 400;

    private final List<EncodedBatch> batches = VariedBatches.make(2000, EVENTS_EACH);
    private final Path file;

    /** One file format for batches. */
    interface Format {
        Target open(Path file) throws IOException;

        /** Skips damaged data; delivers data whose checksum is correct. */
        void read(Path file, Part part) throws IOException;
    }

    /** Receives the data that was read. */
    interface Part {
        void read(ByteBuffer bytes, long batches);
    }

    /** A file open for appending. */
    interface Target extends AutoCloseable {
        void append(EncodedBatch batch) throws IOException;

        void flush() throws IOException;

        void sync() throws IOException;

        @Override
        void close() throws IOException;
    }

    private SpoolFormats(Path directory) {
        file = directory.resolve("spool-format");
    }

    /** Runs the measurement. */
    public static void main(String[] arguments) throws IOException {
        Path directory = arguments.length > 0 ? Path.of(arguments[0]) : Files.createTempDirectory("spool-formats");
        long bytes = (arguments.length > 1 ? Long.parseLong(arguments[1]) : 256) << 20;
        SpoolFormats formats = new SpoolFormats(directory);
        System.out.println("| | append us CPU/event | read us CPU/event | MB/s | bytes/event | syncs | wrong after "
                + FLIPS + " flips | batches lost a flip |");
        System.out.println("|---|---|---|---|---|---|---|---|");
        for (boolean counts : new boolean[] {false, true}) {
            formats.measure("own frames, CRC32C", AvroFormats.frames(), bytes, counts);
            formats.measure("Avro container, null, CRC32C in each record", AvroFormats.nullCodec(), bytes, counts);
            formats.measure("Avro container, zstd 1 with checksum", AvroFormats.zstd(), bytes, counts);
        }
    }

    private void measure(String name, Format format, long bytes, boolean counts) throws IOException {
        long cpu = cpuNanos();
        long begin = System.nanoTime();
        Written written = write(format, bytes);
        double seconds = (System.nanoTime() - begin) / 1e9;
        long appended = cpuNanos();
        long[] read = {0};
        format.read(file, (part, inPart) -> read[0] += inPart);
        long all = cpuNanos();
        if (read[0] != written.batches) {
            throw new IllegalStateException(name + " lost batches");
        }
        double events = (double) written.batches * EVENTS_EACH;
        double perEvent = Files.size(file) / events;
        if (counts) {
            System.out.printf(
                    Locale.ROOT,
                    "| %s | %.3f | %.3f | %.0f | %.1f | %d | %s |%n",
                    name,
                    (appended - cpu) / 1e3 / events,
                    (all - appended) / 1e3 / events,
                    written.bytes / seconds / 1e6,
                    perEvent,
                    written.syncs,
                    flip(format));
        }
        Files.delete(file);
    }

    private static long cpuNanos() {
        return ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
    }

    private record Written(long batches, long bytes, int syncs) {}

    private Written write(Format format, long bytes) throws IOException {
        Files.deleteIfExists(file);
        long written = 0;
        int count = 0;
        int syncs = 0;
        long synced = System.nanoTime();
        try (Target target = format.open(file)) {
            while (written < bytes) {
                EncodedBatch batch = batches.get(count++ % batches.size());
                target.append(batch);
                written += batch.lengthBytes();
                if (count % BATCHES_A_WRITE == 0) {
                    target.flush();
                    if (System.nanoTime() - synced > SYNC_NANOS) {
                        target.sync();
                        syncs++;
                        synced = System.nanoTime();
                    }
                }
            }
        }
        return new Written(count, written, syncs);
    }

    /** Flips single bits at random offsets, each in an undamaged file. Returns "parts read wrong | batches lost". */
    private String flip(Format format) throws IOException {
        long whole = write(format, DAMAGED_BYTES).batches;
        Set<Integer> right = new HashSet<>();
        format.read(file, (part, inPart) -> right.add(crc(part)));
        SplittableRandom random = new SplittableRandom(7);
        long lost = 0;
        int[] wrong = {0};
        try (RandomAccessFile bytes = new RandomAccessFile(file.toFile(), "rw")) {
            for (int i = 0; i < FLIPS; i++) {
                long at = random.nextLong(bytes.length());
                int bit = 1 << random.nextInt(8);
                flip(bytes, at, bit);
                long[] read = {0};
                format.read(file, (part, inPart) -> {
                    read[0] += inPart;
                    wrong[0] += right.contains(crc(part)) ? 0 : 1;
                });
                lost += whole - read[0];
                flip(bytes, at, bit);
            }
        }
        return String.format(Locale.ROOT, "%d | %.2f", wrong[0], lost / (double) FLIPS);
    }

    private static void flip(RandomAccessFile bytes, long at, int bit) throws IOException {
        bytes.seek(at);
        int old = bytes.read();
        bytes.seek(at);
        bytes.write(old ^ bit);
    }

    private static int crc(ByteBuffer part) {
        CRC32C crc = new CRC32C();
        crc.update(part.duplicate());
        return (int) crc.getValue();
    }
}
