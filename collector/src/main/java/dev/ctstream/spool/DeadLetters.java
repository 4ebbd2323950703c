package dev.ctstream.spool;

import dev.ctstream.batch.RunIdentity;
import dev.ctstream.netlink.Clock;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Batches that Kafka refused for good, in segment files of their own ({@code *.dead-letter}) that
 * {@code ctstream spool cat} reads.
 *
 * <p>Bounds: when the files together have grown to one segment's size the oldest is removed first; the loss itself was
 * declared when the batch was refused.
 *
 * <p>Threads: confined to the publisher's thread.
 */
final class DeadLetters implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(DeadLetters.class);
    static final String SUFFIX = ".dead-letter";

    private final Path directory;
    private final long maxBytes;
    private final SpoolMetrics metrics;
    private long number;

    DeadLetters(Path directory, long maxBytes, SpoolMetrics metrics) {
        this.directory = directory;
        this.maxBytes = maxBytes;
        this.metrics = metrics;
    }

    void add(QueuedBatch batch, RunIdentity identity, String reason) {
        metrics.deadLetter();
        long now = Clock.realtimeNanos();
        number = Math.max(number + 1, now);
        Path file = directory.resolve(String.format("%019d%s", number, SUFFIX));
        LOG.error(
                "Kafka refused a batch for good, it is set aside stream={}/{} first_sequence={} events={} file={}: {}",
                batch.envelope().stream().netns(),
                batch.envelope().stream().zone(),
                batch.envelope().firstSequence(),
                batch.envelope().count(),
                file,
                reason);
        try {
            makeRoom(batch.lengthBytes());
            SegmentWriter.writeOne(file, batch, identity, now);
        } catch (IOException e) {
            LOG.error("dead letter cannot be kept file={}: {}", file, SpoolDirectory.reason(e));
        }
    }

    private void makeRoom(long bytes) throws IOException {
        while (true) {
            long total = bytes;
            @Nullable Path oldest = null;
            try (var files = Files.newDirectoryStream(directory, "*" + SUFFIX)) {
                for (Path file : files) {
                    total += Files.size(file);
                    oldest = oldest == null || file.compareTo(oldest) < 0 ? file : oldest;
                }
            }
            if (total <= maxBytes || oldest == null) {
                return;
            }
            LOG.warn("dead letters have reached their bound, the oldest is removed file={}", oldest);
            Files.delete(oldest);
        }
    }

    @Override
    public void close() {}
}
