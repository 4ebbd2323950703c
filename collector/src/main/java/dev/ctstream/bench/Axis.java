package dev.ctstream.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * One axis of a plot.
 *
 * @param title quantity and unit
 * @param logarithmic whether the axis is logarithmic; its ticks are then 1, 2 and 5 times powers of ten
 * @param least value at the start; above 0 when logarithmic
 * @param most value at the end
 * @param begin coordinate of the start in the plot
 * @param end coordinate of the end
 */
record Axis(String title, boolean logarithmic, double least, double most, double begin, double end) {
    private static final int TICKS = 5;
    private static final double[] STEPS = {1, 2, 5};
    /** A value that exceeds the end by less than this factor does not extend the axis. */
    private static final double NEARLY = 1.02;

    /** Creates an axis with round ends that covers the values. */
    static Axis around(String title, boolean logarithmic, List<Double> values, double begin, double end) {
        double high = values.stream().mapToDouble(value -> value).max().orElse(1);
        if (!logarithmic) {
            double step = step(Math.max(high, 1e-9) / TICKS);
            return new Axis(title, false, 0, Math.max(step, Math.ceil(high / step) * step), begin, end);
        }
        double low = values.stream()
                .mapToDouble(value -> value)
                .filter(value -> value > 0)
                .min()
                .orElse(1);
        double from = 10 / step(10 / (low * NEARLY)); // also 1, 2, 5 or 10: 10 divided by each is one of these again
        return new Axis(title, true, from, Math.max(2 * from, step(high / NEARLY)), begin, end);
    }

    /** The smallest of 1, 2, 5, 10, ... that is at least {@code least}. */
    private static double step(double least) {
        double power = Math.pow(10, Math.floor(Math.log10(least)));
        for (double factor : STEPS) {
            if (factor * power >= least * 0.999) {
                return factor * power;
            }
        }
        return 10 * power;
    }

    /** Coordinate of a value in the plot. */
    double position(double value) {
        double share = logarithmic
                ? Math.log(Math.max(value, least) / least) / Math.log(most / least)
                : (value - least) / (most - least);
        return begin + share * (end - begin);
    }

    /** The values that get a grid line and a label. */
    List<Double> ticks() {
        List<Double> ticks = new ArrayList<>();
        if (logarithmic) {
            for (double tick = least; tick <= most * 1.001; tick = step(tick * 1.5)) {
                ticks.add(tick);
            }
        } else {
            double step = step((most - least) / TICKS);
            for (int i = 0; least + i * step <= most * 1.001; i++) {
                ticks.add(least + i * step);
            }
        }
        return ticks;
    }

    /** A tick's value as text: 250, 0.5, 20k, 1M. */
    static String text(double value) {
        if (value >= 1e6) {
            return plain(value / 1e6) + "M";
        }
        return value >= 10_000 ? plain(value / 1e3) + "k" : plain(value);
    }

    private static String plain(double value) {
        String text = String.format(Locale.ROOT, "%.3f", value);
        return text.replaceAll("0+$", "").replaceAll("\\.$", "");
    }
}
