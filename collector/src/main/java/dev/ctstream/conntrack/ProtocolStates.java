package dev.ctstream.conntrack;

import java.util.List;

/**
 * Names of the connection states that {@code CTA_PROTOINFO} carries as numbers; a name's index is its number.
 *
 * <p>Source: {@code enum tcp_conntrack}, {@code enum sctp_conntrack} in {@code uapi/linux/netfilter/nf_conntrack_tcp.h},
 * {@code nf_conntrack_sctp.h}; DCCP: {@code enum ct_dccp_states} in {@code nf_conntrack_dccp.h}.
 */
public final class ProtocolStates {
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

    private ProtocolStates() {}

    /** The name of a state, or its number as text when the table has none. */
    public static String name(List<String> names, int state) {
        return state >= 0 && state < names.size() ? names.get(state) : Integer.toString(state);
    }
}
