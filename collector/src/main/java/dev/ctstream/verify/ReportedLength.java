package dev.ctstream.verify;

import java.util.Arrays;

/**
 * The length of a stream by its reports, and how much of it is final: a report is final once its log_index is
 * acknowledged.
 *
 * <p>Bounds: {@value #MOST} reports that are not final yet, 16 bytes each. When there are more, some are forgotten, evenly
 * spread: what they count becomes final together with the next one.
 *
 * <p>Threads: confined to one.
 */
final class ReportedLength {
    static final int MOST = 32;
    private static final long[] NONE = {};

    private long[] waiting = NONE; // log_index and next sequence of each report, in the order of reading
    private int used;
    private int stride = 1; // one report of so many is kept, and the last one
    private int sinceKept;
    private long finalNext;

    /** Takes a report. */
    void add(long logIndex, long nextSequence, long acknowledgedIndex) {
        finalNext(acknowledgedIndex);
        sinceKept++;
        if (used > 0 && sinceKept < stride) {
            used -= 2; // replaces the last one
        } else {
            sinceKept = 0;
        }
        if (used == 2 * MOST) {
            keepEverySecond();
        }
        if (used == waiting.length) {
            waiting = Arrays.copyOf(waiting, Math.max(2, 2 * used));
        }
        waiting[used++] = logIndex;
        waiting[used++] = nextSequence;
    }

    /** The sequence up to which the stream is final, when reports up to this log_index are acknowledged. */
    long finalNext(long acknowledgedIndex) {
        int kept = 0;
        for (int i = 0; i < used; i += 2) {
            if (waiting[i] <= acknowledgedIndex) {
                finalNext = Math.max(finalNext, waiting[i + 1]);
            } else {
                waiting[kept++] = waiting[i];
                waiting[kept++] = waiting[i + 1];
            }
        }
        used = kept;
        stride = used == 0 ? 1 : stride;
        return finalNext;
    }

    private void keepEverySecond() {
        int kept = 0;
        for (int i = 0; i < used; i += 4) {
            waiting[kept++] = waiting[i];
            waiting[kept++] = waiting[i + 1];
        }
        used = kept;
        stride *= 2;
    }
}
