package dev.ctstream.spool;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.spool.SpoolConfig.WhenFull;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** After a failed sync the next one proves nothing about what was written before: that is written again. */
class FailedSyncTest {
    private static final String ERROR = "Input/output error";

    @TempDir
    private Path directory;

    private RecordedFiles files = new RecordedFiles(Path.of(""));

    @BeforeEach
    void name() {
        files = new RecordedFiles(directory);
    }

    private TestSpool open(long maxBytes) throws IOException {
        return new TestSpool(TestSpool.Setup.of(TestSpool.config(directory, maxBytes, WhenFull.DROP_OLDEST))
                .files(files));
    }

    private void refuseSync(boolean ofControl) {
        files.refuse(call -> call.what().equals("sync")
                        && call.ofControl() == ofControl
                        && call.file().endsWith(".segment")
                ? ERROR
                : null);
    }

    private List<String> callsOn(String file) {
        return files.calls().stream()
                .filter(call -> call.file().equals(file))
                .map(RecordedFiles.Call::what)
                .toList();
    }

    private static boolean hasReport(TestSpool spool) throws IOException {
        return has(spool, "HEARTBEAT");
    }

    private static boolean has(TestSpool spool, String kind) throws IOException {
        spool.readControl();
        return spool.controlFrames().stream().anyMatch(frame -> frame.kind().equals(kind));
    }

    @Test
    void noReportIsAppendedBeforeTheEventsThatItCountsAreWrittenAgainAndSynced() throws IOException {
        try (TestSpool spool = open(1L << 30)) {
            spool.append(1, 3);
            refuseSync(false);
            spool.control(TestSpool.OWN, ControlRecords.heartbeat());
            for (int i = 0; i < 5; i++) {
                spool.append(1, 1); // in the next segment, which has nothing that was lost
            }
            assertThat(hasReport(spool)).isFalse();
            assertThat(spool.red("spool")).contains("cannot be synced", ERROR);
            files.refuseNothing();
            files.forget();
            spool.await("the report", () -> hasReport(spool));
            assertThat(callsOn("0000000000000001.segment")).containsExactly("write", "sync");
            assertThat(spool.healthy()).isTrue();
            spool.readAllBatches();
            spool.topics.assertExact(spool.madeUpTo());
        }
    }

    @Test
    void noSegmentIsDeletedBeforeTheControlRecordsAreWrittenAgainAndSynced() throws IOException {
        try (TestSpool spool = open(256 << 10)) {
            spool.append(1, 1);
            spool.appendControl();
            refuseSync(true);
            spool.await(
                    "a sync of control records has failed",
                    () -> !spool.red("spool-control").isEmpty());
            for (int i = 0; i < 200; i++) {
                spool.append(1, 10);
            }
            assertThat(directory.resolve("0000000000000001.segment")).exists();
            files.refuseNothing();
            files.forget();
            spool.await("dropped", () -> {
                spool.append(1, 10);
                return !Files.exists(directory.resolve("0000000000000001.segment"));
            });
            List<String> calls =
                    files.calls().stream().map(RecordedFiles.Call::toString).toList();
            assertThat(calls)
                    .containsSubsequence(
                            "write control/0000000000000001.segment",
                            "sync control/0000000000000001.segment",
                            "delete 0000000000000001.segment");
            spool.control(TestSpool.OWN, ControlRecords.heartbeat());
            spool.readAllBatches();
            spool.topics.assertExact(spool.madeUpTo());
        }
    }

    @Test
    void noCheckpointIsAppendedBeforeTheControlRecordsThatItListsAreWrittenAgainAndSynced() throws Exception {
        Path key = directory.resolve("proof.key");
        ProofKeyFile.generate("host-1").create(key);
        SpoolConfig proven = new SpoolConfig(
                directory, 1L << 30, 64 << 10, 1 << 20, 60_000, WhenFull.DROP_OLDEST, new ProofConfig(key, 0));
        try (TestSpool spool = new TestSpool(TestSpool.Setup.of(proven).files(files))) {
            spool.await("the first one", () -> has(spool, "CHECKPOINT"));
            refuseSync(true);
            spool.appendControl();
            spool.await(
                    "a CHECKPOINT could not be synced, and its segment is abandoned",
                    () -> !spool.red("spool-control").isEmpty());
            files.refuseNothing();
            files.forget();
            spool.await(
                    "the next one",
                    () -> callsOn("control/0000000000000002.segment").contains("sync"));
            assertThat(files.calls().stream().map(RecordedFiles.Call::toString).toList())
                    .containsSubsequence(
                            "write control/0000000000000001.segment",
                            "sync control/0000000000000001.segment",
                            "sync control/0000000000000002.segment");
        }
    }

    @Test
    void aWriteThatWorksDoesNotHideThatSyncsFail() throws IOException {
        try (TestSpool spool = open(1L << 30)) {
            spool.append(1, 1);
            refuseSync(false);
            spool.await("red", () -> !spool.healthy());
            for (int i = 0; i < 10; i++) {
                spool.append(1, 1);
                assertThat(spool.red("spool")).contains("cannot be synced");
            }
            files.refuseNothing();
            spool.await("synced", spool::healthy);
        }
    }

    /** A user's quota: the file system has space, and refuses all the same. */
    @Test
    void spaceDoesNotHideThatWritesFailAndASpoolWithoutEventsFindsOutThatTheyWork() throws IOException {
        try (TestSpool spool = open(1L << 30)) {
            spool.append(1, 1);
            files.refuse(call -> call.ofEventSegment() && call.changesData() ? "Disk quota exceeded" : null);
            for (int i = 0; i < 10; i++) {
                spool.append(1, 1);
                spool.pass();
                assertThat(spool.red("spool")).contains("the disk of the spool is full");
            }
            files.refuseNothing();
            spool.await("well again without an event", spool::healthy);
            spool.control(TestSpool.OWN, ControlRecords.heartbeat());
            spool.readAllBatches();
            spool.topics.assertExact(spool.madeUpTo());
        }
    }

    @Test
    void aReservedFileThatSomebodyRemovedIsMadeAgain() throws IOException {
        try (TestSpool spool = open(1L << 30)) {
            Path reserved = directory.resolve("control").resolve(ReservedFile.NAME);
            assertThat(reserved).exists();
            Files.delete(reserved);
            int before = TestSpool.controlSegments(directory).size();
            spool.await("the next segment", () -> {
                spool.control(TestSpool.OWN, ControlRecords.mode(5000));
                return TestSpool.controlSegments(directory).size() > before;
            });
            assertThat(reserved).as("the one after it, in the same pass").exists();
        }
    }
}
