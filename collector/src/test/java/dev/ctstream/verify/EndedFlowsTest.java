package dev.ctstream.verify;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.record.FlowTable;
import org.junit.jupiter.api.Test;

class EndedFlowsTest {
    @Test
    void rememberedEndsAreBounded() {
        EndedFlows ended = new EndedFlows();
        for (long key = 1; key <= EndedFlows.MOST + 10; key++) {
            ended.add(key, EndedFlows.OBSERVED, 0);
        }
        assertThat(ended.find(10)).isEqualTo(FlowTable.NONE);
        assertThat(ended.find(11)).isNotEqualTo(FlowTable.NONE);
        assertThat(ended.find(EndedFlows.MOST + 10L)).isNotEqualTo(FlowTable.NONE);
    }
}
