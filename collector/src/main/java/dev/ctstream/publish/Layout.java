package dev.ctstream.publish;

/** What one Kafka record holds ({@code record.layout}). */
public enum Layout {
    /** A ConntrackBatch: events of one stream. */
    BATCH,
    /** A ConntrackFlatEvent: one event. */
    EVENT
}
