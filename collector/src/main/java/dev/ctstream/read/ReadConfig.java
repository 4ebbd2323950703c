package dev.ctstream.read;

import java.util.Map;
import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * What to read and when to end.
 *
 * @param kafka settings of the consumer, without prefix; must name the brokers
 * @param zone only events of this zone; control records are left out then
 * @param fromBeginning everything that there is, else only what comes from now on
 * @param count end after so many events
 * @param idleSeconds end when no record has come for so long
 */
public record ReadConfig(
        Map<String, String> kafka,
        String topic,
        OptionalInt zone,
        boolean fromBeginning,
        OptionalLong count,
        OptionalInt idleSeconds) {
    /** Copies the map. */
    public ReadConfig {
        kafka = Map.copyOf(kafka);
    }
}
