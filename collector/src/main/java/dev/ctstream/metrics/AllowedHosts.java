package dev.ctstream.metrics;

import java.util.Collection;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;

/**
 * Decides whether a request's {@code Host} names this endpoint. A web page can make a browser send requests here under
 * the page's own name, by changing what that name resolves to (DNS rebinding), and read the answers. It cannot make the
 * browser send another name, so only names that are known to be ours are answered: addresses, {@code localhost}, the
 * node's name, and those of {@code http.hosts}.
 */
final class AllowedHosts {
    private static final Pattern HOST =
            Pattern.compile("(\\[[0-9a-f:.]{2,45}]|[0-9]{1,3}(?:\\.[0-9]{1,3}){3}|[a-z0-9._-]{1,253})(?::[0-9]{1,5})?");
    private static final Pattern ADDRESS = Pattern.compile("\\[.*]|[0-9]{1,3}(?:\\.[0-9]{1,3}){3}");

    private final Set<String> names = new TreeSet<>();

    /**
     * Allows these names, and what is always allowed.
     *
     * @param more names without a port; {@code .example.com} allows every name below it
     */
    AllowedHosts(Collection<String> more) {
        names.add("localhost");
        more.forEach(name -> names.add(plain(name)));
    }

    /** Whether the value of a {@code Host} field names this endpoint. */
    boolean contain(String hostField) {
        String value = hostField.toLowerCase(Locale.ROOT);
        if (!HOST.matcher(value).matches()) {
            return false;
        }
        String host = plain(value.replaceFirst(":[0-9]{1,5}$", ""));
        if (ADDRESS.matcher(host).matches() || names.contains(host)) {
            return true;
        }
        for (int dot = host.indexOf('.'); dot >= 0; dot = host.indexOf('.', dot + 1)) {
            if (names.contains(host.substring(dot))) {
                return true;
            }
        }
        return false;
    }

    private static String plain(String name) {
        String lower = name.toLowerCase(Locale.ROOT);
        return lower.endsWith(".") ? lower.substring(0, lower.length() - 1) : lower;
    }
}
