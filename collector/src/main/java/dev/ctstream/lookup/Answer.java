package dev.ctstream.lookup;

import java.util.List;

/**
 * The answer to a question. Immutable but for its flows, which nothing changes any more.
 *
 * @param flows that lived then, and after them those that may have
 * @param reasons why flows may be missing; empty = the log is complete
 * @param events that were read
 */
public record Answer(Question question, List<Flow> flows, List<String> reasons, long events) {
    /** Whether the log has every flow that lived then. */
    public boolean complete() {
        return reasons.isEmpty();
    }

    /** Flows that lived at the time in question. */
    public long lived() {
        return flows.stream()
                .filter(flow -> flow.verdict() == Flow.Verdict.LIVED)
                .count();
    }

    /** Whether it was somebody, or provably nobody. */
    public boolean known() {
        return lived() > 0 || (flows.isEmpty() && complete());
    }
}
