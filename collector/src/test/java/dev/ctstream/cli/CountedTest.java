package dev.ctstream.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.read.ReadCounts;
import org.junit.jupiter.api.Test;

class CountedTest {
    @Test
    void oneIsSingular() {
        assertThat(Counted.of(0, "event")).isEqualTo("0 events");
        assertThat(Counted.of(1, "event")).isEqualTo("1 event");
        assertThat(Counted.of(1, "batch", "batches")).isEqualTo("1 batch");
        assertThat(Counted.of(12_345, "batch", "batches")).isEqualTo("12345 batches");
    }

    @Test
    void eventsAreCountedAsEventsAndControlRecordsAsRecords() {
        assertThat(ReadCommand.summary(new ReadCounts(12, 640, 0, 0), "conntrack.events"))
                .isEqualTo("read 640 events in 12 records of conntrack.events");
        assertThat(ReadCommand.summary(new ReadCounts(1, 1, 0, 0), "t")).isEqualTo("read 1 event in 1 record of t");
        assertThat(ReadCommand.summary(new ReadCounts(5, 0, 5, 0), "conntrack.control"))
                .isEqualTo("read 5 control records of conntrack.control");
        assertThat(ReadCommand.summary(new ReadCounts(3, 7, 2, 0), "both"))
                .isEqualTo("read 2 control records and 7 events of both");
    }
}
