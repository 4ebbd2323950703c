package dev.ctstream.proof;

import dev.ctstream.record.RunIdentity;
import dev.ctstream.record.proof.LogOrigin;
import org.jspecify.annotations.Nullable;

/**
 * A record that does not fit what its host has signed. Immutable; any thread.
 *
 * @param run whose log; null when nobody can tell
 * @param index log_index; -1 = not of one record
 * @param place where it lies; null when it is missing
 * @param stream namespace, zone and sequences; empty when they are not known
 * @param what a sentence for people
 */
public record Tampering(
        Manipulation manipulation,
        @Nullable RunIdentity run,
        long index,
        @Nullable Place place,
        String stream,
        String what) {
    /** No log_index. */
    public static final long NO_INDEX = -1;

    /** For people. */
    public String text() {
        StringBuilder text = new StringBuilder(manipulation.word());
        if (run != null) {
            text.append("  log ").append(LogOrigin.of(run));
        }
        if (index != NO_INDEX) {
            text.append("  log_index ").append(index);
        }
        if (place != null) {
            text.append("  ").append(place.text());
        }
        if (!stream.isEmpty()) {
            text.append("  ").append(stream);
        }
        return text.append(": ").append(what).toString();
    }
}
