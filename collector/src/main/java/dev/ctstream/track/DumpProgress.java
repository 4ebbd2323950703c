package dev.ctstream.track;

import org.jspecify.annotations.Nullable;

/**
 * Counts what the dump in progress has announced and ignored so far.
 *
 * <p>Threads: confined to the receive thread. The dump thread gets the {@link DumpResult}.
 */
final class DumpProgress {
    private static final int ZONES = 1 << Short.SIZE; // u16

    final DumpRequest request;
    long ignored;
    private long existing;
    private int zones;
    private int @Nullable [] existingByZone;

    DumpProgress(DumpRequest request) {
        this.request = request;
    }

    /** Counts an announced entry of this zone. */
    void announced(int zone) {
        int[] counts = existingByZone;
        if (counts == null) {
            counts = new int[ZONES];
            existingByZone = counts;
        }
        zones += counts[zone] == 0 ? 1 : 0;
        counts[zone]++;
        existing++;
    }

    /** The result of the dump. */
    DumpResult result(boolean complete, long endNanos) {
        return new DumpResult(request, complete, endNanos, new DumpResult.Counts(existing, ignored, byZone()));
    }

    private long[] byZone() {
        long[] packed = new long[zones];
        int[] counts = existingByZone;
        int size = 0;
        for (int zone = 0; counts != null && zone < ZONES; zone++) {
            if (counts[zone] > 0) {
                packed[size++] = DumpResult.Counts.pack(zone, counts[zone]);
            }
        }
        return packed;
    }
}
