package dev.ctstream.batch;

import dev.ctstream.conntrack.PrivacyRules;

/**
 * The limits of an open batch, which is closed at the limit that it reaches first, and what its events hold.
 *
 * @param maxEvents {@code batch.max-events}: events in a batch
 * @param maxBytes {@code batch.max-bytes}: encoded bytes of a batch, header included; only a batch of one event that is
 *     larger than this exceeds it
 * @param lingerMillis {@code batch.linger-millis}: age of the oldest open batch at which all are closed, checked at each
 *     pass of the receive thread; 0 closes batches at the end of each pass
 * @param derived {@code record.derived}: fields that are computed on request
 * @param privacy {@code privacy.*}: what is left out
 */
public record BatchConfig(int maxEvents, int maxBytes, int lingerMillis, DerivedFields derived, PrivacyRules privacy) {
    /** The defaults of the configuration keys. */
    public static final BatchConfig DEFAULT = new BatchConfig(512, 256 << 10, 500);

    /** At 50 000 events/s of 64 zones, a tick each 82 ms, and batches of 64 events. A single batch may become full. */
    static final int TICK_EVENTS = 4096;

    static final int TICK_EVENTS_PER_BATCH = 16;

    public static final int MAX_EVENTS_LIMIT = 65_536;
    public static final int MAX_BYTES_LEAST = 4 << 10;
    public static final int MAX_BYTES_LIMIT = 8 << 20;
    public static final int LINGER_MILLIS_LIMIT = 60_000;

    /** Without fields that are computed on request; leaves nothing out. */
    public BatchConfig(int maxEvents, int maxBytes, int lingerMillis) {
        this(maxEvents, maxBytes, lingerMillis, DerivedFields.NONE, PrivacyRules.NONE);
    }

    /** Checks the ranges. */
    public BatchConfig {
        check("batch.max-events", maxEvents, 1, MAX_EVENTS_LIMIT);
        check("batch.max-bytes", maxBytes, MAX_BYTES_LEAST, MAX_BYTES_LIMIT);
        check("batch.linger-millis", lingerMillis, 0, LINGER_MILLIS_LIMIT);
    }

    /**
     * Events in open batches that close all of them before the linger has passed.
     *
     * @param openBatches number of open batches
     */
    public long tickEvents(long openBatches) {
        return Math.max(Math.max(TICK_EVENTS, maxEvents), TICK_EVENTS_PER_BATCH * openBatches);
    }

    private static void check(String key, int value, int least, int most) {
        if (value < least || value > most) {
            throw new IllegalArgumentException(key + "=" + value + " is outside " + least + ".." + most);
        }
    }
}
