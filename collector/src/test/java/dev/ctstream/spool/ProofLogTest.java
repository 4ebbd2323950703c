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

    private void append(int count) {
        for (int i = 0; i < count; i++) {
            log.appended(leaf(i));
        }
    }

    /** As the appender does when it can. */
    private void withdraw(long first, long next) {
        log.withdraw(RUN, first, next);
        say();
    }

    private void say() {
        log.withdrawn().forEach(record -> log.appended(leaf(1000), record));
        log.withdrawnDurable();
    }

    private void checkpoint() {
        ControlRecord.Checkpoint next = log.next();
        log.appended(leaf(2000), next);
        log.durable(next);
    }

    private static ControlRecord.Withdrawn of(Long... bounds) {
        return new ControlRecord.Withdrawn(RUN, List.of(bounds));
    }

    @Test
    void aWithdrawalThatIsFoldedIsSaidAgain() {
        append(3);
        withdraw(1, 2);
        withdraw(0, 1);
        assertThat(log.mustSayAgain()).isFalse();
        log.fold();
        assertThat(log.folded()).containsExactly(of(0L, 2L));
        log.sayAgain();
        assertThat(log.mustSayAgain()).isFalse();
        assertThat(log.withdrawn()).containsExactly(of(0L, 2L));
        say();
        log.fold();
        assertThat(log.folded()).as("and once more").containsExactly(of(0L, 2L));
        log.sayAgain();
        say();
        checkpoint();
        log.fold();
        assertThat(log.mustSayAgain()).as("a CHECKPOINT lists it").isFalse();
    }

    @Test
    void aWithdrawalBeyondWhatACheckpointListsWaitsForTheNextOne() {
        append(MOST);
        withdraw(0, 1);
        checkpoint();
        log.fold();
        assertThat(log.folded()).containsExactly(of(0L, 1L));
    }

    @Test
    void aWithdrawalIsFoldedWithTheOldestLeaves() {
        withdraw(7, 9);
        append(ProofLog.MOST_PENDING);
        assertThat(log.folded()).containsExactly(of(7L, 9L));
    }

    @Test
    void rangesOfWithdrawalsAreBounded() {
        for (long i = 0; i < 2 * ProofLog.MOST_WITHDRAWN; i++) {
            log.withdraw(RUN, 2 * i);
        }
        List<Long> bounds = log.withdrawn().stream()
                .flatMap(record -> record.logIndexes().stream())
                .toList();
        assertThat(bounds).hasSize(2 * ProofLog.MOST_WITHDRAWN);
        assertThat(bounds.get(0)).isZero();
        assertThat(bounds.get(bounds.size() - 1)).isEqualTo(4L * ProofLog.MOST_WITHDRAWN - 1);
    }

    /** Else the spool's thread looks ten times a second whether it can sign nothing. */
    @Test
    void nothingIsDueAfterAFold() {
        append(1);
        withdraw(0, 1);
        log.ended();
        assertThat(log.untilDueNanos()).isZero();
        log.fold();
        assertThat(log.untilDueNanos()).as("but to say it again, later").isEqualTo(CrashClock.SECOND_NANOS);
        log.sayAgain();
        say();
        checkpoint();
        log.fold();
        assertThat(log.untilDueNanos()).isEqualTo(Long.MAX_VALUE);
    }
}
