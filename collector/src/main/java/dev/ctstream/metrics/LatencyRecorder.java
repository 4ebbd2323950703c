package dev.ctstream.metrics;

import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.HdrHistogram.Histogram;
import org.HdrHistogram.HistogramIterationValue;
import org.HdrHistogram.SingleWriterRecorder;

/**
 * Durations, kept to two significant digits from 1 microsecond to 48 hours; longer ones count as 48 hours, negative
 * ones (a clock was set back) as 0.
 *
 * <p>Threads: recorded by one thread, wait-free and without allocation; read by any.
 */
public final class LatencyRecorder {
    private static final long HIGHEST_MICROS = TimeUnit.HOURS.toMicros(48);
    private static final int SIGNIFICANT_DIGITS = 2;
    private static final double NANOS_PER_MICRO = 1_000.0;
    private static final double MICROS_PER_SECOND = 1_000_000.0;

    private final SingleWriterRecorder recorder = new SingleWriterRecorder(1, HIGHEST_MICROS, SIGNIFICANT_DIGITS);

    private final Histogram total = new Histogram(1, HIGHEST_MICROS, SIGNIFICANT_DIGITS);
    private final Histogram interval = new Histogram(1, HIGHEST_MICROS, SIGNIFICANT_DIGITS);

    LatencyRecorder() {}

    /** Records one duration. */
    public void recordNanos(long nanos) {
        recordNanos(nanos, 1);
    }

    /**
     * Records a duration that several events share.
     *
     * @param count how many; nothing is recorded for 0
     */
    public void recordNanos(long nanos, long count) {
        if (count > 0) {
            long micros = Math.round(nanos / NANOS_PER_MICRO);
            recorder.recordValueWithCount(Math.min(Math.max(micros, 0), HIGHEST_MICROS), count);
        }
    }

    /** How many durations were recorded. */
    public synchronized long count() {
        collect();
        return total.getTotalCount();
    }

    /**
     * The duration that {@code percentile} percent of all recorded ones do not exceed; 0 when nothing was recorded.
     *
     * @param percentile 0 to 100
     */
    public synchronized double secondsAtPercentile(double percentile) {
        collect();
        return total.getTotalCount() == 0 ? 0 : total.getValueAtPercentile(percentile) / MICROS_PER_SECOND;
    }

    /** All durations since the start, in microseconds; the caller owns it. */
    public synchronized Histogram histogramMicros() {
        collect();
        return total.copy();
    }

    /** Buckets since the start: the number of durations in each, and the sum of all. */
    synchronized Buckets buckets(double[] upperBoundsSeconds) {
        collect();
        long[] counts = new long[upperBoundsSeconds.length];
        double sumSeconds = 0;
        int bucket = 0;
        for (HistogramIterationValue value : total.recordedValues()) {
            double seconds = value.getValueIteratedTo() / MICROS_PER_SECOND;
            while (bucket < counts.length - 1
                    && total.lowestEquivalentValue(value.getValueIteratedTo())
                            > upperBoundsSeconds[bucket] * MICROS_PER_SECOND) {
                bucket++;
            }
            counts[bucket] += value.getCountAtValueIteratedTo();
            sumSeconds += seconds * value.getCountAtValueIteratedTo();
        }
        return new Buckets(Arrays.stream(counts).boxed().toList(), sumSeconds);
    }

    private void collect() {
        recorder.getIntervalHistogramInto(interval);
        total.add(interval);
    }

    /** Counts per bucket (not cumulative), and the sum of all durations. */
    record Buckets(List<Long> counts, double sumSeconds) {}
}
