package dev.ctstream.record;

import java.io.IOException;
import java.util.OptionalLong;

/** Receives events one by one, on the reading thread. */
@FunctionalInterface
public interface EventHandler {
    /**
     * Receives one event.
     *
     * @param event borrowed until this returns
     * @return false to stop reading
     * @throws IOException when the event cannot be passed on, for instance because the reader of our output has closed
     *     it
     */
    boolean onEvent(DecodedRecord event) throws IOException;

    /** Called before the events of a Kafka record, with its partition. */
    default void onPartition(int partition) {}

    /** Called before the events of a Kafka record, with its timestamp in ms since 1970-01-01 UTC. */
    default void onTimestamp(long millis) {}

    /**
     * Called before a Kafka record is decoded, with its value as it is.
     *
     * @param fingerprint of the writer's schema, if the record has that header
     * @throws IOException when it cannot be passed on
     */
    default void onValue(byte[] value, OptionalLong fingerprint, long offset) throws IOException {}

    /** Called when no further event is available at the moment: the time to flush buffered output. */
    default void onPause() throws IOException {}
}
