package dev.ctstream.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class OwnedThreadTest {
    private static final long CLOSE_MILLIS = 5_000;

    private final ConcurrentLinkedQueue<String> failures = new ConcurrentLinkedQueue<>();

    private void failed(String thread, Throwable failure) {
        failures.add(thread + ": " + failure.getMessage());
    }

    @Test
    void stepsUntilItIsClosed() {
        AtomicInteger steps = new AtomicInteger();
        OwnedThread thread = OwnedThread.stepping("steps", now -> steps.incrementAndGet(), this::failed, CLOSE_MILLIS);
        thread.start();
        await().until(() -> steps.get() > 3);
        thread.close();
        assertThat(thread.isAlive()).isFalse();
        assertThat(failures).isEmpty();
    }

    @Test
    void aWakeBringsTheNextStepForward() {
        AtomicInteger steps = new AtomicInteger();
        try (OwnedThread thread = OwnedThread.stepping(
                "sleeper",
                now -> {
                    steps.incrementAndGet();
                    return TimeUnit.HOURS.toNanos(1);
                },
                this::failed,
                CLOSE_MILLIS)) {
            thread.start();
            for (int i = 1; i <= 5; i++) {
                int expected = i;
                await().until(() -> steps.get() >= expected);
                thread.wake();
            }
        }
    }

    @Test
    void whatTheWorkDoesNotHandleIsToldWithTheThreadsName() {
        OwnedThread thread = OwnedThread.stepping(
                "ctstream-guard",
                now -> {
                    throw new AssertionError("planted");
                },
                this::failed,
                CLOSE_MILLIS);
        thread.start();
        assertThat(thread.join(CLOSE_MILLIS)).isTrue();
        assertThat(failures).containsExactly("ctstream-guard: planted");
    }

    @Test
    void closingWaitsNoLongerThanItSays() {
        CountDownLatch stuck = new CountDownLatch(1);
        OwnedThread thread = OwnedThread.looping(
                "stuck",
                () -> {
                    try {
                        stuck.await();
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                    }
                },
                this::failed,
                10);
        thread.start();
        thread.close();
        assertThat(thread.isAlive()).isTrue();
        stuck.countDown();
        assertThat(thread.join(CLOSE_MILLIS)).isTrue();
    }

    @Test
    void aThreadThatWasNeverStartedCloses() {
        OwnedThread.stepping("never", now -> 0, this::failed, CLOSE_MILLIS).close();
    }
}
