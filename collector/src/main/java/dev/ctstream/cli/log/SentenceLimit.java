package dev.ctstream.cli.log;

import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Bounds the log: each sentence has so many lines a minute, and what is left out is told in one summary a minute.
 *
 * <p>Threads: any; no method waits for anything but the others.
 */
final class SentenceLimit {
    /** Lines of one sentence within a minute. */
    static final int LINES = 20;

    static final long MINUTE_NANOS = TimeUnit.MINUTES.toNanos(1);
    /** Sentences that are counted apart; further ones share one count. */
    private static final int MOST_SENTENCES = 256;

    private static final String FURTHER = "(further sentences)";

    private final Map<String, int[]> lines = new HashMap<>();
    private long beginNanos;
    private long leftOut;

    /**
     * What was left out within a minute.
     *
     * @param lines of all sentences
     * @param sentences number of them
     * @param most the one with the most lines
     * @param linesOfMost its lines
     */
    record Summary(long lines, int sentences, String most, long linesOfMost) {}

    /** Whether a line of this sentence may be written now; false counts it as left out. */
    synchronized boolean admit(String sentence, long nowNanos) {
        if (lines.isEmpty() || (leftOut == 0 && nowNanos - beginNanos >= MINUTE_NANOS)) {
            begin(nowNanos);
        }
        int[] count = count(sentence);
        if (count[0] < LINES) {
            count[0]++;
            return true;
        }
        leaveOut(count);
        return false;
    }

    /** Counts a line that nobody has taken. */
    synchronized void leftOut(String sentence) {
        leaveOut(count(sentence));
    }

    private int[] count(String sentence) {
        String key = lines.size() < MOST_SENTENCES || lines.containsKey(sentence) ? sentence : FURTHER;
        return lines.computeIfAbsent(key, unused -> new int[2]);
    }

    private void leaveOut(int[] count) {
        count[1]++;
        leftOut++;
    }

    private void begin(long nowNanos) {
        lines.clear();
        beginNanos = nowNanos;
        leftOut = 0;
    }

    /** ns until a summary is due; negative when there is nothing to tell. */
    synchronized long dueNanos(long nowNanos) {
        return leftOut == 0 ? -1 : Math.max(0, MINUTE_NANOS - (nowNanos - beginNanos));
    }

    /** The summary of the minute that ends now; null when nothing was left out. */
    synchronized @Nullable Summary take(long nowNanos) {
        if (leftOut == 0) {
            return null;
        }
        String most = "";
        int[] mostLines = {0, 0};
        int sentences = 0;
        for (Map.Entry<String, int[]> entry : lines.entrySet()) {
            if (entry.getValue()[1] > 0) {
                sentences++;
            }
            if (entry.getValue()[1] > mostLines[1]) {
                most = entry.getKey();
                mostLines = entry.getValue();
            }
        }
        Summary summary = new Summary(leftOut, sentences, most, mostLines[1]);
        begin(nowNanos);
        return summary;
    }
}
