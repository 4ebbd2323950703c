package dev.ctstream.metrics;

import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.config.NamingConvention;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * How metrics are named, by Prometheus' conventions: {@code ctstream_<stage>_<what>_<unit>}, followed by {@code _total} for
 * a counter. Times are in seconds and sizes in bytes. What Prometheus' client libraries say of every process has their
 * names: {@code process_…} and {@code jvm_…}.
 *
 * <p>Micrometer would append the base unit to a name that ends in {@code _total}. The Prometheus client refuses that
 * ending and appends it to every counter itself. So we pass our names without it, and they appear exactly as
 * registered.
 */
final class MetricName implements NamingConvention {
    static final String TOTAL = "_total";
    static final String INFO = "_info";
    private static final Pattern FORM = Pattern.compile("(ctstream|process|jvm)(_[a-z][a-z0-9]*)+");
    private static final Pattern LABEL = Pattern.compile("[a-z][a-z0-9_]*");
    /** Units that a name must end in. */
    private static final List<String> NAMED_UNITS = List.of("seconds", "bytes", "ratio");

    /** Endings that have a meaning in the Prometheus client, which would strip them. */
    private static final List<String> RESERVED = List.of(TOTAL, INFO, "_created", "_bucket", "_count", "_sum");

    @Override
    public String name(String name, Meter.Type type, @Nullable String baseUnit) {
        return name.endsWith(TOTAL) ? name.substring(0, name.length() - TOTAL.length()) : name;
    }

    @Override
    public String tagKey(String key) {
        return key;
    }

    @Override
    public String tagValue(String value) {
        return value;
    }

    /** Throws IllegalArgumentException when a name, or that of a label, does not have the required form. */
    static void check(String name, MetricDescription.Type type, String unit, List<String> labels) {
        if (!FORM.matcher(name).matches()) {
            throw new IllegalArgumentException(
                    "metric name " + name + " must be lower case and begin with ctstream_, process_ or jvm_");
        }
        String ending = (NAMED_UNITS.contains(unit) ? "_" + unit : "")
                + (type == MetricDescription.Type.COUNTER ? TOTAL : type == MetricDescription.Type.INFO ? INFO : "");
        if (!name.endsWith(ending)) {
            throw new IllegalArgumentException("metric name " + name + " must end in " + ending);
        }
        String rest = name.substring(0, name.length() - ending.length());
        for (String reserved : RESERVED) {
            if (rest.endsWith(reserved)) {
                throw new IllegalArgumentException("metric name " + name + " must not end in " + reserved);
            }
        }
        for (String label : labels) {
            if (!LABEL.matcher(label).matches()) {
                throw new IllegalArgumentException("metric " + name + ": label name " + label);
            }
        }
    }
}
