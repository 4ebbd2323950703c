package dev.ctstream.bench;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.HdrHistogram.Histogram;

/** The values reported for a latency distribution. */
final class Latencies {
    private static final String COUNT = "count";
    private static final double[] PERCENTILES = {50, 90, 99, 99.9};
    private static final double MICROS_PER_MILLI = TimeUnit.MILLISECONDS.toMicros(1);

    private Latencies() {}

    /** Count, percentiles and maximum, in milliseconds. */
    static Map<String, Double> of(Histogram micros) {
        Map<String, Double> values = new LinkedHashMap<>();
        values.put(COUNT, (double) micros.getTotalCount());
        for (double percentile : PERCENTILES) {
            String number = percentile == Math.rint(percentile)
                    ? Long.toString((long) percentile)
                    : Double.toString(percentile);
            values.put("p" + number, micros.getValueAtPercentile(percentile) / MICROS_PER_MILLI);
        }
        values.put("max", micros.getMaxValue() / MICROS_PER_MILLI);
        return values;
    }

    /** Name of one such value of a latency in a {@link Measurement}. */
    static String name(String latency, String value) {
        return latency + "_" + value + (value.equals(COUNT) ? "" : "_ms");
    }
}
