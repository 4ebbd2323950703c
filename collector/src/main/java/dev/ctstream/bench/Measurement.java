package dev.ctstream.bench;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * One measurement.
 *
 * @param reader {@link Reader#name}
 * @param load what was raised
 * @param round from 1
 * @param values by name, with the unit in it; what a reader does not tell is not there. Of other programs than ours, which
 *     tell nothing, received is what was offered and not dropped
 */
public record Measurement(String reader, LoadSpec load, int round, Map<String, Double> values) {
    static final String OFFERED = "offered_events";
    static final String RECEIVED = "received_events";
    static final String LOST = "lost_events";
    /** Lost behind the kernel: a batch that the ring or the spool had no room for. */
    static final String LOST_LATER = "lost_later_events";
    /** Offered, and neither received nor lost. */
    static final String UNACCOUNTED = "unaccounted_events";
    /** Encoded, and neither acknowledged by Kafka nor lost later. */
    static final String UNACKNOWLEDGED = "unacknowledged_events";

    /** From the kernel's time stamp of an event to the append to the broker's log: {@link Latencies} of all events. */
    static final String KERNEL_TO_LOG = "kernel_to_log";

    static final String RATE = "events_per_second";
    static final String CPU = "cpu_us_per_event";
    static final String CPU_PERCENT = "cpu_percent";
    static final String GENERATOR = "generator_us_per_event";

    /** Copies the map, in its order. */
    public Measurement {
        values = new LinkedHashMap<>(values);
    }

    /** A value; NaN when it is not there. */
    public double value(String name) {
        return values.getOrDefault(name, Double.NaN);
    }
}
