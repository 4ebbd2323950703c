package dev.ctstream.read;

import dev.ctstream.record.DecodedRecord;
import java.io.IOException;

/** Writes events, for example one per line. */
public interface EventPrinter {
    /**
     * Writes one event; the output may stay in a buffer.
     *
     * @param event borrowed until this returns
     */
    void print(DecodedRecord event) throws IOException;

    /** Writes out the buffer. */
    void flush() throws IOException;

    /** Ends the output; no more events follow. */
    default void end() throws IOException {
        flush();
    }
}
