package dev.ctstream.control;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.batch.BatchRing;
import dev.ctstream.batch.ControlOutbox;
import dev.ctstream.batch.ControlRecord;
import dev.ctstream.netlink.StageClock;
import dev.ctstream.record.StreamId;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class PendingRecordsTest {
    private static final StreamId HOST = StreamId.control("host", "1");

    private final ControlOutbox outbox = new ControlOutbox(new BatchRing());
    private final PendingRecords pending = new PendingRecords(outbox, StageClock.HOST);

    private static ControlRecord named(String name) {
        return new ControlRecord.Mode("counted", "reliable", name);
    }

    private List<String> take() {
        List<String> names = new ArrayList<>();
        for (ControlOutbox.Entry entry = outbox.peek(); entry != null; entry = outbox.peek()) {
            outbox.remove();
            names.add(((ControlRecord.Mode) ((ControlOutbox.Waiting) entry).record()).reason());
        }
        return names;
    }

    @Test
    void aRefusedRecordStaysAndLaterOnesWaitForIt() {
        while (outbox.size() < ControlOutbox.CAPACITY - 1) {
            outbox.offer(HOST, named("filler"), 0);
        }
        pending.add(HOST, named("1"));
        pending.add(HOST, named("2"));
        assertThat(pending.offer()).isFalse();
        pending.addAfterEvents(HOST, named("3"));
        assertThat(pending.offer()).isFalse();
        assertThat(take()).hasSize(ControlOutbox.CAPACITY).endsWith("1");
        assertThat(pending.offer()).isTrue();
        assertThat(take()).containsExactly("2", "3");
        assertThat(pending.offer()).isTrue();
        assertThat(take()).isEmpty();
    }
}
