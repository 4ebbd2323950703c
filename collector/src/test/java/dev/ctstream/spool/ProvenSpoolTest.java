package dev.ctstream.spool;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.spool.SpoolConfig.WhenFull;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import org.apache.avro.generic.GenericRecord;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A spool that proves its log, where the space or the disk does not suffice. */
class ProvenSpoolTest {
    @TempDir
    private Path temporary;

    private Path directory() {
        return temporary.resolve("spool");
    }

    private TestSpool open() throws Exception {
        Path key = temporary.resolve("proof.key");
        if (!Files.exists(key)) {
            ProofKeyFile.generate("host-1").create(key);
        }
        return new TestSpool(new SpoolConfig(
                directory(), 256 << 10, 64 << 10, 256 << 10, 1000, WhenFull.DROP_OLDEST, new ProofConfig(key, 0)));
    }

    private static List<GenericRecord> withdrawn(TestSpool spool) throws IOException {
        spool.readControl();
        return spool.controlFrames().stream()
                .filter(frame -> frame.kind().equals("WITHDRAWN"))
                .map(Topics.ControlFrame::fields)
                .toList();
    }

    /** The control chain is as full as a CHECKPOINT may make it; then Kafka answers, or the run ends. */
    @Test
    void whatIsWithdrawnInALongOutageIsWithdrawnOnceMoreWithACheckpointThatListsIt() throws Exception {
        try (TestSpool spool = open()) {
            outage(spool);
            long before = withdrawn(spool).size();
            spool.readAllBatches();
            spool.await("said again", () -> {
                spool.acknowledgeControl();
                return withdrawn(spool).size() > before;
            });
            assertListed(spool, bounds(withdrawn(spool).subList(0, 1)).get(0));
        }
    }

    @Test
    void whatIsWithdrawnInALongOutageIsWithdrawnOnceMoreByTheNextRun() throws Exception {
        long first;
        try (TestSpool spool = open()) {
            outage(spool);
            first = bounds(withdrawn(spool).subList(0, 1)).get(0);
        }
        try (TestSpool spool = open()) {
            spool.await("said again", () -> {
                spool.readAllBatches();
                spool.acknowledgeControl();
                return withdrawn(spool).stream()
                        .anyMatch(record -> record.get("gap_stream_epoch") != null
                                && (Long) record.get("stream_epoch") == spool.run.streamEpoch());
            });
            assertListed(spool, first);
        }
    }

    private void outage(TestSpool spool) throws Exception {
        spool.append(1, 20);
        spool.await("signed", () -> !spool.red("spool-control").isEmpty() || checkpoints(spool) > 0);
        for (int i = 0; i < 60; i++) {
            spool.control(TestSpool.OWN, ControlRecords.mode(4000));
        }
        long signed = checkpoints(spool);
        for (int i = 0; i < 150; i++) {
            spool.append(1, 10);
        }
        assertThat(withdrawn(spool)).hasSizeGreaterThan(1);
        assertThat(checkpoints(spool)).as("no space for a CHECKPOINT").isEqualTo(signed);
    }

    private static long checkpoints(TestSpool spool) throws IOException {
        spool.readControl();
        return spool.controlFrames().stream()
                .filter(frame -> frame.kind().equals("CHECKPOINT"))
                .count();
    }

    private static List<Long> bounds(List<GenericRecord> withdrawn) {
        return withdrawn.stream()
                .flatMap(record -> ((Collection<?>) record.get("log_indexes")).stream())
                .map(Long.class::cast)
                .toList();
    }

    /** A WITHDRAWN of this run that has it is listed by a CHECKPOINT. */
    private static void assertListed(TestSpool spool, long first) throws IOException {
        spool.await("a CHECKPOINT lists a WITHDRAWN", () -> {
            spool.readAllBatches();
            spool.acknowledgeControl();
            return withdrawn(spool).stream()
                    .filter(record -> bounds(List.of(record)).get(0) <= first)
                    .anyMatch(record -> isListed(spool, record));
        });
    }

    private static boolean isListed(TestSpool spool, GenericRecord record) {
        long at = (Long) record.get("log_index");
        return spool.controlFrames().stream()
                .filter(frame -> frame.kind().equals("CHECKPOINT"))
                .map(Topics.ControlFrame::fields)
                .filter(fields -> fields.get("stream_epoch").equals(record.get("stream_epoch")))
                .anyMatch(fields -> {
                    long size = Long.parseLong(
                            fields.get("checkpoint_note").toString().split("\n", -1)[1]);
                    int listed = ((Collection<?>) fields.get("leaf_hashes")).size();
                    return size - listed <= at && at < size;
                });
    }
}
