package dev.ctstream.conntrack;

import dev.ctstream.netlink.NlMsgHdr;

/**
 * Layout of {@code struct nfgenmsg}, which follows the netlink header of each nfnetlink message, and the message types
 * of the conntrack subsystem. Offsets in bytes from the start of the message.
 *
 * <pre>
 *  0                  16       17        18             20
 *  +------------------+--------+---------+--------------+--------------
 *  | struct nlmsghdr  | family | version | resource id  | attributes
 *  +------------------+--------+---------+--------------+--------------
 * </pre>
 *
 * <p>Source: {@code uapi/linux/netfilter/nfnetlink.h}, {@code nfnetlink_conntrack.h}.
 */
public final class NfGenMsg {
    /** u8 {@code AF_*}. */
    public static final int FAMILY_OFFSET = NlMsgHdr.HEADER_BYTES;
    /** u8; 0 in messages from the kernel. */
    public static final int VERSION_OFFSET = FAMILY_OFFSET + 1;
    /** be16; the CPU's number in per-CPU statistics, else 0. */
    public static final int RESOURCE_ID_OFFSET = FAMILY_OFFSET + 2;
    /** Offset of the first attribute. */
    public static final int ATTRIBUTES_OFFSET = FAMILY_OFFSET + 4;

    /** The structure's own size. */
    public static final int LENGTH_BYTES = 4;

    /** {@code NFNETLINK_V0}. */
    public static final int NFNETLINK_V0 = 0;

    public static final int AF_UNSPEC = 0;
    public static final int AF_INET = 2;
    public static final int AF_INET6 = 10;

    /** {@code NETLINK_NETFILTER}, the netlink protocol. */
    public static final int NETLINK_NETFILTER = 12;

    /** {@code NFNL_SUBSYS_CTNETLINK}; a message type is {@code subsystem << 8 | message}. */
    public static final int NFNL_SUBSYS_CTNETLINK = 1;

    private static final int TYPE = NFNL_SUBSYS_CTNETLINK << 8;

    // enum cntl_msg_types (the kernel's spelling)
    public static final int IPCTNL_MSG_CT_NEW = TYPE;
    public static final int IPCTNL_MSG_CT_GET = TYPE | 1;
    public static final int IPCTNL_MSG_CT_DELETE = TYPE | 2;
    public static final int IPCTNL_MSG_CT_GET_CTRZERO = TYPE | 3;
    public static final int IPCTNL_MSG_CT_GET_STATS_CPU = TYPE | 4;
    public static final int IPCTNL_MSG_CT_GET_STATS = TYPE | 5;
    public static final int IPCTNL_MSG_CT_GET_DYING = TYPE | 6;
    public static final int IPCTNL_MSG_CT_GET_UNCONFIRMED = TYPE | 7;

    // enum nfnetlink_groups
    public static final int NFNLGRP_CONNTRACK_NEW = 1;
    public static final int NFNLGRP_CONNTRACK_UPDATE = 2;
    public static final int NFNLGRP_CONNTRACK_DESTROY = 3;

    private NfGenMsg() {}
}
