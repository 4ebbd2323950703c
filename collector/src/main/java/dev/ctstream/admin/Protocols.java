package dev.ctstream.admin;

/** Which protocols have ports in the kernel's trackers. */
final class Protocols {
    static final int ICMP = 1;
    static final int TCP = 6;
    static final int UDP = 17;
    static final int DCCP = 33;
    static final int GRE = 47;
    static final int ICMPV6 = 58;
    static final int SCTP = 132;
    static final int UDPLITE = 136;

    private Protocols() {}

    /** Whether flows of the protocol have ports; for GRE these are the keys. */
    static boolean hasPorts(int protocol) {
        return switch (protocol) {
            case TCP, UDP, DCCP, GRE, SCTP, UDPLITE -> true;
            default -> false;
        };
    }

    /**
     * Whether a kernel may be built without a tracker for the protocol. Its flows then have addresses only. Linux
     * 6.18 has none for DCCP.
     */
    static boolean mayLackTracker(int protocol) {
        return hasPorts(protocol) && protocol != TCP && protocol != UDP;
    }

    static boolean isIcmp(int protocol) {
        return protocol == ICMP || protocol == ICMPV6;
    }
}
