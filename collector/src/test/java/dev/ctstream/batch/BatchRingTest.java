package dev.ctstream.batch;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The ring is bounded and keeps the order, and a waiting consumer wakes for each batch. */
@Timeout(60)
class BatchRingTest {
    private static final int BYTES = 100;
    private static final long PLENTY = 1L << 40;

    private static EncodedBatch events(long sequence) {
        EncodedBatch batch = new EncodedBatch(0, new byte[BYTES], new int[0]);
        batch.firstSequence = sequence;
        return batch;
    }

    @Test
    void onceFullRefusesBatchesUntilHalfEmpty() {
        BatchRing ring = new BatchRing(64, PLENTY);
        int taken = 0;
        while (ring.offer(events(taken))) {
            taken++;
        }
        assertThat(taken).isGreaterThanOrEqualTo(64);
        assertThat(ring.accepting()).isFalse();
        for (int i = taken; i > taken / 2 + 1; i--) {
            assertThat(ring.poll()).isNotNull();
            assertThat(ring.offer(events(0))).as("%d left", i - 1).isFalse();
        }
        assertThat(ring.poll()).isNotNull();
        assertThat(ring.accepting()).isTrue();
        assertThat(ring.offer(events(0))).isTrue();
    }

    @Test
    void positionCountsTheAcceptedBatchesOnly() {
        BatchRing ring = new BatchRing(4, PLENTY);
        assertThat(ring.offeredBatches()).isZero();
        for (int i = 0; i < 4; i++) {
            assertThat(ring.offer(events(i))).isTrue();
        }
        assertThat(ring.offer(events(4))).isFalse();
        assertThat(ring.offeredBatches()).isEqualTo(4);
        ring.poll();
        assertThat(ring.offeredBatches()).isEqualTo(4);
    }

    @Test
    void batchesCountAgainstTheByteLimitUntilReleased() {
        BatchRing ring = new BatchRing(1000, 10 * BYTES);
        for (int i = 0; i < 10; i++) {
            assertThat(ring.offer(events(i))).isTrue();
        }
        assertThat(ring.offer(events(10))).isFalse();
        List<EncodedBatch> held = new ArrayList<>();
        for (EncodedBatch batch = ring.poll(); batch != null; batch = ring.poll()) {
            held.add(batch);
        }
        assertThat(ring.offer(events(10))).as("polled but not released").isFalse();
        held.subList(0, 5).forEach(ring::release);
        assertThat(ring.inFlightBytes()).isEqualTo(5 * BYTES);
        assertThat(ring.offer(events(10))).isTrue();
        assertThat(ring.reclaim()).isSameAs(held.get(0));
    }

    @Test
    void takeReturnsNullAfterItsTimeout() {
        long before = System.nanoTime();
        assertThat(take(new BatchRing(), TimeUnit.MILLISECONDS.toNanos(20))).isNull();
        assertThat(System.nanoTime() - before).isGreaterThanOrEqualTo(TimeUnit.MILLISECONDS.toNanos(20));
        assertThat(take(new BatchRing(), 0)).isNull();
    }

    @Test
    void interruptEndsTakeAndKeepsTheFlag() {
        Thread.currentThread().interrupt();
        assertThat(take(new BatchRing(), TimeUnit.SECONDS.toNanos(50))).isNull();
        assertThat(Thread.interrupted()).isTrue();
    }

    @Test
    void takeWakesUpForABatch() throws InterruptedException {
        BatchRing ring = new BatchRing();
        CountDownLatch ready = new CountDownLatch(1);
        AtomicLong seen = new AtomicLong(-1);
        Thread consumer = new Thread(() -> {
            ready.countDown();
            EncodedBatch batch = take(ring, TimeUnit.SECONDS.toNanos(50));
            seen.set(batch == null ? -2 : batch.firstSequence());
        });
        consumer.start();
        ready.await();
        while (consumer.getState() != Thread.State.TIMED_WAITING) {
            Thread.onSpinWait();
        }
        assertThat(ring.offer(events(42))).isTrue();
        consumer.join();
        assertThat(seen).hasValue(42);
    }

    @Test
    void twoThreadsHandOverAllBatchesInOrderAndReuseThem() throws InterruptedException {
        int batches = 1_000_000;
        BatchRing ring = new BatchRing(256, PLENTY);
        AtomicLong wrong = new AtomicLong();
        Thread consumer = new Thread(() -> {
            for (long expected = 0; expected < batches; ) {
                EncodedBatch batch = take(ring, TimeUnit.SECONDS.toNanos(1));
                if (batch != null) {
                    if (batch.firstSequence() != expected || batch.array()[7] != (byte) expected) {
                        wrong.incrementAndGet();
                    }
                    expected++;
                    ring.release(batch);
                }
            }
        });
        consumer.start();
        int made = 0;
        for (int i = 0; i < batches; i++) {
            EncodedBatch batch = ring.reclaim();
            if (batch == null) {
                batch = events(0);
                made++;
            }
            batch.firstSequence = i;
            batch.array[7] = (byte) i;
            while (!ring.offer(batch)) {
                LockSupport.parkNanos(1000);
            }
        }
        consumer.join();
        assertThat(wrong).hasValue(0);
        assertThat(made).isLessThan(2000);
        assertThat(ring.inFlightBytes()).isZero();
    }

    private static @Nullable EncodedBatch take(BatchRing ring, long waitNanos) {
        ring.await(waitNanos);
        return ring.poll();
    }
}
