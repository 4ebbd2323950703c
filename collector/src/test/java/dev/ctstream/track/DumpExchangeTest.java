package dev.ctstream.track;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;

/** The state that the dump thread and the receive thread exchange. */
class DumpExchangeTest {
    private final DumpExchange exchange = new DumpExchange();

    private static DumpRequest request(long snapshotId) {
        return new DumpRequest(snapshotId, DumpRequest.Reason.GAP, false, 0);
    }

    @Test
    void onlyTheFirstGapAfterTheStartOfADumpIsNew() {
        assertThat(exchange.gapOpen()).isFalse();
        assertThat(exchange.addGap(7)).isTrue();
        assertThat(exchange.addGap(8)).isFalse();
        assertThat(exchange.gapOpen()).isTrue();
        assertThat(exchange.gapSinceNanos()).isEqualTo(7);
        exchange.answerGaps();
        assertThat(exchange.gapOpen()).isFalse();
        assertThat(exchange.addGap(-9)).isTrue();
        assertThat(exchange.gapOpen()).isTrue();
        assertThat(exchange.gapSinceNanos()).isEqualTo(-9);
    }

    @Test
    void aNewRequestDoesNotSeeTheStateOfThePreviousDump() {
        DumpRequest first = request(1);
        exchange.request(first);
        exchange.begin(first);
        exchange.endReading(new DumpEnd(true, 5));
        exchange.end(new DumpProgress(first).result(true, 5));
        assertThat(exchange.result(first)).isNotNull();
        DumpRequest second = request(2);
        exchange.request(second);
        assertThat(exchange.requested()).isEqualTo(second);
        assertThat(exchange.begun(second)).isFalse();
        assertThat(exchange.readingEnded()).isNull();
        assertThat(exchange.result(second)).isNull();
    }

    @Test
    void aResultCountsEachZone() {
        DumpProgress progress = new DumpProgress(request(1));
        int[] zones = {0, 65_535, 7, 7, 65_535, 7};
        for (int zone : zones) {
            progress.announced(zone);
        }
        progress.ignored = 2;
        DumpResult result = progress.result(false, 9);
        assertThat(result.existing()).isEqualTo(6);
        assertThat(result.ignored()).isEqualTo(2);
        assertThat(result.complete()).isFalse();
        assertThat(result.endNanos()).isEqualTo(9);
        assertThat(result.existingByZone()).isEqualTo(Map.of(0, 1L, 7, 3L, 65_535, 2L));
        DumpResult none = new DumpProgress(request(2)).result(true, 9);
        assertThat(none.existingByZone()).isEmpty();
    }
}
