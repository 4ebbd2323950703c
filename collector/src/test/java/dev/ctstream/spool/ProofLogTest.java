package dev.ctstream.spool;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.batch.ControlRecord;
import dev.ctstream.record.RunIdentity;
import dev.ctstream.record.proof.CompactRange;
import dev.ctstream.record.proof.Hash;
import dev.ctstream.record.proof.TreeWindow;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What the log of a run signs, and when. */
class ProofLogTest {
    private static final int MOST = 4;
    private static final RunIdentity BEFORE = new RunIdentity("host-1", "boot-1", 1_000);
    private static final RunIdentity RUN = new RunIdentity("host-1", "boot-1", 2_000);

    private final CrashClock clock = new CrashClock();
    private ProofLog log = log(null);

    @BeforeEach
    void begin() {
        log = log(null);
    }

    private ProofLog log(@Nullable TreeWindow preceding) {
        try {
            return new ProofLog(new ProofLog.Parts(
                    ProofKeyFile.generate("host-1"),
                    CrashClock.SECOND_NANOS,
                    RUN,
                    "node-1",
                    MOST,
                    preceding == null ? null : BEFORE,
                    preceding,
                    List.of(),
                    clock));
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    private static Hash leaf(int index) {
        return Hash.ofLeaf(Hash.digest(), ("leaf " + index).getBytes(StandardCharsets.UTF_8));
    }

    private static List<Hash> leaves(int count) {
        return IntStream.range(0, count).mapToObj(ProofLogTest::leaf).toList();
    }

    @Test
    void theEndOfTheRunBeforeIsTheSameHoweverOftenStartedIsTried() {
        ProofLog after = log(new TreeWindow(new CompactRange(), leaves(MOST + 3)));
        ControlRecord.Checkpoint first = Objects.requireNonNull(after.preceding());
        assertThat(first.leafHashes()).isEqualTo(leaves(MOST + 3).subList(3, MOST + 3));
        assertThat(first.note()).contains("\n" + (MOST + 3) + "\n");
        assertThat(after.preceding()).isEqualTo(first);
    }
}
