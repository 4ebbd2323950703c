package dev.ctstream.control;

import static dev.ctstream.conntrack.MessageBytes.newFlow;
import static dev.ctstream.conntrack.MessageBytes.ports;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.batch.BatchConfig;
import dev.ctstream.batch.BatchMetrics;
import dev.ctstream.batch.BatchRing;
import dev.ctstream.batch.Batcher;
import dev.ctstream.batch.ControlOutbox;
import dev.ctstream.batch.ControlRecord;
import dev.ctstream.batch.EncodedBatch;
import dev.ctstream.batch.SpoolPass;
import dev.ctstream.conntrack.DumpEntryKind;
import dev.ctstream.conntrack.EventSource;
import dev.ctstream.conntrack.Fixtures;
import dev.ctstream.conntrack.FlowDecoder;
import dev.ctstream.conntrack.FlowEvent;
import dev.ctstream.metrics.Metrics;
import dev.ctstream.record.RunIdentity;
import dev.ctstream.record.StreamId;
import dev.ctstream.track.DumpEnd;
import dev.ctstream.track.DumpRequest;
import dev.ctstream.track.DumpResult;
import dev.ctstream.track.FlowTracker;
import dev.ctstream.track.TrackConfig;
import dev.ctstream.track.TrackMetrics;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A dump's result, from which SNAPSHOT_END is made, is published after its EXISTING events have been handed over. */
class SnapshotOrderTest {
    /** Longer than any test: only the end of a dump closes a batch. */
    private static final int LINGER_MILLIS = 60_000;

    private static final StreamId CONTROL = StreamId.control("host", "1");
    private static final EventSource HOST = new Source();

    private final Metrics metrics = new Metrics();
    private final BatchRing ring = new BatchRing(4, 1L << 30);
    private final ControlOutbox outbox = new ControlOutbox(ring);
    private final Batcher batcher = new Batcher(
            new BatchConfig(2, 4096, LINGER_MILLIS),
            new RunIdentity("host-1", "boot-1", 77),
            "node-1",
            ring,
            outbox,
            new BatchMetrics(metrics));
    private final FlowTracker tracker = new FlowTracker(
            batcher,
            new TrackConfig(true, 0, 1_000, 60_000, false, TrackConfig.Timing.DEFAULT),
            new TrackMetrics(metrics));
    private final DumpRequest request = new DumpRequest(1, DumpRequest.Reason.START, false, System.nanoTime());
    private final List<String> order = new ArrayList<>();
    private final SpoolPass spool = new SpoolPass(ring, outbox, new Recorder());

    /** A namespace without a socket. */
    private static final class Source implements EventSource {
        @Override
        public int index() {
            return 0;
        }

        @Override
        public String netns() {
            return "host";
        }

        @Override
        public String netnsId() {
            return "1";
        }

        @Override
        public long dropsTotal() {
            return 0;
        }
    }

    private final class Recorder implements SpoolPass.Taker {
        @Override
        public void batch(EncodedBatch batch) {
            order.add(batch.count() + " events");
        }

        @Override
        public void control(ControlOutbox.Waiting waiting) {
            order.add(waiting.record().kind().name());
        }

        @Override
        public void refused(ControlOutbox.Refused mark) {
            order.add(mark.batches() + " refused");
        }
    }

    @AfterEach
    void close() {
        metrics.close();
    }

    private void dump(int entries) {
        tracker.namespace(HOST).dumps().request(request);
        tracker.onDumpMark(HOST, DumpEntryKind.BEGIN);
        FlowEvent event = new FlowEvent();
        for (int port = 1; port <= entries; port++) {
            byte[] message = newFlow(ports(6, port, 80));
            assertThat(new FlowDecoder().decode(event, Fixtures.buffer(message), 0, message.length))
                    .isTrue();
            tracker.onDumpEntry(HOST, event, DumpEntryKind.ENTRY);
        }
        tracker.namespace(HOST).dumps().endReading(new DumpEnd(true, System.nanoTime()));
        tracker.onDumpMark(HOST, DumpEntryKind.END);
    }

    private @Nullable DumpResult result() {
        return tracker.namespace(HOST).dumps().result(request);
    }

    private boolean offerEnd(DumpResult result) {
        return outbox.offerAfterEvents(
                CONTROL,
                new ControlRecord.SnapshotEnd(
                        1, result.existing(), true, new ControlRecord.Window(0, 1), result.existingByZone()),
                0);
    }

    private List<String> takeAll() {
        while (!spool.done()) {
            spool.run(0);
        }
        return order;
    }

    @Test
    void snapshotEndFollowsTheLastExistingWithoutWaitingByAClock() {
        dump(3);
        DumpResult result = Objects.requireNonNull(result());
        assertThat(result.existingByZone()).isEqualTo(Map.of(0, 3L));
        assertThat(offerEnd(result)).isTrue();
        assertThat(takeAll()).containsExactly("2 events", "1 events", "SNAPSHOT_END");
    }

    @Test
    void snapshotEndFollowsTheMarkOfARefusedExisting() {
        dump(9);
        DumpResult result = Objects.requireNonNull(result());
        assertThat(offerEnd(result)).isTrue();
        assertThat(takeAll())
                .containsExactly("2 events", "2 events", "2 events", "2 events", "1 refused", "SNAPSHOT_END");
    }

    @Test
    void withAFullOutboxTheEndOfTheDumpWaits() {
        ControlRecord filler = new ControlRecord.Mode("counted", "reliable", "filler");
        while (outbox.size() < ControlOutbox.CAPACITY) {
            outbox.offer(CONTROL, filler, 0);
        }
        dump(9);
        long now = System.nanoTime();
        for (int i = 0; i < 3; i++) {
            now += TimeUnit.SECONDS.toNanos(1);
            assertThat(tracker.onPass(now)).isLessThanOrEqualTo(TimeUnit.MILLISECONDS.toNanos(10));
            assertThat(result()).isNull();
        }
        takeAll();
        order.clear();
        tracker.onPass(now + TimeUnit.SECONDS.toNanos(1));
        DumpResult result = Objects.requireNonNull(result());
        assertThat(offerEnd(result)).isTrue();
        assertThat(takeAll()).containsExactly("1 refused", "SNAPSHOT_END");
    }
}
