package dev.ctstream.bench;

import java.util.Arrays;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** How far the events go in a measured collector. */
public enum Stage {
    /** Events are received and decoded; a handler discards them. */
    RECEIVE,
    /** Also encoded into batches, which are discarded. */
    ENCODE,
    /** Also recorded in the ledger of live flows before encoding. */
    TRACK,
    /** Also appended to a spool on disk; nothing is published. */
    SPOOL,
    /** The collector as {@code ctstream run} starts it. */
    KAFKA;

    /** The stage with this lower-case name; null = unknown. */
    public static @Nullable Stage named(String name) {
        return Arrays.stream(values())
                .filter(stage -> stage.word().equals(name))
                .findFirst()
                .orElse(null);
    }

    /** Its name in lower case. */
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }
}
