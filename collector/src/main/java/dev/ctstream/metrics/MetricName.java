package dev.ctstream.metrics;

import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.config.NamingConvention;
import io.micrometer.prometheusmetrics.PrometheusNamingConvention;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * How metrics are named: {@code ctstream_<stage>_<what>_<unit>}, followed by {@code _total} for a counter.
 *
 * <p>Micrometer would append the base unit to a name that ends in {@code _total}. The Prometheus client refuses that
 * ending and appends it to every counter itself. So we pass our names without it, and they appear exactly as
 * registered.
 */
final class MetricName implements NamingConvention {
    static final String PREFIX = "ctstream_";
    private static final String TOTAL = "_total";
    private static final Pattern FORM = Pattern.compile("ctstream(_[a-z][a-z0-9]*)+");
    private static final Pattern LABEL = Pattern.compile("[a-z][a-z0-9_]*");
    private static final List<String> UNITS = List.of("bytes", "seconds", "events", "batches", "messages", "ratio");

    /** Endings that have a meaning in the Prometheus client, which would strip them. */
    private static final List<String> RESERVED = List.of(TOTAL, "_info", "_created", "_bucket");

    private final NamingConvention others = new PrometheusNamingConvention();

    @Override
    public String name(String name, Meter.Type type, @Nullable String baseUnit) {
        if (!name.startsWith(PREFIX)) {
            return others.name(name, type, baseUnit);
        }
        return name.endsWith(TOTAL) ? name.substring(0, name.length() - TOTAL.length()) : name;
    }

    @Override
    public String tagKey(String key) {
        return others.tagKey(key);
    }

    @Override
    public String tagValue(String value) {
        return value;
    }

    /** Throws IllegalArgumentException when a counter's name does not have the required form. */
    static void checkCounter(String name, String unit) {
        String ending = (unit.isEmpty() ? "" : "_" + unit) + TOTAL;
        if (!FORM.matcher(name).matches() || !name.endsWith(ending)) {
            throw new IllegalArgumentException(
                    "metric name " + name + " must be lower case, begin with " + PREFIX + " and end in " + ending);
        }
    }

    /** Throws IllegalArgumentException when the name of a gauge or histogram does not have the required form. */
    static void checkOther(String name) {
        if (!FORM.matcher(name).matches()) {
            throw new IllegalArgumentException("metric name " + name + " must be lower case and begin with " + PREFIX);
        }
        for (String ending : RESERVED) {
            if (name.endsWith(ending)) {
                throw new IllegalArgumentException("metric name " + name + " must not end in " + ending);
            }
        }
    }

    static void checkLabels(String name, String... tagPairs) {
        if (tagPairs.length % 2 != 0) {
            throw new IllegalArgumentException("metric " + name + ": a label without a value");
        }
        for (int i = 0; i < tagPairs.length; i += 2) {
            if (!LABEL.matcher(tagPairs[i]).matches()) {
                throw new IllegalArgumentException("metric " + name + ": label name " + tagPairs[i]);
            }
        }
    }

    /** The unit that a gauge's name ends in, or empty. */
    static String unitOf(String name) {
        String last = name.substring(name.lastIndexOf('_') + 1);
        return UNITS.contains(last) ? last : "";
    }
}
