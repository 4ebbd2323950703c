package dev.ctstream.cli;

import dev.ctstream.read.AvroPrinter;
import dev.ctstream.read.EventJson;
import dev.ctstream.read.EventPrinter;
import dev.ctstream.read.EventText;
import java.time.ZoneId;

/** Output formats of {@code -o} for events. */
public enum OutputFormat {
    TEXT,
    JSON,
    /** An Avro container file of whole records. */
    AVRO;

    /** Creates a printer of this format on the console's {@code out}. */
    public EventPrinter printer(Console console) {
        return switch (this) {
            case TEXT -> new EventText(console.out(), console.colour(), ZoneId.systemDefault());
            case JSON -> new EventJson(console.out());
            case AVRO -> new AvroPrinter(console.out());
        };
    }
}
