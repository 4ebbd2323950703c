package dev.ctstream.nftables;

import dev.ctstream.conntrack.NfGenMsg;
import dev.ctstream.netlink.AttributeCursor;
import dev.ctstream.netlink.Errno;
import dev.ctstream.netlink.MessageCursor;
import dev.ctstream.netlink.MessageWriter;
import dev.ctstream.netlink.NetlinkException;
import dev.ctstream.netlink.NlMsgHdr;
import dev.ctstream.netlink.RequestChannel;
import java.util.Set;

/**
 * Finds out whether a namespace has an nf_tables rule that makes the kernel track connections. Without such a rule, or
 * another user of connection tracking, a namespace has no entries and raises no events.
 *
 * <p>The kernel has no query for "tracking is on" that is available everywhere (the list of hooks, nfnetlink_hook, is a
 * build option). So {@code true} is certain; {@code false} does not rule out other users such as legacy iptables
 * matches, Open vSwitch or traffic control, which an entry count above 0 reveals.
 *
 * <p>Threads: the channel's thread. Source: {@code uapi/linux/netfilter/nf_tables.h}, {@code nft_compat.c}.
 */
public final class ConntrackRuleProbe {
    private static final int NFT_MSG_GETRULE = NfTables.NFNL_SUBSYS_NFTABLES << 8 | 7;
    /**
     * {@code NFTA_MATCH_NAME} and {@code NFTA_TARGET_NAME}: the iptables extension that an nft_compat expression wraps.
     */
    private static final int NFTA_COMPAT_NAME = 1;

    /** Expressions whose mere presence takes a reference on connection tracking. */
    private static final Set<String> EXPRESSIONS =
            Set.of("ct", "nat", "masq", "redir", "synproxy", "connlimit", "flow_offload");

    private static final Set<String> COMPAT_EXPRESSIONS = Set.of("match", "target");

    private static final Set<String> COMPAT_NAMES = Set.of(
            "conntrack",
            "state",
            "connmark",
            "connbytes",
            "connlimit",
            "connlabel",
            "helper",
            "cluster",
            "CT",
            "CONNMARK",
            "CONNSECMARK",
            "SNAT",
            "DNAT",
            "MASQUERADE",
            "REDIRECT",
            "NETMAP",
            "SYNPROXY");

    private final AttributeCursor attributes = new AttributeCursor();
    private final AttributeCursor elements = new AttributeCursor();
    private final AttributeCursor expression = new AttributeCursor();
    private final AttributeCursor compat = new AttributeCursor();
    private boolean found;

    private ConntrackRuleProbe() {}

    /**
     * Whether any rule of any family asks for connection tracking.
     *
     * @return false also when the kernel has no nf_tables
     * @throws NetlinkException when the dump fails, for instance with EPERM
     */
    public static boolean present(RequestChannel channel) throws NetlinkException {
        MessageWriter request = new MessageWriter();
        request.startNetfilter(
                NFT_MSG_GETRULE, NlMsgHdr.NLM_F_REQUEST | NlMsgHdr.NLM_F_DUMP, 0, NfGenMsg.AF_UNSPEC, 0, 0);
        ConntrackRuleProbe rules = new ConntrackRuleProbe();
        try {
            channel.dump(request, rules::onRule);
        } catch (NetlinkException e) {
            if (e.errno() == Errno.EINVAL || e.errno() == Errno.EOPNOTSUPP || e.errno() == Errno.ENOENT) {
                return false;
            }
            throw e;
        }
        return rules.found;
    }

    private void onRule(MessageCursor message) {
        attributes.wrap(message, NfGenMsg.ATTRIBUTES_OFFSET);
        while (!found && attributes.next()) {
            if (attributes.number() == NfTables.NFTA_RULE_EXPRESSIONS) {
                elements.wrapNest(attributes);
                while (!found && elements.next()) {
                    found = elements.number() == NfTables.NFTA_LIST_ELEM && asksForTracking();
                }
            }
        }
    }

    private boolean asksForTracking() {
        expression.wrapNest(elements);
        String name = "";
        String extension = "";
        while (expression.next()) {
            if (expression.number() == NfTables.NFTA_EXPR_NAME) {
                name = expression.text();
            } else if (expression.number() == NfTables.NFTA_EXPR_DATA) {
                compat.wrapNest(expression);
                if (compat.next() && compat.number() == NFTA_COMPAT_NAME) {
                    extension = compat.text();
                }
            }
        }
        return EXPRESSIONS.contains(name) || (COMPAT_EXPRESSIONS.contains(name) && COMPAT_NAMES.contains(extension));
    }
}
