package dev.ctstream.record;

import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Names of IP protocols, as {@code conntrack} and {@code /etc/protocols} have them; the only table of them. */
public final class ProtocolNames {
    private static final int LARGEST = 255;
    private static final Map<String, Integer> NUMBERS = new TreeMap<>(Map.ofEntries(
            Map.entry("icmp", 1),
            Map.entry("igmp", 2),
            Map.entry("ipip", 4),
            Map.entry("tcp", 6),
            Map.entry("udp", 17),
            Map.entry("dccp", 33),
            Map.entry("gre", 47),
            Map.entry("esp", 50),
            Map.entry("ah", 51),
            Map.entry("icmpv6", 58),
            Map.entry("ospf", 89),
            Map.entry("pim", 103),
            Map.entry("vrrp", 112),
            Map.entry("sctp", 132),
            Map.entry("udplite", 136)));
    /** Names that other programs print. */
    private static final Map<String, Integer> OTHERS =
            Map.of("ipv6-icmp", 58, "icmp6", 58, "ipv6icmp", 58, "ipencap", 4);

    private static final String[] NAMES = new String[LARGEST + 1];

    static {
        NUMBERS.forEach((name, number) -> NAMES[number] = name);
    }

    private ProtocolNames() {}

    /** The name of a protocol number, or the number as text. */
    public static String of(long protocol) {
        String name = protocol >= 0 && protocol <= LARGEST ? NAMES[(int) protocol] : null;
        return name == null ? Long.toString(protocol) : name;
    }

    /** The number of a name in any case; null for an unknown one. */
    public static @Nullable Integer number(String name) {
        String lower = name.toLowerCase(Locale.ROOT);
        Integer number = NUMBERS.get(lower);
        return number == null ? OTHERS.get(lower) : number;
    }

    /** All names that {@link #of} gives, separated by commas. */
    public static String all() {
        return String.join(", ", NUMBERS.keySet());
    }
}
