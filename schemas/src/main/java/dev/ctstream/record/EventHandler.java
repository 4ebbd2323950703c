package dev.ctstream.record;

import java.io.IOException;

/** Takes events one by one, on the reading thread. */
@FunctionalInterface
public interface EventHandler {
    /**
     * Takes one event.
     *
     * @param event borrowed until this returns
     * @return false when nothing more is wanted
     * @throws IOException when it cannot be passed on, for instance because nobody reads our output any more
     */
    boolean onEvent(DecodedRecord event) throws IOException;

    /** Told before the events of a record: the partition that it is on. */
    default void onPartition(int partition) {}

    /** Told before the events of a record: its time stamp in Kafka, ms since 1970-01-01 UTC. */
    default void onTimestamp(long millis) {}

    /** Called when nothing more is at hand just now: the moment to show what waits in a buffer. */
    default void onPause() throws IOException {}
}
