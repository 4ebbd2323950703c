package dev.ctstream.spool;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.batch.MadeBatches;
import dev.ctstream.record.GapCause;
import dev.ctstream.segment.Loss;
import dev.ctstream.segment.SegmentReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DeadLettersTest {
    @TempDir
    private Path directory;

    private List<Path> letters() throws IOException {
        return SpoolDirectory.files(directory, DeadLetters.SUFFIX);
    }

    @Test
    void aRejectedBatchIsKeptAndDeclaredOnce() throws IOException {
        try (TestSpool spool = new TestSpool(TestSpool.config(directory))) {
            spool.append(3, 2);
            QueuedBatch refused = Objects.requireNonNull(spool.next());
            byte[] body = new byte[refused.lengthBytes()];
            System.arraycopy(refused.array(), refused.offset(), body, 0, body.length);
            spool.spool.setAside(refused, "too large");
            spool.spool.rewind();
            spool.spool.setAside(Objects.requireNonNull(spool.next()), "too large");
            assertThat(spool.losses).containsExactly(Loss.of(GapCause.REJECTED, spool.run, refused.envelope()));
            assertThat(letters()).hasSize(1);
            try (SegmentReader reader = SegmentReader.open(letters().get(0))) {
                assertThat(reader.identity()).isEqualTo(spool.run);
                assertThat(reader.next()).isTrue();
                assertThat(reader.envelope()).isEqualTo(refused.envelope());
                byte[] kept = new byte[reader.body().remaining()];
                reader.body().get(kept);
                assertThat(kept).isEqualTo(body);
            }
        }
    }

    @Test
    void theOldestAreRemovedAboveTheSizeOfASegment() throws IOException {
        try (TestSpool spool = new TestSpool(TestSpool.config(directory))) {
            for (int i = 0; i < 12; i++) {
                spool.handOver(spool.made(MadeBatches.stream("host", 1), 1, 10_000));
                spool.pass();
                QueuedBatch batch = Objects.requireNonNull(spool.next());
                spool.spool.setAside(batch, "refused");
                spool.spool.acknowledge(batch.envelope().number());
            }
            long bytes = 0;
            for (Path letter : letters()) {
                bytes += Files.size(letter);
            }
            assertThat(bytes).isBetween(40_000L, 64L << 10);
            try (SegmentReader reader =
                    SegmentReader.open(letters().get(letters().size() - 1))) {
                assertThat(reader.next()).isTrue();
                assertThat(reader.envelope().number()).isEqualTo(12);
            }
        }
    }

    @Test
    void anInterruptDoesNotLoseTheLetter() throws IOException {
        try (TestSpool spool = new TestSpool(TestSpool.config(directory))) {
            spool.append(3, 1);
            QueuedBatch refused = Objects.requireNonNull(spool.next());
            Thread.currentThread().interrupt();
            spool.spool.setAside(refused, "refused");
            assertThat(Thread.interrupted()).isTrue();
            assertThat(letters()).hasSize(1);
        }
    }
}
