package dev.ctstream.spool;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.batch.ControlRecord;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Above its share of the space a record about the delivery mode or a snapshot waits, and holds up nothing else. */
class PostponedRecordsTest {
    private static final ControlRecord MODE = new ControlRecord.Mode("reliable", "counted", "a reason of some length");

    @TempDir
    private Path directory;

    @Test
    void aModeWithoutSpaceWaitsAndStoppedGoesOn() throws IOException {
        try (TestSpool spool = new TestSpool(TestSpool.config(directory))) {
            int offered = 0;
            AtomicLong appended = new AtomicLong();
            while (appended.get() == offered) {
                spool.control(TestSpool.OWN, MODE);
                offered++;
                appended.addAndGet(modes(spool.readControl()));
            }
            int all = offered + 1;
            spool.control(TestSpool.OWN, MODE);
            spool.control(TestSpool.OWN, ControlRecords.stopped());
            assertThat(spool.readControl())
                    .extracting(Topics.ControlFrame::kind)
                    .containsExactly("STOPPED");

            spool.acknowledgeControl();
            spool.await("the postponed records", () -> appended.addAndGet(modes(spool.readControl())) == all);
        }
    }

    private static long modes(List<Topics.ControlFrame> frames) {
        return frames.stream().filter(frame -> frame.kind().equals("MODE")).count();
    }
}
