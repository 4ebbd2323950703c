package dev.ctstream.batch;

import static dev.ctstream.batch.Messages.inZone;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.conntrack.Fixtures;
import dev.ctstream.conntrack.FlowDecoder;
import dev.ctstream.conntrack.FlowEvent;
import dev.ctstream.metrics.Metrics;
import dev.ctstream.record.StreamId;
import dev.ctstream.track.FlowSink;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The order of control records among batches, and what a full outbox does. */
@Timeout(60)
class ControlOutboxTest {
    private static final TestSource BLUE = new TestSource(7, "blue");
    private static final StreamId HOST_CONTROL = StreamId.control("host", "id-host");
    private static final StreamId BLUE_CONTROL = StreamId.control("blue", "id-blue");

    private final Metrics metrics = new Metrics();
    private final BatchRing ring = new BatchRing(4, 1L << 40);
    private final ControlOutbox outbox = new ControlOutbox(ring);
    private final Batcher batcher = new Batcher(
            new BatchConfig(1, 4096, 50), TestBatcher.RUN, "node-1", ring, outbox, new BatchMetrics(metrics));
    private final List<String> order = new ArrayList<>();
    private final SpoolPass spool = new SpoolPass(ring, outbox, new Recorder());

    private final class Recorder implements SpoolPass.Taker {
        @Override
        public void batch(EncodedBatch batch) {
            order.add(batch.stream().netns() + " " + batch.firstSequence());
        }

        @Override
        public void control(ControlOutbox.Waiting waiting) {
            order.add(((ControlRecord.Mode) waiting.record()).reason());
        }

        @Override
        public void refused(ControlOutbox.Refused mark) {
            order.add(mark.batches() + " refused before " + mark.nextSequence());
        }
    }

    @AfterEach
    void close() {
        metrics.close();
    }

    private static ControlRecord named(String name) {
        return new ControlRecord.Mode("counted", "reliable", name);
    }

    private void receive(TestSource source) {
        byte[] message = inZone(1);
        FlowEvent event = new FlowEvent();
        assertThat(new FlowDecoder().decode(event, Fixtures.buffer(message), 0, message.length))
                .isTrue();
        batcher.event(source, event, TestBatcher.RECEIVED, FlowSink.UNKNOWN);
    }

    private List<String> takeAll() {
        while (!spool.done()) {
            spool.run(0);
        }
        List<String> all = List.copyOf(order);
        order.clear();
        return all;
    }

    @Test
    void aRecordOfferedBeforeASourcesFirstBatchIsBeforeIt() {
        receive(TestBatcher.HOST);
        outbox.offer(BLUE_CONTROL, named("started"), 1);
        receive(BLUE);
        List<String> all = takeAll();
        assertThat(all).containsExactlyInAnyOrder("host 0", "started", "blue 0");
        assertThat(all.indexOf("started")).isLessThan(all.indexOf("blue 0"));
    }

    @Test
    void aRecordIsBeforeItsSourcesFirstBatchAlsoBehindOneThatIsNotDue() {
        receive(TestBatcher.HOST);
        outbox.offerAfterEvents(HOST_CONTROL, named("gap"), 1);
        outbox.offer(BLUE_CONTROL, named("started"), 1);
        receive(BLUE);
        assertThat(takeAll()).containsExactly("host 0", "gap", "started", "blue 0");
    }

    @Test
    void aRecordAfterEventsCarriesTheRingsPosition() {
        receive(TestBatcher.HOST);
        receive(TestBatcher.HOST);
        outbox.offer(HOST_CONTROL, named("at once"), 5);
        outbox.offerAfterEvents(HOST_CONTROL, named("after"), 6);
        receive(TestBatcher.HOST);
        assertThat(outbox.peek()).isEqualTo(new ControlOutbox.Waiting(HOST_CONTROL, named("at once"), 5, 0));
        outbox.remove();
        assertThat(outbox.peek()).isEqualTo(new ControlOutbox.Waiting(HOST_CONTROL, named("after"), 6, 2));
        assertThat(takeAll()).containsExactly("host 0", "host 1", "after", "host 2");
    }

    @Test
    void aMarkFollowsTheAcceptedBatchesOfItsStream() {
        for (int i = 0; i < 7; i++) {
            receive(TestBatcher.HOST); // the last three are refused
        }
        batcher.pass(0);
        assertThat(takeAll()).containsExactly("host 0", "host 1", "host 2", "host 3", "3 refused before 7");
        receive(TestBatcher.HOST);
        assertThat(takeAll()).containsExactly("host 7");
    }

    @Test
    void aFlushTellsOfRefusedBatchesBeforeWhateverFollowsIt() {
        for (int i = 0; i < 5; i++) {
            receive(TestBatcher.HOST);
        }
        assertThat(batcher.flush(TestBatcher.HOST)).isTrue();
        outbox.offerAfterEvents(HOST_CONTROL, named("end"), 1);
        assertThat(takeAll()).containsExactly("host 0", "host 1", "host 2", "host 3", "1 refused before 5", "end");
    }

    @Test
    void aFullOutboxRefusesAndKeepsWhatItHas() {
        for (int i = 0; i < ControlOutbox.CAPACITY; i++) {
            assertThat(outbox.offer(HOST_CONTROL, named("" + i), 0)).isTrue();
        }
        assertThat(outbox.offer(HOST_CONTROL, named("more"), 0)).isFalse();
        assertThat(outbox.offerAfterEvents(HOST_CONTROL, named("more"), 0)).isFalse();
        assertThat(outbox.size()).isEqualTo(ControlOutbox.CAPACITY);
        List<String> all = takeAll();
        assertThat(all).hasSize(ControlOutbox.CAPACITY).startsWith("0", "1").endsWith("4095");
    }

    @Test
    void anOfferEndsTheWaitOfTheRingsConsumer() throws InterruptedException {
        Thread consumer = new Thread(() -> spool.run(TimeUnit.SECONDS.toMillis(50)));
        consumer.start();
        while (consumer.getState() != Thread.State.TIMED_WAITING) {
            Thread.onSpinWait();
        }
        outbox.offer(HOST_CONTROL, named("started"), 0);
        consumer.join();
        assertThat(order).containsExactly("started");
    }

    @Test
    void withTwoThreadsEachRecordFollowsTheBatchesBeforeItAndNoEntryIsLost() throws InterruptedException {
        int rounds = 20_000;
        AtomicInteger refused = new AtomicInteger();
        Thread receive = new Thread(() -> {
            for (int i = 0; i < rounds; i++) {
                receive(TestBatcher.HOST);
                while (!batcher.flush(TestBatcher.HOST)) { // the outbox is full: a mark would come after the record
                    LockSupport.parkNanos(1_000);
                }
                while (!outbox.offerAfterEvents(HOST_CONTROL, named("after " + (i + 1)), 0)) {
                    refused.incrementAndGet();
                    LockSupport.parkNanos(1_000);
                }
            }
        });
        receive.start();
        while (receive.isAlive() || !spool.done()) {
            spool.run(1);
        }
        long next = 0;
        for (String entry : order) {
            if (entry.startsWith("host ")) {
                next = Long.parseLong(entry.substring("host ".length())) + 1;
            } else if (entry.contains(" refused before ")) {
                next = Long.parseLong(entry.substring(entry.lastIndexOf(' ') + 1));
            } else {
                assertThat(entry).isEqualTo("after " + next);
            }
        }
        assertThat(next).isEqualTo(rounds);
        assertThat(order.stream().filter(entry -> entry.startsWith("after "))).hasSize(rounds);
    }
}
