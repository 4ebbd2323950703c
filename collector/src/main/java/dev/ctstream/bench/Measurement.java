package dev.ctstream.bench;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * One measurement.
 *
 * @param reader {@link Reader#name}
 * @param load the generated load
 * @param round number of the round, starting at 1
 * @param values by name, which contains the unit; values that a reader does not report are missing. Foreign programs
 *     report nothing: for them, received events are those offered and not dropped
 */
public record Measurement(String reader, LoadSpec load, int round, Map<String, Double> values) {
    static final String OFFERED = "offered_events";
    static final String RECEIVED = "received_events";
    static final String LOST = "lost_events";
    /** Events lost after the kernel, in batches for which the ring or the spool had no space. */
    static final String LOST_LATER = "lost_later_events";
    /** Events offered but neither received nor lost. */
    static final String UNACCOUNTED = "unaccounted_events";
    /** Events encoded but neither acknowledged by Kafka nor lost later. */
    static final String UNACKNOWLEDGED = "unacknowledged_events";

    /** {@link Latencies} of all events, from the kernel's time stamp to the append to the broker's log. */
    static final String KERNEL_TO_LOG = "kernel_to_log";

    static final String RATE = "events_per_second";
    /** Produce requests, of events and of control records, as the broker counts them. */
    static final String REQUESTS = "produce_requests_per_second";

    static final String CPU = "cpu_us_per_event";
    static final String CPU_PERCENT = "cpu_percent";
    static final String GENERATOR = "generator_us_per_event";

    /** Copies the map and keeps its order. */
    public Measurement {
        values = new LinkedHashMap<>(values);
    }

    /** A value; NaN when it is missing. */
    public double value(String name) {
        return values.getOrDefault(name, Double.NaN);
    }
}
