package dev.ctstream.spool;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.batch.EncodedBatch;
import dev.ctstream.batch.MadeBatches;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The spool thread and the publisher's thread running at the same time. */
class SpoolThreadsTest {
    private static final int BATCHES = 40_000;
    private static final Duration DEADLINE = Duration.ofSeconds(60);

    @TempDir
    private Path directory;

    @Test
    void readingWhileAppendingGivesEveryBatchOnceAndInOrder() throws Exception {
        SplittableRandom random = new SplittableRandom(Long.getLong("test.seed", 9));
        SpoolConfig config =
                new SpoolConfig(directory, 1L << 30, 1 << 20, 1 << 20, 20, SpoolConfig.WhenFull.DROP_OLDEST);
        try (TestSpool spool = new TestSpool(config)) {
            Thread spoolThread = new Thread(spool.spool, "spool");
            spoolThread.start();
            Thread producer = new Thread(() -> produce(spool), "receive");
            producer.start();
            long expected = 1;
            long deadline = System.nanoTime() + DEADLINE.toNanos();
            while (expected <= BATCHES) {
                assertThat(System.nanoTime()).as("waiting for %d", expected).isLessThan(deadline);
                QueuedBatch batch = spool.spool.events().next();
                if (batch == null) {
                    spool.spool.await(100_000_000);
                    continue;
                }
                assertThat(batch.envelope().number()).isEqualTo(expected);
                spool.assertBody(batch);
                expected++;
                if (random.nextInt(4000) == 0) {
                    spool.spool.events().rewind();
                    expected = spool.acknowledgedNumber() + 1;
                } else if (random.nextInt(300) == 0) {
                    spool.spool.events().acknowledge(expected - 1);
                }
            }
            spool.spool.events().acknowledge(BATCHES);
            producer.join();
            spool.spool.stop();
            spoolThread.join(DEADLINE.toMillis());
            assertThat(spoolThread.isAlive()).isFalse();
            assertThat(spool.gaps()).isEmpty();
        }
        assertThat(TestSpool.segments(directory)).isEmpty();
    }

    private static void produce(TestSpool spool) {
        SplittableRandom random = new SplittableRandom(1);
        for (int i = 0; i < BATCHES; i++) {
            int bytes = random.nextInt(100) == 0 ? random.nextInt(300_000) : random.nextInt(1500);
            EncodedBatch batch = spool.made(MadeBatches.stream("host", i % 7), 1 + i % 5, bytes);
            while (!spool.ring.offer(batch)) {
                Thread.onSpinWait();
            }
        }
    }

    @Test
    void stopAppendsEverythingInTheRing() throws Exception {
        try (TestSpool spool = new TestSpool(TestSpool.config(directory))) {
            for (int i = 0; i < 20_000; i++) {
                spool.handOver(spool.made(MadeBatches.stream("host", 1), 1, 10));
            }
            spool.spool.stop();
            Thread spoolThread = new Thread(spool.spool, "spool");
            spoolThread.start();
            spoolThread.join(DEADLINE.toMillis());
            assertThat(spoolThread.isAlive()).isFalse();
            assertThat(spool.spool.events().unacknowledged()).isEqualTo(20_000);
        }
    }

    @Test
    void stopAndWakeEndTheWaitsAtOnce() throws Exception {
        try (TestSpool spool = new TestSpool(TestSpool.config(directory))) {
            Thread spoolThread = new Thread(spool.spool, "spool");
            spoolThread.start();
            long start = System.nanoTime();
            Thread waker = new Thread(spool.spool::wake, "waker");
            waker.start();
            spool.spool.await(DEADLINE.toNanos());
            spool.spool.stop();
            spoolThread.join(DEADLINE.toMillis());
            assertThat(System.nanoTime() - start).isLessThan(5_000_000_000L);
            spool.append(1, 1); // on the test's own thread
            assertThat(Objects.requireNonNull(spool.next()).envelope().number()).isEqualTo(1);
        }
    }
}
