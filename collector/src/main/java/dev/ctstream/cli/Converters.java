package dev.ctstream.cli;

import dev.ctstream.config.Checks;
import dev.ctstream.netlink.ErrorText;
import dev.ctstream.record.AddressPrefix;
import dev.ctstream.record.AddressText;
import dev.ctstream.record.ProtocolNames;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneId;
import java.time.format.DateTimeParseException;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Converters for option values; their errors name the allowed range. */
public final class Converters {
    private static final int U8_MAX = 255;
    private static final int U16_MAX = 65_535;

    private Converters() {}

    /** A port number, 0 for any free one. */
    public static final class Port implements ITypeConverter<Integer> {
        @Override
        public Integer convert(String value) {
            return (int) number(value, 0, U16_MAX);
        }
    }

    /** A conntrack zone. */
    public static final class Zone implements ITypeConverter<Integer> {
        @Override
        public Integer convert(String value) {
            return (int) number(value, 0, U16_MAX);
        }
    }

    /** Addresses of brokers, separated by commas. */
    public static final class Servers implements ITypeConverter<String> {
        @Override
        public String convert(String value) {
            for (String server : value.split(",", -1)) {
                require(Checks.serverProblem(server.strip()));
            }
            return value;
        }
    }

    /** Name of a topic. */
    static final class Topic implements ITypeConverter<String> {
        @Override
        public String convert(String value) {
            require(Checks.topicProblem(value));
            return value;
        }
    }

    /** A value of {@code event_type}, in any case. */
    static final class EventType implements ITypeConverter<String> {
        private static final Set<String> TYPES = Set.of("NEW", "UPDATE", "DESTROY", "EXISTING", "INTERIM");

        @Override
        public String convert(String value) {
            String type = value.strip().toUpperCase(Locale.ROOT);
            require(TYPES.contains(type) ? "" : "'" + value + "' is none of new, update, destroy, existing, interim");
            return type;
        }
    }

    /** An address, or one with the length of a prefix. */
    static final class Prefix implements ITypeConverter<AddressPrefix> {
        @Override
        public AddressPrefix convert(String value) {
            try {
                return AddressPrefix.parse(value);
            } catch (IllegalArgumentException e) {
                throw new TypeConversionException(
                        "'" + value + "' is no IPv4 or IPv6 address, nor one with /BITS, such as 192.0.2.0/24");
            }
        }
    }

    /** An address, in the text form of RFC 5952. */
    public static final class Address implements ITypeConverter<String> {
        @Override
        public String convert(String value) {
            try {
                return AddressText.of(AddressText.parse(value));
            } catch (IllegalArgumentException e) {
                throw new TypeConversionException("'" + value + "' is no IPv4 or IPv6 address");
            }
        }
    }

    /** The number of a protocol, by number or name. */
    public static final class Protocol implements ITypeConverter<Integer> {
        @Override
        public Integer convert(String value) {
            Integer named = ProtocolNames.number(value);
            return named == null ? (int) number(value, 0, U8_MAX) : named;
        }
    }

    /** A time in ms since 1970: ISO 8601, or as the commands print it; without offset it is local. */
    public static final class Time implements ITypeConverter<Long> {
        @Override
        public Long convert(String value) {
            String iso = value.strip().replaceFirst("(?<=\\d) (?=\\d)", "T");
            try {
                return OffsetDateTime.parse(iso).toInstant().toEpochMilli();
            } catch (DateTimeParseException notOffset) {
                try {
                    return LocalDateTime.parse(iso)
                            .atZone(ZoneId.systemDefault())
                            .toInstant()
                            .toEpochMilli();
                } catch (DateTimeParseException e) {
                    throw new TypeConversionException(
                            "'" + value + "' is no time such as 2026-11-21T12:06:32+01:00 or '2026-11-21 12:06:32'");
                }
            }
        }
    }

    /** A span of time in ms: a number and s, m, h or d. */
    public static final class Span implements ITypeConverter<Long> {
        private static final Map<String, Long> UNITS =
                Map.of("s", 1_000L, "m", 60_000L, "h", 3_600_000L, "d", 86_400_000L);
        private static final int MOST_DIGITS = 6;

        @Override
        public Long convert(String value) {
            int last = value.length() - 1;
            Long unit = last < 1 ? null : UNITS.get(value.substring(last));
            require(
                    unit != null && last <= MOST_DIGITS
                            ? ""
                            : "'" + value + "' is no span such as 90s, 15m, 24h or 7d");
            return unit == null ? 0 : unit * number(value.substring(0, last), 0, Integer.MAX_VALUE);
        }
    }

    /** A count, at least 1. */
    static final class Count implements ITypeConverter<Long> {
        @Override
        public Long convert(String value) {
            return number(value, 1, Long.MAX_VALUE);
        }
    }

    /** A number of seconds, at least 1. */
    public static final class Seconds implements ITypeConverter<Integer> {
        @Override
        public Integer convert(String value) {
            return (int) number(value, 1, Integer.MAX_VALUE);
        }
    }

    /** A file or folder. */
    static final class FilePath implements ITypeConverter<Path> {
        @Override
        public Path convert(String value) {
            try {
                return Path.of(value);
            } catch (InvalidPathException e) {
                throw new TypeConversionException(ErrorText.of(e));
            }
        }
    }

    /** The formats text and json. */
    public static final class Format implements ITypeConverter<OutputFormat> {
        @Override
        public OutputFormat convert(String value) {
            return switch (value.toLowerCase(Locale.ROOT)) {
                case "text" -> OutputFormat.TEXT;
                case "json" -> OutputFormat.JSON;
                default -> throw new TypeConversionException("'" + value + "' is not text or json");
            };
        }
    }

    /** The formats text, json and avro. */
    static final class FileFormat implements ITypeConverter<OutputFormat> {
        @Override
        public OutputFormat convert(String value) {
            try {
                return OutputFormat.valueOf(value.toUpperCase(Locale.ROOT));
            } catch (IllegalArgumentException e) {
                throw new TypeConversionException("'" + value + "' is not text, json or avro");
            }
        }
    }

    private static void require(String problem) {
        if (!problem.isEmpty()) {
            throw new TypeConversionException(problem);
        }
    }

    private static long number(String value, long least, long most) {
        try {
            long number = Long.parseLong(value);
            if (number >= least && number <= most) {
                return number;
            }
        } catch (NumberFormatException e) {
            throw new TypeConversionException("'" + value + "' is not a whole number");
        }
        throw new TypeConversionException(
                value + (most == Long.MAX_VALUE ? " is less than " + least : " is not in " + least + ".." + most));
    }
}
