package dev.ctstream;

import dev.ctstream.conntrack.ConntrackTable;
import dev.ctstream.control.ObservedNamespace;
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

    private final String netns;
    private final @Nullable NetworkNamespace namespace;
    private final Health health;
    private boolean active;
    private boolean warned;

    TrackingCheck(ObservedNamespace observed, Health health) {
        this.netns = observed.netns();
        this.namespace = observed.namespace();
        this.health = health;
    }

    /** Checks again; true once tracking is known to be active. */
    boolean look() {
        if (active) {
            return true;
        }
        try {
            active = entries() > 0 || rules();
        } catch (NetlinkException e) {
            LOG.warn("cannot tell whether connections are tracked netns={}: {}", netns, e.getMessage());
            active = true; // unknown is not inactive
        }
        if (active) {
            health.report(component(), true, "connections are tracked");
            if (warned) {
                LOG.info("connections are tracked now netns={}", netns);
            }
        } else if (!warned) {
            warned = true;
            String reason = "connection tracking is inactive: the table is empty and no nf_tables rule asks for it, so"
                    + " there will be no events; add a rule such as 'ct state new' to a chain, or NAT";
            health.report(component(), false, reason);
            LOG.warn("{} netns={}", reason, netns);
        }
        return active;
    }

    private String component() {
        return "tracking/" + netns;
    }

    private long entries() throws NetlinkException {
        try (ConntrackTable table = ConntrackTable.open(namespace)) {
            return table.stats().entries();
        }
    }

    private boolean rules() throws NetlinkException {
        try (RequestChannel channel = namespace == null
                ? RequestChannel.open(NetlinkSocket.NETLINK_NETFILTER)
                : RequestChannel.open(namespace, NetlinkSocket.NETLINK_NETFILTER)) {
            return ConntrackRuleProbe.present(channel);
        }
    }
}
