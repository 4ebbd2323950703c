package dev.ctstream.cli;

import dev.ctstream.config.Checks;
import dev.ctstream.netlink.ErrorText;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Locale;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Converters for option values; their errors name the allowed range. */
public final class Converters {
    private static final int U16_MAX = 65_535;

    private Converters() {}

    /** A port number, 0 for any free one. */
    static final class Port implements ITypeConverter<Integer> {
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
