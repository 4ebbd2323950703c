package dev.ctstream.publish;

/** Contents of one Kafka record ({@code record.layout}). */
public enum Layout {
    /** A ConntrackBatch: events of one stream. */
    BATCH,
    /** A ConntrackFlatEvent: one event. */
    EVENT
}
