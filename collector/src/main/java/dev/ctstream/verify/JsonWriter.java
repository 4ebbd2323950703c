package dev.ctstream.verify;

import dev.ctstream.read.JsonBuffer;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;

/** Writes nested JSON and inserts the commas. Threads: confined to one. */
public final class JsonWriter {
    private final OutputStream out;
    private final JsonBuffer text = new JsonBuffer();
    private boolean first = true;
    private boolean named;

    /** Writes to a stream, at each {@link #flush}. */
    public JsonWriter(OutputStream out) {
        this.out = out;
    }

    /** Opens an object or a list. */
    public JsonWriter begin(char bracket) {
        separate();
        text.raw(bracket);
        first = true;
        return this;
    }

    /** Closes an object or a list. */
    public JsonWriter end(char bracket) {
        text.raw(bracket);
        first = false;
        return this;
    }

    /** Writes a member's name; its value must follow. */
    public JsonWriter name(String name) {
        separate();
        text.string(name);
        text.raw(':');
        named = true;
        return this;
    }

    /** Writes a number. */
    public JsonWriter number(long value) {
        separate();
        text.number(value);
        return this;
    }

    /** Writes a number, or null when it is not known. */
    public JsonWriter numberOrNull(boolean known, long value) {
        separate();
        if (known) {
            text.number(value);
        } else {
            text.nothing();
        }
        return this;
    }

    /** Writes a text. */
    public JsonWriter string(String value) {
        separate();
        text.string(value);
        return this;
    }

    /** Writes a value that is already JSON: a literal or a number. */
    public JsonWriter literal(Object value) {
        separate();
        text.raw(String.valueOf(value).getBytes(StandardCharsets.US_ASCII));
        return this;
    }

    /** Passes the output so far to the stream. */
    public void flush() throws IOException {
        text.writeTo(out);
        text.clear();
    }

    /** Ends the line. */
    public void line() {
        text.raw('\n');
    }

    private void separate() {
        if (!first && !named) {
            text.raw(',');
        }
        first = false;
        named = false;
    }
}
