package dev.ctstream.batch;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.conntrack.Fixtures;
import dev.ctstream.conntrack.FlowDecoder;
import dev.ctstream.conntrack.FlowEvent;
import dev.ctstream.metrics.Metrics;
import dev.ctstream.record.RunIdentity;
import dev.ctstream.record.StreamId;
import dev.ctstream.track.FlowSink;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.apache.avro.generic.GenericRecord;

/** A batcher with its own sink and a fixed clock. */
final class TestBatcher implements AutoCloseable {
    static final long LOG_INDEX = 41;
    static final RunIdentity RUN = new RunIdentity("host-1", "boot-1", 1_795_244_000_000_000_000L);
    static final TestSource HOST = new TestSource(0, "host");
    static final long RECEIVED = 1_795_244_919_067_999_999L;
    static final long NOW_MILLIS = RECEIVED / 1_000_000;

    final Metrics metrics = new Metrics();
    final TestSink sink = new TestSink();
    final ControlOutbox outbox = new ControlOutbox(new BatchRing());
    final Batcher batcher;

    private final FlowDecoder decoder = new FlowDecoder();
    private final FlowEvent event = new FlowEvent();

    TestBatcher(BatchConfig config, Batcher.Limits limits) {
        batcher = new Batcher(config, RUN, "node-1", sink, outbox, new BatchMetrics(metrics), limits, () -> RECEIVED);
    }

    TestBatcher(int maxEvents, int maxBytes, int lingerMillis) {
        this(new BatchConfig(maxEvents, maxBytes, lingerMillis));
    }

    TestBatcher() {
        this(BatchConfig.DEFAULT);
    }

    TestBatcher(BatchConfig config) {
        this(config, Batcher.Limits.of(config));
    }

    FlowEvent wrap(byte[] message) {
        ByteBuffer buffer = Fixtures.buffer(message);
        assertThat(decoder.decode(event, buffer, 0, message.length)).isTrue();
        return event;
    }

    void receive(byte[] message) {
        receive(HOST, message);
    }

    void receive(TestSource source, byte[] message) {
        batcher.event(source, wrap(message), RECEIVED, FlowSink.UNKNOWN);
    }

    /** Passes on an event; returns its sequence. */
    long sequence(TestSource source, byte[] message) {
        return batcher.event(source, wrap(message), RECEIVED, FlowSink.UNKNOWN);
    }

    void receiveAt(byte[] message, long receivedNanos) {
        batcher.event(HOST, wrap(message), receivedNanos, FlowSink.UNKNOWN);
    }

    /** Encodes the event in its own batch and returns its record. */
    GenericRecord encoded(byte[] message) {
        receive(message);
        return onlyEvent();
    }

    GenericRecord onlyEvent() {
        batcher.closeAll();
        assertThat(sink.batches).hasSize(1);
        List<GenericRecord> events = Datums.events(sink.batches.remove(0));
        assertThat(events).hasSize(1);
        return events.get(0);
    }

    /** Empties the outbox; returns the marks of refused batches that were in it. */
    List<ControlOutbox.Refused> takeMarks() {
        List<ControlOutbox.Refused> marks = new ArrayList<>();
        for (ControlOutbox.Entry entry = outbox.peek(); entry != null; entry = outbox.peek()) {
            outbox.remove();
            if (entry instanceof ControlOutbox.Refused mark) {
                marks.add(mark);
            }
        }
        return marks;
    }

    /** Fills the outbox until {@code free} more entries fit. */
    void fillOutbox(int free) {
        ControlRecord filler = new ControlRecord.Mode("counted", "reliable", "filler");
        for (int i = outbox.size(); i < ControlOutbox.CAPACITY - free; i++) {
            assertThat(outbox.offer(StreamId.control("filler", "0"), filler, 0)).isTrue();
        }
    }

    @Override
    public void close() {
        metrics.close();
    }
}
