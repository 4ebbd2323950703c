package dev.ctstream.bench;

import java.util.Arrays;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** How far the events go in a measured collector. */
public enum Stage {
    /** Received and decoded; a handler counts them. */
    RECEIVE,
    /** And encoded into batches, which are thrown away. */
    ENCODE,
    /** And followed in the ledger of live flows before that. */
    TRACK,
    /** And appended to a spool on disk; nothing is published. */
    SPOOL,
    /** The collector as {@code ctstream run} starts it. */
    KAFKA;

    /** The stage of this name in lower case; null = there is none. */
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
