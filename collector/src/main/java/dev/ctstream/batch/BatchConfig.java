package dev.ctstream.batch;

/**
 * When an open batch is closed: at whichever comes first.
 *
 * @param maxEvents {@code batch.max-events}: events in a batch
 * @param maxBytes {@code batch.max-bytes}: encoded bytes of a batch, header included; only a single event that is larger
 *     by itself exceeds it
 * @param lingerMillis {@code batch.linger-millis}: age of a batch, measured at the receive thread's passes; 0 closes at
 *     the end of each pass
 */
public record BatchConfig(int maxEvents, int maxBytes, int lingerMillis) {
    /** What the configuration file starts from. */
    public static final BatchConfig DEFAULT = new BatchConfig(512, 256 << 10, 50);

    public static final int MAX_EVENTS_LIMIT = 65_536;
    public static final int MAX_BYTES_LEAST = 4 << 10;
    public static final int MAX_BYTES_LIMIT = 8 << 20;
    public static final int LINGER_MILLIS_LIMIT = 60_000;

    /** Checks the ranges. */
    public BatchConfig {
        check("batch.max-events", maxEvents, 1, MAX_EVENTS_LIMIT);
        check("batch.max-bytes", maxBytes, MAX_BYTES_LEAST, MAX_BYTES_LIMIT);
        check("batch.linger-millis", lingerMillis, 0, LINGER_MILLIS_LIMIT);
    }

    private static void check(String key, int value, int least, int most) {
        if (value < least || value > most) {
            throw new IllegalArgumentException(key + "=" + value + " is outside " + least + ".." + most);
        }
    }
}
