package dev.ctstream.conntrack;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Names of the connection states that {@code CTA_PROTOINFO} carries as numbers; a name's index is its number.
 *
 * <p>Source: {@code enum tcp_conntrack}, {@code enum sctp_conntrack} in {@code uapi/linux/netfilter/nf_conntrack_tcp.h},
 * {@code nf_conntrack_sctp.h}; DCCP: {@code enum ct_dccp_states} in {@code nf_conntrack_dccp.h}.
 */
public final class ProtocolStates {
    private static final int IPPROTO_TCP = 6;
    private static final int IPPROTO_DCCP = 33;
    private static final int IPPROTO_SCTP = 132;

    /** {@code TCP_CONNTRACK_*}. */
    public static final List<String> TCP = List.of(
            "NONE",
            "SYN_SENT",
            "SYN_RECV",
            "ESTABLISHED",
            "FIN_WAIT",
            "CLOSE_WAIT",
            "LAST_ACK",
            "TIME_WAIT",
            "CLOSE",
            "SYN_SENT2");

    /** {@code SCTP_CONNTRACK_*}. */
    public static final List<String> SCTP = List.of(
            "NONE",
            "CLOSED",
            "COOKIE_WAIT",
            "COOKIE_ECHOED",
            "ESTABLISHED",
            "SHUTDOWN_SENT",
            "SHUTDOWN_RECD",
            "SHUTDOWN_ACK_SENT",
            "HEARTBEAT_SENT");

    /** {@code CT_DCCP_*}. */
    public static final List<String> DCCP = List.of(
            "NONE", "REQUEST", "RESPOND", "PARTOPEN", "OPEN", "CLOSEREQ", "CLOSING", "TIMEWAIT", "IGNORE", "INVALID");

    /** Names by which other programs or older kernels call a state: {@code conntrack} prints LISTEN. */
    private static final Map<List<String>, Map<String, Integer>> OTHER_NAMES =
            Map.of(TCP, Map.of("LISTEN", 9), SCTP, Map.of("HEARTBEAT_ACKED", 9), DCCP, Map.of());

    private ProtocolStates() {}

    /** The table of a protocol; empty for one without states. */
    public static List<String> names(int protocol) {
        return switch (protocol) {
            case IPPROTO_TCP -> TCP;
            case IPPROTO_SCTP -> SCTP;
            case IPPROTO_DCCP -> DCCP;
            default -> List.of();
        };
    }

    /** The number of a state by its name in any case; null when the table has none. */
    public static @Nullable Integer number(List<String> names, String name) {
        String upper = name.toUpperCase(Locale.ROOT);
        int index = names.indexOf(upper);
        return index >= 0
                ? Integer.valueOf(index)
                : OTHER_NAMES.getOrDefault(names, Map.of()).get(upper);
    }

    /** The name of a state, or its number as text when the table has none. */
    public static String name(List<String> names, int state) {
        return state >= 0 && state < names.size() ? names.get(state) : Integer.toString(state);
    }
}
