package dev.ctstream.spool;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.batch.MadeBatches;
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
        return SpoolFileSystem.HOST.list(directory, DeadLetters.SUFFIX);
    }

    @Test
    void aRejectedBatchIsKeptAndDeclaredOnce() throws IOException {
        try (TestSpool spool = new TestSpool(TestSpool.config(directory))) {
            spool.append(3, 2);
            QueuedBatch refused = Objects.requireNonNull(spool.next());
            byte[] body = new byte[refused.lengthBytes()];
            System.arraycopy(refused.array(), refused.offset(), body, 0, body.length);
            assertThat(spool.setAside(refused)).isTrue();
            spool.rewind();
            assertThat(spool.setAside(refused))
                    .as("handed out before the rewind")
                    .isTrue();
            assertThat(spool.gaps()).singleElement().satisfies(gap -> {
                assertThat(gap.cause()).isEqualTo("rejected");
                assertThat(gap.ranges())
                        .containsExactly(new DeclaredGap.Range(
                                new AcknowledgedPosition.RunStream(spool.run, MadeBatches.stream("host", 3)), 0, 10));
            });
            assertThat(spool.readAll()).as("the refused one is passed").containsExactly(2L);
            assertThat(letters()).hasSize(1);
            try (SegmentReader reader =
                    SegmentReader.open(SpoolFileSystem.HOST, letters().get(0))) {
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
                spool.setAside(batch);
                spool.acknowledge(batch.envelope().number());
                assertThat(spool.gaps()).as("Kafka has each GAP").hasSize(i + 1);
            }
            long bytes = 0;
            for (Path letter : letters()) {
                bytes += Files.size(letter);
            }
            assertThat(bytes).isBetween(40_000L, 64L << 10);
            try (SegmentReader reader = SegmentReader.open(
                    SpoolFileSystem.HOST, letters().get(letters().size() - 1))) {
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
            assertThat(spool.onPublisher(() -> {
                        Thread.currentThread().interrupt();
                        spool.spool.setAside(refused, "refused");
                        return Thread.interrupted();
                    }))
                    .isTrue();
            assertThat(letters()).hasSize(1);
        }
    }
}
