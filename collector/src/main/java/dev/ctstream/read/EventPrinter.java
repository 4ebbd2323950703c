package dev.ctstream.read;

import dev.ctstream.record.DecodedRecord;
import java.io.IOException;

/** Writes events for a reader of lines, one event a line. */
public interface EventPrinter {
    /**
     * Writes one event; what is written may wait in a buffer.
     *
     * @param event borrowed until this returns
     */
    void print(DecodedRecord event) throws IOException;

    /** Shows what waits. */
    void flush() throws IOException;

    /** Nothing more comes. */
    default void end() throws IOException {
        flush();
    }
}
