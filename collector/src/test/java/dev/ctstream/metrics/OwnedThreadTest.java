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
        OwnedThread thread = OwnedThread.stepping("steps", now -> steps.incrementAndGet(), CLOSE_MILLIS);
        thread.start(this::failed);
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
                CLOSE_MILLIS)) {
            thread.start(this::failed);
            for (int i = 1; i <= 5; i++) {
                int expected = i;
                await().until(() -> steps.get() >= expected);
                thread.wake();
            }
        }
    }

    @Test
    void unhandledExceptionsAreReportedWithTheThreadsName() {
        OwnedThread thread = OwnedThread.stepping(
                "ctstream-guard",
                now -> {
                    throw new AssertionError("planted");
                },
                CLOSE_MILLIS);
        thread.start(this::failed);
        assertThat(thread.join(CLOSE_MILLIS)).isTrue();
        assertThat(failures).containsExactly("ctstream-guard: planted");
    }

    @Test
    void closeWaitsNoLongerThanItsLimit() {
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
                10);
        thread.start(this::failed);
        thread.close();
        assertThat(thread.isAlive()).isTrue();
        stuck.countDown();
        assertThat(thread.join(CLOSE_MILLIS)).isTrue();
    }

    @Test
    void aStepThatIsDoneEndsTheThread() {
        OwnedThread thread = OwnedThread.stepping("done", now -> OwnedThread.DONE, CLOSE_MILLIS);
        thread.start(this::failed);
        assertThat(thread.join(CLOSE_MILLIS)).isTrue();
        assertThat(failures).isEmpty();
    }

    @Test
    void aThreadThatWasNeverStartedCloses() {
        OwnedThread.stepping("never", now -> 0, CLOSE_MILLIS).close();
    }
}
