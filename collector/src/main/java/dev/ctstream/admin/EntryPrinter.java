package dev.ctstream.admin;

import dev.ctstream.conntrack.FlowEvent;
import java.io.IOException;
import java.io.OutputStream;

/**
 * Writes entries, one per line, in one of the formats {@link #text}, {@link #json} and {@link #conntrack}.
 *
 * <p>Ownership: the caller flushes and closes the stream. Threads: confined to one.
 */
public abstract class EntryPrinter implements EntryHandler {
    private final OutputStream out;
    private final LineBuffer line = new LineBuffer();

    EntryPrinter(OutputStream out) {
        this.out = out;
    }

    /** For people. */
    public static EntryPrinter text(OutputStream out) {
        return new EntryText(out);
    }

    /**
     * One JSON object per line: the fields of ConntrackEvent that an entry has, under their Avro names, with null for
     * absent values, and {@code use}.
     */
    public static EntryPrinter json(OutputStream out, String netns) {
        return new EntryJson(out, netns);
    }

    /** As {@code conntrack -L -o id,extended} of conntrack-tools prints it. */
    public static EntryPrinter conntrack(OutputStream out) {
        return new EntryConntrack(out);
    }

    @Override
    public final void onEntry(FlowEvent entry) throws IOException {
        line.clear();
        write(entry, line);
        line.endLine();
        line.writeTo(out);
    }

    abstract void write(FlowEvent entry, LineBuffer to);
}
