package dev.ctstream.read;

import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.Locale;

/** Times for people, the same in every output: {@code 2026-11-21 12:06:32.633+01:00}. Immutable. */
public final class TimeText {
    private final DateTimeFormatter format;

    /** Writes times of this zone. */
    public TimeText(ZoneId zone) {
        format = DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss.SSSxxx", Locale.ROOT)
                .withZone(zone);
    }

    /** A time in milliseconds since 1970. */
    public String ofMillis(long millis) {
        return format.format(Instant.ofEpochMilli(millis));
    }

    /** A time in nanoseconds since 1970. */
    public String ofNanos(long nanos) {
        return format.format(Instant.ofEpochSecond(0, nanos));
    }
}
