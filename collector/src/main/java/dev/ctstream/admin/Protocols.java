package dev.ctstream.admin;

import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Protocol names as in {@code /etc/protocols}, and which protocols have ports in the kernel's trackers. */
final class Protocols {
    static final int ICMP = 1;
    static final int TCP = 6;
    static final int UDP = 17;
    static final int DCCP = 33;
    static final int GRE = 47;
    static final int ICMPV6 = 58;
    static final int SCTP = 132;
    static final int UDPLITE = 136;

    private static final Map<String, Integer> NUMBERS = new TreeMap<>(Map.ofEntries(
            Map.entry("icmp", ICMP),
            Map.entry("igmp", 2),
            Map.entry("tcp", TCP),
            Map.entry("udp", UDP),
            Map.entry("dccp", DCCP),
            Map.entry("gre", GRE),
            Map.entry("esp", 50),
            Map.entry("ah", 51),
            Map.entry("icmpv6", ICMPV6),
            Map.entry("sctp", SCTP),
            Map.entry("udplite", UDPLITE)));
    private static final String[] NAMES = new String[256];

    static {
        NUMBERS.forEach((name, number) -> NAMES[number] = name);
    }

    private Protocols() {}

    /** The number of a protocol name; null for an unknown name. */
    static @Nullable Integer number(String name) {
        return NUMBERS.get(name);
    }

    /** The name, or the number as text. */
    static String name(int protocol) {
        String name = NAMES[protocol];
        return name == null ? Integer.toString(protocol) : name;
    }

    /** All known names, separated by commas. */
    static String names() {
        return String.join(", ", NUMBERS.keySet());
    }

    /** Whether flows of the protocol have ports; for GRE these are the keys. */
    static boolean hasPorts(int protocol) {
        return switch (protocol) {
            case TCP, UDP, DCCP, GRE, SCTP, UDPLITE -> true;
            default -> false;
        };
    }

    static boolean isIcmp(int protocol) {
        return protocol == ICMP || protocol == ICMPV6;
    }
}
