package dev.ctstream.metrics;

import java.util.Collection;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Who is answered.
 *
 * @param names under which clients may ask, besides addresses, {@code localhost} and the host of {@code http.listen}
 * @param token that they must give; null = none
 */
public record HttpAccess(Collection<String> names, @Nullable HttpToken token) {
    /** Copies the names. */
    public HttpAccess {
        names = List.copyOf(names);
    }
}
