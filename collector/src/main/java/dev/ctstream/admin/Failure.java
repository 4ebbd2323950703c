package dev.ctstream.admin;

import dev.ctstream.netlink.Errno;
import dev.ctstream.netlink.NetlinkException;

/**
 * A change that failed: the operation and the entry, the kernel's errno and its text, and what to do.
 *
 * @param message such as {@code create entry protocol 17 10.0.0.1:1 > 10.0.0.2:2 zone 7: EEXIST (17) File exists}
 * @param errno positive error number
 * @param remedy what to do; never empty
 */
public record Failure(String message, int errno, String remedy) {
    /** The operation that failed. */
    enum Change {
        LIST,
        CREATE,
        UPDATE,
        DELETE,
        FLUSH
    }

    static Failure of(Change change, NetlinkException cause) {
        return new Failure(String.valueOf(cause.getMessage()), cause.errno(), remedy(change, cause.errno()));
    }

    /** Message and remedy on one line. */
    public String text() {
        return message + "; " + remedy;
    }

    private static String remedy(Change change, int errno) {
        return switch (errno) {
            case Errno.EPERM, Errno.EACCES ->
                "run it as root, or with CAP_NET_ADMIN over the user namespace that owns the network namespace";
            case Errno.EEXIST ->
                "an entry of this zone already has the original or the reply tuple: --replace changes one with the"
                        + " same original tuple; one with the same reply tuple must be deleted first";
            case Errno.ENOENT -> missing(change);
            case Errno.EBUSY -> busy(change);
            case Errno.EINVAL -> invalid(change);
            case Errno.ERANGE -> "the kernel does not know a value: check --state";
            case Errno.ENOMEM ->
                "the table is full: delete entries, or raise net.netfilter.nf_conntrack_max (of the host, for all"
                        + " namespaces)";
            case Errno.ENOSPC ->
                "no rule of this namespace uses labels, so entries have no space for them, or the entry's hash"
                        + " bucket is full (net.netfilter.nf_conntrack_buckets)";
            case Errno.EOPNOTSUPP ->
                "the kernel has no such helper for this protocol (modprobe nf_conntrack_NAME), or cannot do this to an"
                        + " entry that exists, such as NAT";
            case Errno.EAFNOSUPPORT, Errno.EPROTONOSUPPORT ->
                "the kernel has no ctnetlink: modprobe nf_conntrack_netlink";
            case Errno.ENOBUFS -> "the kernel had too little memory for its answer: try again";
            default -> "see the errno in netlink's manual page, and the kernel log";
        };
    }

    private static String missing(Failure.Change change) {
        return switch (change) {
            case DELETE -> "it has expired or was deleted in the meantime; nothing is left to do";
            case CREATE ->
                "something that the entry refers to does not exist in the kernel, such as its master or"
                        + " a helper's module";
            default -> "there is no such entry in this zone; list with the same options to see what there is";
        };
    }

    private static String busy(Failure.Change change) {
        return change == Change.DELETE
                ? "the entry is offloaded, and this kernel deletes it only once it has left the flow table"
                : "the kernel refuses the status: it requires CONFIRMED, cannot set EXPECTED or DYING, and never"
                        + " clears SEEN_REPLY or ASSURED";
    }

    private static String invalid(Failure.Change change) {
        return change == Change.LIST || change == Change.FLUSH
                ? "the kernel has no ctnetlink (modprobe nf_conntrack_netlink) or does not know the request"
                : "the entry is incomplete or inconsistent: both tuples need the same protocol, and ports or an"
                        + " ICMP type that has a reply type; the entry needs a timeout";
    }
}
