package dev.ctstream.admin;

import dev.ctstream.conntrack.FlowEvent;
import java.io.IOException;

/** Takes entries one by one. */
@FunctionalInterface
public interface EntryHandler {
    /**
     * Takes one.
     *
     * @param entry borrowed until return; {@link Entry#of} copies it
     * @throws IOException ends the listing and comes out of it
     */
    void onEntry(FlowEvent entry) throws IOException;
}
