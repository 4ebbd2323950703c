package dev.ctstream.control;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class DumpBudgetTest {
    private static final double MOST = 0.02;
    private static final long BEGIN = Long.MAX_VALUE - TimeUnit.SECONDS.toNanos(5); // System.nanoTime overflows

    /** Each takes 3 ms of the dump thread and half of that again of the receive thread. */
    @Test
    void regularDumpsOfAThousandNamespacesTakeTwoPercentOfACore() {
        long cpu = TimeUnit.MILLISECONDS.toNanos(3);
        DumpBudget budget = new DumpBudget(BEGIN);
        long now = BEGIN;
        for (int i = 0; i < 1000; i++) {
            now += budget.regularIn(now);
            now += cpu;
            budget.took(cpu, now);
        }
        now += budget.regularIn(now);
        assertThat(1.5 * 1000 * cpu / (now - BEGIN)).isBetween(0.8 * MOST, MOST);
    }

    @Test
    void whatOtherDumpsTookIsChargedToTheRegularOnes() {
        DumpBudget budget = new DumpBudget(BEGIN);
        assertThat(budget.regularIn(BEGIN)).isZero();
        budget.took(10, BEGIN);
        budget.took(10, BEGIN);
        assertThat(budget.regularIn(BEGIN)).isEqualTo(2 * 750);
        assertThat(budget.regularIn(BEGIN + 1600)).isZero();
    }
}
