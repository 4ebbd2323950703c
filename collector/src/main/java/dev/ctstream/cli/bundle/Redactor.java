package dev.ctstream.cli.bundle;

import dev.ctstream.publish.Secrets;
import dev.ctstream.record.AddressText;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Collection;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Takes secrets, addresses and names of hosts out of a text. Everything that a bundle has goes through one of these, so an
 * address or a name has the same pseudonym in all of its files.
 *
 * <p>Secrets: what {@link Secrets} knows of the settings, PEM blocks, and what follows {@code Bearer} or {@code Basic}.
 * Addresses: IPv4, also with hyphens as in names of cloud hosts, IPv6, MAC. Names: those that the configuration gives,
 * other hosts of their domains, and what stands before a port.
 */
final class Redactor {
    private static final String HIDDEN = "[hidden]";
    private static final Pattern PEM =
            Pattern.compile("-----BEGIN [A-Z0-9 ]+-----.*?(-----END [A-Z0-9 ]+-----|\\z)", Pattern.DOTALL);
    private static final Pattern AUTHORIZATION = Pattern.compile("(?i)\\b(bearer|basic)\\s+[A-Za-z0-9+/._~=-]{8,}");
    private static final Pattern MAC =
            Pattern.compile("(?<![0-9A-Za-z:-])[0-9A-Fa-f]{2}(?:([:-])[0-9A-Fa-f]{2})(?:\\1[0-9A-Fa-f]{2}){4}"
                    + "(?![0-9A-Za-z]|[:-][0-9A-Fa-f])");
    private static final Pattern IPV6 = Pattern.compile("(?<![0-9A-Za-z])(?:[0-9A-Fa-f]{0,4}:){2,7}"
            + "(?:\\d{1,3}(?:\\.\\d{1,3}){3}|[0-9A-Fa-f]{0,4})(?![0-9A-Za-z])");
    private static final Pattern IPV4 = Pattern.compile("(?<!\\d)\\d{1,3}([.-])\\d{1,3}\\1\\d{1,3}\\1\\d{1,3}(?!\\d)");
    private static final int OCTET = 255;
    /** A name with dots before a port. A file and a line look the same, so these endings are left. */
    private static final Pattern NAME_AND_PORT = Pattern.compile(
            "(?<![\\w.-])((?:[\\w-]+\\.)+(?!java:|properties:|log:|kt:|scala:)[A-Za-z][\\w-]*)(?=:\\d{1,5}\\b)");

    private static final String LOCALHOST = "localhost";
    private static final int SHORTEST_NAME = 2;
    /** Of a name without its first label, what makes a domain of the operator: with fewer labels it is everybody's. */
    private static final int LABELS_OF_A_DOMAIN = 2;

    private final Map<String, String> settings;
    private final Map<String, String> pseudonyms = new HashMap<>();
    private final Map<String, Integer> numbers = new HashMap<>();
    private final @Nullable Pattern names;

    /**
     * Knows what to hide.
     *
     * @param settings values by key, secrets among them
     * @param own names of this host, and what to call them
     * @param hosts other names, which get numbers; those that begin with a dot are domains
     */
    Redactor(Map<String, String> settings, Map<String, String> own, Collection<String> hosts) {
        this.settings = Map.copyOf(settings);
        Map<String, String> patterns = new LinkedHashMap<>(); // by what sorts them
        own.forEach((name, pseudonym) -> {
            if (isName(name)) {
                pseudonyms.put(name.toLowerCase(Locale.ROOT), pseudonym);
                patterns.put(name, Pattern.quote(name));
            }
        });
        for (String host : hosts) {
            String name = host.startsWith(".") ? host.substring(1) : host;
            if (isName(name)) {
                patterns.put(name, Pattern.quote(name));
            }
            String domain = name.substring(name.indexOf('.') + 1);
            if (isName(domain) && domain.split("\\.", -1).length >= LABELS_OF_A_DOMAIN && name.indexOf('.') > 0) {
                patterns.put("*." + domain, "(?:[A-Za-z0-9_-]+\\.)+" + Pattern.quote(domain));
            }
        }
        String any = patterns.entrySet().stream()
                .sorted((a, b) ->
                        Integer.compare(b.getKey().length(), a.getKey().length())) // one may begin another
                .map(Map.Entry::getValue)
                .collect(Collectors.joining("|"));
        names = any.isEmpty()
                ? null
                : Pattern.compile(
                        "(?<![A-Za-z0-9_])(?:" + any + ")(?![A-Za-z0-9_]|\\.[A-Za-z])", Pattern.CASE_INSENSITIVE);
    }

    private static boolean isName(String name) {
        return name.length() >= SHORTEST_NAME
                && !name.equalsIgnoreCase(LOCALHOST)
                && !name.chars().allMatch(c -> Character.isDigit(c) || c == '.' || c == ':');
    }

    /** The text without what must not leave. */
    String redact(String text) {
        String out = Secrets.hide(text, settings);
        out = PEM.matcher(out).replaceAll(HIDDEN);
        out = AUTHORIZATION.matcher(out).replaceAll("$1 " + HIDDEN);
        if (names != null) {
            out = replace(names, out, match -> name(match.group()));
        }
        out = replace(NAME_AND_PORT, out, match -> name(match.group()));
        out = replace(MAC, out, match -> numbered("mac", match.group().replace('-', ':')));
        out = replace(IPV6, out, this::ipv6);
        return replace(IPV4, out, this::ipv4);
    }

    private static String replace(Pattern pattern, String text, Function<MatchResult, String> replacement) {
        return pattern.matcher(text).replaceAll(match -> Matcher.quoteReplacement(replacement.apply(match)));
    }

    private String name(String name) {
        return numbered("host", name);
    }

    private String numbered(String kind, String what) {
        return pseudonyms.computeIfAbsent(
                what.toLowerCase(Locale.ROOT), unused -> kind + "-" + numbers.merge(kind, 1, Integer::sum));
    }

    /** An address may follow something that looks like a part of it, such as the hour of a time. */
    private String ipv6(MatchResult match) {
        String text = match.group();
        for (int at = 0; at >= 0; at = text.indexOf(':', at) < 0 ? -1 : text.indexOf(':', at) + 1) {
            try {
                return text.substring(0, at) + address("ip6", AddressText.parse(text.substring(at)));
            } catch (IllegalArgumentException e) {
                // Not from here on.
            }
        }
        return text;
    }

    private String ipv4(MatchResult match) {
        String dotted = match.group().replace('-', '.');
        StringBuilder plain = new StringBuilder();
        for (String octet : dotted.split("\\.", -1)) {
            int value = Integer.parseInt(octet);
            if (value > OCTET) {
                return match.group();
            }
            plain.append(plain.isEmpty() ? "" : ".").append(value);
        }
        return address("ip4", AddressText.parse(plain.toString()));
    }

    private String address(String kind, byte[] bytes) {
        try {
            InetAddress address = InetAddress.getByAddress(bytes);
            if (address.isLoopbackAddress()) {
                return kind + "-loopback";
            }
            return address.isAnyLocalAddress()
                    ? kind + "-any"
                    : numbered(kind, HexFormat.of().formatHex(bytes));
        } catch (UnknownHostException e) {
            throw new IllegalStateException(e); // 4 or 16 bytes
        }
    }
}
