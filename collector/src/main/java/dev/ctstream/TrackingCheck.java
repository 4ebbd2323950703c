package dev.ctstream;

import dev.ctstream.conntrack.ConntrackTable;
import dev.ctstream.control.ObservedNamespace;
import dev.ctstream.metrics.Check;
import dev.ctstream.metrics.Health;
import dev.ctstream.netlink.NetlinkException;
import dev.ctstream.netlink.NetlinkSocket;
import dev.ctstream.netlink.NetworkNamespace;
import dev.ctstream.netlink.RequestChannel;
import dev.ctstream.nftables.ConntrackRuleProbe;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Checks whether a namespace tracks connections at all. Without a rule that needs tracking, the kernel has no entries
 * and raises no events, and the silence would look like a quiet network. The check ends once tracking is seen.
 *
 * <p>Threads: confined to the thread that calls {@link #look}.
 */
final class TrackingCheck {
    private static final Logger LOG = LoggerFactory.getLogger(TrackingCheck.class);

    private static final String NAME = "tracking";
    private static final String WANTED = "tracked connections";

    private final ObservedNamespace observed;
    private final String netns;
    private final @Nullable NetworkNamespace namespace;
    private final Health health;
    private boolean active;
    private boolean warned;

    TrackingCheck(ObservedNamespace observed, Health health) {
        this.observed = observed;
        this.netns = observed.netns();
        this.namespace = observed.namespace();
        this.health = health;
    }

    /** Component of health for a namespace. */
    static String component(String netns) {
        return NAME + "/" + netns;
    }

    /** Whether it checks this namespace. */
    boolean isOf(ObservedNamespace other) {
        return observed.equals(other);
    }

    /** Checks again; true once tracking is known to be active. */
    boolean look() {
        if (active) {
            return true;
        }
        Check check;
        try {
            check = check(netns, namespace);
        } catch (NetlinkException e) { // unknown is not inactive
            if (!warned) {
                warned = true;
                LOG.warn("{}", unknown(netns, e).sentence());
            }
            return false;
        }
        active = check.isOk();
        health.report(component(netns), active, active ? "connections are tracked" : check.sentence());
        if (!active && !warned) {
            warned = true;
            LOG.warn("{}", check.sentence());
        } else if (active && warned) {
            LOG.info("connections are tracked now netns={}", netns);
        }
        return active;
    }

    /**
     * Checks a namespace.
     *
     * @param netns its label
     * @param namespace null = the collector's own
     */
    static Check check(String netns, @Nullable NetworkNamespace namespace) throws NetlinkException {
        String scope = "netns " + netns;
        long entries = entries(namespace);
        if (entries > 0) {
            return Check.ok(NAME, scope, "entries in the table: " + entries, WANTED);
        }
        if (rules(namespace)) {
            return Check.ok(NAME, scope, "an nf_tables rule asks for it", WANTED);
        }
        return Check.warn(
                NAME,
                scope,
                "connection tracking is inactive: the table is empty and no nf_tables rule asks for it, so there will be"
                        + " no events",
                WANTED,
                "add a rule such as 'ct state new' to a chain, or NAT");
    }

    /** What cannot be told, because the kernel refused a question. */
    static Check unknown(String netns, NetlinkException error) {
        return Check.warn(NAME, "netns " + netns, "unknown: " + error.getMessage(), WANTED, "");
    }

    private static long entries(@Nullable NetworkNamespace namespace) throws NetlinkException {
        try (ConntrackTable table = ConntrackTable.open(namespace)) {
            return table.stats().entries();
        }
    }

    private static boolean rules(@Nullable NetworkNamespace namespace) throws NetlinkException {
        try (RequestChannel channel = namespace == null
                ? RequestChannel.open(NetlinkSocket.NETLINK_NETFILTER)
                : RequestChannel.open(namespace, NetlinkSocket.NETLINK_NETFILTER)) {
            return ConntrackRuleProbe.present(channel);
        }
    }
}
