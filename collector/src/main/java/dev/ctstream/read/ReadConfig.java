package dev.ctstream.read;

import java.util.Map;
import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * What to read, and when to stop.
 *
 * @param kafka consumer settings without prefix; must name the brokers
 * @param filter which events are passed on
 * @param fromBeginning true to read everything, false to read only new records
 * @param count stop after this many events
 * @param idleSeconds stop after this long without a record
 */
public record ReadConfig(
        Map<String, String> kafka,
        String topic,
        EventFilter filter,
        boolean fromBeginning,
        OptionalLong count,
        OptionalInt idleSeconds) {
    /** Copies the map. */
    public ReadConfig {
        kafka = Map.copyOf(kafka);
    }
}
