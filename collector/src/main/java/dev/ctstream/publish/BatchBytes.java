package dev.ctstream.publish;

/**
 * What events take in a topic: compressed bytes of one of Kafka's batches, which has the records of one partition in one
 * request. Few events take more each, because the first ones carry what the others repeat.
 *
 * <p>Measured with the encoder and zstd level 1 on replayed NEW and DESTROY messages of TCP flows with counters and times
 * (43 bytes for an event in full batches). A test measures them again, so a schema that grows changes these tables.
 */
final class BatchBytes {
    /** Events in a batch of Kafka, all in one record, and bytes for each. */
    private static final double[][] EVENT = {
        {1, 438}, {2, 261}, {4, 165}, {8, 110}, {16, 80}, {32, 62}, {64, 53}, {128, 47}, {512, 43}, {4096, 43}
    };

    /** Events in a record, and what each further record in a batch of Kafka takes besides its events. */
    private static final double[][] FURTHER_RECORD = {{1, 22}, {2, 33}, {8, 50}, {32, 100}, {128, 200}};

    /** A HEARTBEAT alone in a batch of Kafka, without streams. Each namespace has a key, so few share one. */
    private static final double HEARTBEAT = 340;

    /** A stream in a HEARTBEAT: its zone and its next sequence. */
    private static final double HEARTBEAT_STREAM = 4;

    private BatchBytes() {}

    /**
     * Bytes of one of Kafka's batches.
     *
     * @param events in all records together, at least 1
     * @param records at least 1, at most {@code events}
     */
    static double of(double events, double records) {
        double further = (records - 1) * interpolated(FURTHER_RECORD, events / records);
        return events * interpolated(EVENT, events) + further;
    }

    /** Bytes of a HEARTBEAT that lists this many streams. */
    static double heartbeat(double streams) {
        return HEARTBEAT + streams * HEARTBEAT_STREAM;
    }

    /** The value at {@code x}, on straight lines between the logarithms; beyond the ends as at the ends. */
    private static double interpolated(double[][] table, double x) {
        int above = 0;
        while (above < table.length && table[above][0] < x) {
            above++;
        }
        if (above == 0 || above == table.length) {
            return table[Math.min(above, table.length - 1)][1];
        }
        double[] from = table[above - 1];
        double[] to = table[above];
        double part = Math.log(x / from[0]) / Math.log(to[0] / from[0]);
        return from[1] * Math.pow(to[1] / from[1], part);
    }
}
