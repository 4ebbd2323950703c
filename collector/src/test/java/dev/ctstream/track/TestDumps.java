package dev.ctstream.track;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.conntrack.DumpEntryKind;
import dev.ctstream.conntrack.EventSource;
import dev.ctstream.conntrack.FlowEvent;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Acts as the dump thread for one source, and makes the passes that the tracker requests. Dumps begin 10 s apart. */
final class TestDumps {
    private final FlowTracker tracker;
    private final EventSource source;
    private long now = System.nanoTime();
    private long snapshots;
    private DumpRequest request = new DumpRequest(0, DumpRequest.Reason.START, false, 0);

    TestDumps(FlowTracker tracker, EventSource source) {
        this.tracker = tracker;
        this.source = source;
    }

    void begin(DumpRequest.Reason reason) {
        begin(reason, false);
    }

    void begin(DumpRequest.Reason reason, boolean repeated) {
        advance(10_000);
        request = new DumpRequest(++snapshots, reason, repeated, now);
        exchange().request(request);
        assertThat(exchange().begun(request)).isFalse();
        tracker.onDumpMark(source, DumpEntryKind.BEGIN);
        assertThat(exchange().begun(request)).isTrue();
    }

    DumpExchange exchange() {
        return tracker.namespace(source).dumps();
    }

    /** Moves the clock; a negative value moves it back. */
    void advance(long millis) {
        now += TimeUnit.MILLISECONDS.toNanos(millis);
    }

    void entry(FlowEvent entry) {
        tracker.onDumpEntry(source, entry, DumpEntryKind.ENTRY);
    }

    void dying(FlowEvent entry) {
        tracker.onDumpEntry(source, entry, DumpEntryKind.DYING);
    }

    DumpResult end(boolean complete) {
        mark(complete);
        pass();
        return Objects.requireNonNull(result());
    }

    /** Ends the dump's entries; makes no pass. */
    void mark(boolean complete) {
        advance(100);
        exchange().endReading(new DumpEnd(complete, now));
        assertThat(result()).isNull();
        tracker.onDumpMark(source, DumpEntryKind.END);
    }

    DumpRequest request() {
        return request;
    }

    @Nullable
    DumpResult result() {
        return exchange().result(request);
    }

    /** Makes one pass; returns the delay of the next one. */
    long onePass() {
        return tracker.onPass(now);
    }

    /** Makes one complete dump. */
    DumpResult complete(DumpRequest.Reason reason, FlowEvent... entries) {
        begin(reason);
        for (FlowEvent entry : entries) {
            entry(entry);
        }
        return end(true);
    }

    /** Makes passes until the tracker does not request another immediate one. */
    void pass() {
        while (tracker.onPass(now) == 0) {
            now++;
        }
    }
}
