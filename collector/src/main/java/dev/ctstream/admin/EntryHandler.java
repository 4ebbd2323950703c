package dev.ctstream.admin;

import dev.ctstream.conntrack.FlowEvent;
import java.io.IOException;

/** Receives entries one by one. */
@FunctionalInterface
public interface EntryHandler {
    /**
     * Handles one entry.
     *
     * @param entry borrowed until return; {@link Entry#of} copies it
     * @throws IOException ends the listing, which throws it to its caller
     */
    void onEntry(FlowEvent entry) throws IOException;
}
