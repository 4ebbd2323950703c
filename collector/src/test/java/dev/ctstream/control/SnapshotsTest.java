package dev.ctstream.control;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class SnapshotsTest {
    @Test
    void regularDumpsReadAtMostAThousandEntriesPerSecond() {
        assertThat(Snapshots.reconcileDelayMillis(60_000, 0)).isEqualTo(60_000);
        assertThat(Snapshots.reconcileDelayMillis(60_000, 60_000)).isEqualTo(60_000);
        assertThat(Snapshots.reconcileDelayMillis(60_000, 262_144)).isEqualTo(262_144);
    }
}
