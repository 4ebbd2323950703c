package dev.ctstream.cli.entries;

import dev.ctstream.admin.EntryPrinter;
import dev.ctstream.cli.Console;
import java.util.Locale;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Output formats of {@code -o} for entries. */
enum EntryFormat {
    TEXT,
    JSON,
    CONNTRACK;

    static final String WORDS = "text|json|conntrack";

    EntryPrinter printer(Console console, String netns) {
        return switch (this) {
            case TEXT -> EntryPrinter.text(console.out());
            case JSON -> EntryPrinter.json(console.out(), netns);
            case CONNTRACK -> EntryPrinter.conntrack(console.out());
        };
    }

    /** Converts the option's value. */
    static final class Converter implements ITypeConverter<EntryFormat> {
        @Override
        public EntryFormat convert(String value) {
            return switch (value.toLowerCase(Locale.ROOT)) {
                case "text" -> TEXT;
                case "json" -> JSON;
                case "conntrack" -> CONNTRACK;
                default -> throw new TypeConversionException("'" + value + "' is not text, json or conntrack");
            };
        }
    }
}
