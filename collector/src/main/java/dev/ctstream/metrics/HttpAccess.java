package dev.ctstream.metrics;

import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.BiPredicate;
import org.jspecify.annotations.Nullable;

/**
 * Who is answered, and how.
 *
 * @param names under which clients may ask, besides addresses, {@code localhost} and the host of {@code http.listen}
 * @param token that they must give; null = none
 * @param tls that clients of other hosts must use, and those of this host may; null = none
 */
public record HttpAccess(
        List<String> names,
        @Nullable HttpToken token,
        @Nullable HttpTls tls) {
    /** Copies the names. */
    public HttpAccess {
        names = List.copyOf(names);
    }

    /** Whether whoever reaches it is answered. */
    boolean isOpen() {
        return token == null && tls == null;
    }

    /** The keys of the configuration whose values, or the content of whose files, differ. */
    Set<String> differences(HttpAccess other) {
        Set<String> keys = new TreeSet<>();
        if (!names.equals(other.names)) {
            keys.add("http.hosts");
        }
        if (!isSame(token, other.token, HttpToken::isSame)) {
            keys.add(HttpToken.KEY);
        }
        if (!isSame(tls, other.tls, HttpTls::isSame)) {
            keys.add(HttpTls.CERTIFICATE_KEY);
        }
        return keys;
    }

    private static <T> boolean isSame(@Nullable T one, @Nullable T other, BiPredicate<T, T> same) {
        return (one == null || other == null) ? one == other : same.test(one, other);
    }
}
