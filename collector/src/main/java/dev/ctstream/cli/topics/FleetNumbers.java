package dev.ctstream.cli.topics;

import dev.ctstream.admin.FieldException;
import dev.ctstream.publish.HostClass;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** The numbers that describe a fleet, from options and files; errors name the allowed range. */
final class FleetNumbers {
    private static final int PARTITIONS_LIMIT = 100_000;
    private static final int BROKERS_LIMIT = 10_000;
    private static final long RETENTION_LIMIT_MILLIS = 100L * 366 * 86_400_000;
    private static final Pattern WHOLE = Pattern.compile("\\d{1,18}");
    private static final Pattern DECIMAL = Pattern.compile("\\d{1,18}(\\.\\d{1,9})?");
    private static final Pattern TIME = Pattern.compile("(\\d{1,9})\\s*([smhdw])");
    private static final Map<String, Long> UNITS =
            Map.of("s", 1_000L, "m", 60_000L, "h", 3_600_000L, "d", 86_400_000L, "w", 7 * 86_400_000L);

    private FleetNumbers() {}

    /** Reads a value. */
    private interface Read<T> {
        T read(String value) throws FieldException;
    }

    /** An option's converter over one of the methods here. */
    private abstract static class Option<T> implements ITypeConverter<T> {
        private final Read<T> read;

        private Option(Read<T> read) {
            this.read = read;
        }

        @Override
        public final T convert(String value) {
            try {
                return read.read(value);
            } catch (FieldException e) {
                throw new TypeConversionException(e.problems().get(0));
            }
        }
    }

    static final class Hosts extends Option<Integer> {
        Hosts() {
            super(value -> whole(value, 1, HostClass.HOSTS_LIMIT));
        }
    }

    static final class Rate extends Option<Double> {
        Rate() {
            super(FleetNumbers::rate);
        }
    }

    static final class Zones extends Option<Integer> {
        Zones() {
            super(value -> whole(value, 0, HostClass.ZONES_LIMIT));
        }
    }

    static final class Namespaces extends Option<Integer> {
        Namespaces() {
            super(value -> whole(value, 1, HostClass.NAMESPACES_LIMIT));
        }
    }

    static final class Partitions extends Option<Integer> {
        Partitions() {
            super(value -> whole(value, 1, PARTITIONS_LIMIT));
        }
    }

    static final class Brokers extends Option<Integer> {
        Brokers() {
            super(value -> whole(value, 1, BROKERS_LIMIT));
        }
    }

    static final class Retention extends Option<Long> {
        Retention() {
            super(FleetNumbers::retentionMillis);
        }
    }

    /** A whole number in a range. */
    static int whole(String value, int least, int most) throws FieldException {
        long number = WHOLE.matcher(value).matches() ? Long.parseLong(value) : -1;
        if (number < least || number > most) {
            throw problem("'" + value + "' is not a whole number in " + least + ".." + most);
        }
        return (int) number;
    }

    /** Events a second. */
    static double rate(String value) throws FieldException {
        double number = DECIMAL.matcher(value).matches() ? Double.parseDouble(value) : -1;
        if (number < 0 || number > HostClass.EVENTS_PER_SECOND_LIMIT) {
            throw problem("'" + value + "' is not a number of events a second in 0.."
                    + HostClass.EVENTS_PER_SECOND_LIMIT + ", such as 50 or 0.5");
        }
        return number;
    }

    /** A time with its unit, ms. */
    static long retentionMillis(String value) throws FieldException {
        Matcher matcher = TIME.matcher(value);
        long millis =
                matcher.matches() ? Long.parseLong(matcher.group(1)) * UNITS.getOrDefault(matcher.group(2), 0L) : 0;
        if (millis < 1 || millis > RETENTION_LIMIT_MILLIS) {
            throw problem("'" + value + "' is not a time such as 7d: a number and s, m, h, d or w, at most 100 years");
        }
        return millis;
    }

    private static FieldException problem(String text) {
        return new FieldException(List.of(text));
    }

    /** What is wrong with this many streams of one host; empty = nothing. */
    static String streamsProblem(int namespaces, int zones) {
        long streams = (long) namespaces * Math.max(1, zones);
        return streams <= HostClass.STREAMS_LIMIT
                ? ""
                : namespaces + " namespaces with " + zones + " zones each are " + streams
                        + " streams of one host; at most " + HostClass.STREAMS_LIMIT;
    }
}
