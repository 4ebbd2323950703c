package dev.ctstream.conntrack;

/**
 * Bits of {@code CTA_STATUS}.
 *
 * <p>Source: {@code enum ip_conntrack_status} in {@code uapi/linux/netfilter/nf_conntrack_common.h}.
 */
public final class IpsStatus {
    /** Created by an expectation: the flow has a master. */
    public static final int IPS_EXPECTED = 0x1;
    /** Packets were seen in both directions; without it the flow is "unreplied". */
    public static final int IPS_SEEN_REPLY = 0x2;
    /** Never evicted early. */
    public static final int IPS_ASSURED = 0x4;
    /** In the table; a request that creates an entry must set it. */
    public static final int IPS_CONFIRMED = 0x8;

    public static final int IPS_SRC_NAT = 0x10;
    public static final int IPS_DST_NAT = 0x20;
    /** NAT happened if any of these is set. */
    public static final int IPS_NAT_MASK = IPS_SRC_NAT | IPS_DST_NAT;
    /** TCP sequence numbers are adjusted. */
    public static final int IPS_SEQ_ADJUST = 0x40;
    /** Set on every flow once a NAT chain of its family exists; says nothing about NAT. */
    public static final int IPS_SRC_NAT_DONE = 0x80;
    /** As {@link #IPS_SRC_NAT_DONE}. */
    public static final int IPS_DST_NAT_DONE = 0x100;
    /** Being removed; each DESTROY has it. */
    public static final int IPS_DYING = 0x200;

    public static final int IPS_FIXED_TIMEOUT = 0x400;
    public static final int IPS_TEMPLATE = 0x800;
    /** Inserted although it clashed with another flow; {@code IPS_UNTRACKED} in old kernels. */
    public static final int IPS_NAT_CLASH = 0x1000;

    public static final int IPS_HELPER = 0x2000;
    public static final int IPS_OFFLOAD = 0x4000;
    public static final int IPS_HW_OFFLOAD = 0x8000;

    private IpsStatus() {}
}
