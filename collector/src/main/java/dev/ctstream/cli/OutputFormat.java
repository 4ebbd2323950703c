package dev.ctstream.cli;

import dev.ctstream.read.AvroPrinter;
import dev.ctstream.read.EventJson;
import dev.ctstream.read.EventPrinter;
import dev.ctstream.read.EventText;
import java.time.ZoneId;

/** What {@code -o} offers for events. */
public enum OutputFormat {
    TEXT,
    JSON,
    /** A container file of whole records. */
    AVRO;

    /** A printer of this format, on the console's stdout. */
    public EventPrinter printer(Console console) {
        return switch (this) {
            case TEXT -> new EventText(console.out(), console.colour(), ZoneId.systemDefault());
            case JSON -> new EventJson(console.out());
            case AVRO -> new AvroPrinter(console.out());
        };
    }
}
