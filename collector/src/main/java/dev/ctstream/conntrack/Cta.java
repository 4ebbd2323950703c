package dev.ctstream.conntrack;

/**
 * Attribute numbers of ctnetlink, one table for each C enum, under the kernel's symbols. Integers are big endian unless
 * stated; a nest's own numbers are in the table that is named beside it.
 *
 * <p>Source: {@code uapi/linux/netfilter/nfnetlink_conntrack.h}.
 */
public final class Cta {
    // enum ctattr_type: top level
    /** nest {@code ctattr_tuple}. */
    public static final int CTA_TUPLE_ORIG = 1;
    /** nest {@code ctattr_tuple}. */
    public static final int CTA_TUPLE_REPLY = 2;
    /** be32, {@link IpsStatus}. */
    public static final int CTA_STATUS = 3;
    /** nest {@code ctattr_protoinfo}. */
    public static final int CTA_PROTOINFO = 4;
    /** nest {@code ctattr_help}. */
    public static final int CTA_HELP = 5;
    /** nest {@code ctattr_nat}; requests only. */
    public static final int CTA_NAT_SRC = 6;
    /** be32, seconds. */
    public static final int CTA_TIMEOUT = 7;
    /** be32. */
    public static final int CTA_MARK = 8;
    /** nest {@code ctattr_counters}. */
    public static final int CTA_COUNTERS_ORIG = 9;
    /** nest {@code ctattr_counters}. */
    public static final int CTA_COUNTERS_REPLY = 10;
    /** be32. */
    public static final int CTA_USE = 11;
    /** 32 opaque bits, read as be32. */
    public static final int CTA_ID = 12;
    /** nest {@code ctattr_nat}; requests only. */
    public static final int CTA_NAT_DST = 13;
    /** nest {@code ctattr_tuple}. */
    public static final int CTA_TUPLE_MASTER = 14;
    /** nest {@code ctattr_seqadj}. */
    public static final int CTA_SEQ_ADJ_ORIG = 15;
    /** nest {@code ctattr_seqadj}. */
    public static final int CTA_SEQ_ADJ_REPLY = 16;
    /** Obsolete. */
    public static final int CTA_SECMARK = 17;
    /** be16. */
    public static final int CTA_ZONE = 18;
    /** nest {@code ctattr_secctx}. */
    public static final int CTA_SECCTX = 19;
    /** nest {@code ctattr_tstamp}. */
    public static final int CTA_TIMESTAMP = 20;
    /** be32; requests only. */
    public static final int CTA_MARK_MASK = 21;
    /** u32 words in the host's order: label n is bit n%32 of word n/32. */
    public static final int CTA_LABELS = 22;
    /** As CTA_LABELS; requests only. */
    public static final int CTA_LABELS_MASK = 23;
    /** nest {@code ctattr_synproxy}. */
    public static final int CTA_SYNPROXY = 24;
    /** nest {@code ctattr_filter}; requests only. */
    public static final int CTA_FILTER = 25;
    /** be32; requests only. */
    public static final int CTA_STATUS_MASK = 26;
    /** be64, ns since the epoch; not sent by 6.12, sent by 6.18. */
    public static final int CTA_TIMESTAMP_EVENT = 27;

    // enum ctattr_tuple
    /** nest {@code ctattr_ip}. */
    public static final int CTA_TUPLE_IP = 1;
    /** nest {@code ctattr_l4proto}. */
    public static final int CTA_TUPLE_PROTO = 2;
    /** be16: the zone of this direction only. */
    public static final int CTA_TUPLE_ZONE = 3;

    // enum ctattr_ip: addresses in network order
    public static final int CTA_IP_V4_SRC = 1; // 4 bytes
    public static final int CTA_IP_V4_DST = 2;
    public static final int CTA_IP_V6_SRC = 3; // 16 bytes
    public static final int CTA_IP_V6_DST = 4;

    // enum ctattr_l4proto
    public static final int CTA_PROTO_NUM = 1; // u8
    public static final int CTA_PROTO_SRC_PORT = 2; // be16; GRE: key
    public static final int CTA_PROTO_DST_PORT = 3; // be16; GRE: key
    public static final int CTA_PROTO_ICMP_ID = 4; // be16
    public static final int CTA_PROTO_ICMP_TYPE = 5; // u8
    public static final int CTA_PROTO_ICMP_CODE = 6; // u8
    public static final int CTA_PROTO_ICMPV6_ID = 7; // be16
    public static final int CTA_PROTO_ICMPV6_TYPE = 8; // u8
    public static final int CTA_PROTO_ICMPV6_CODE = 9; // u8

    // enum ctattr_protoinfo: nests
    public static final int CTA_PROTOINFO_TCP = 1;
    public static final int CTA_PROTOINFO_DCCP = 2;
    public static final int CTA_PROTOINFO_SCTP = 3;

    // enum ctattr_protoinfo_tcp
    public static final int CTA_PROTOINFO_TCP_STATE = 1; // u8, TcpState
    public static final int CTA_PROTOINFO_TCP_WSCALE_ORIGINAL = 2; // u8
    public static final int CTA_PROTOINFO_TCP_WSCALE_REPLY = 3; // u8
    public static final int CTA_PROTOINFO_TCP_FLAGS_ORIGINAL = 4; // struct nf_ct_tcp_flags {u8 flags, u8 mask}
    public static final int CTA_PROTOINFO_TCP_FLAGS_REPLY = 5;

    // enum ctattr_protoinfo_dccp
    public static final int CTA_PROTOINFO_DCCP_STATE = 1; // u8
    public static final int CTA_PROTOINFO_DCCP_ROLE = 2; // u8
    public static final int CTA_PROTOINFO_DCCP_HANDSHAKE_SEQ = 3; // be64
    public static final int CTA_PROTOINFO_DCCP_PAD = 4;

    // enum ctattr_protoinfo_sctp
    public static final int CTA_PROTOINFO_SCTP_STATE = 1; // u8, SctpState
    public static final int CTA_PROTOINFO_SCTP_VTAG_ORIGINAL = 2; // be32
    public static final int CTA_PROTOINFO_SCTP_VTAG_REPLY = 3; // be32

    // enum ctattr_counters
    public static final int CTA_COUNTERS_PACKETS = 1; // be64
    public static final int CTA_COUNTERS_BYTES = 2; // be64
    public static final int CTA_COUNTERS32_PACKETS = 3; // unused
    public static final int CTA_COUNTERS32_BYTES = 4; // unused
    public static final int CTA_COUNTERS_PAD = 5;

    // enum ctattr_tstamp
    public static final int CTA_TIMESTAMP_START = 1; // be64, ns since the epoch
    public static final int CTA_TIMESTAMP_STOP = 2; // be64, ns since the epoch
    public static final int CTA_TIMESTAMP_PAD = 3;

    // enum ctattr_nat: requests only
    public static final int CTA_NAT_V4_MINIP = 1;
    public static final int CTA_NAT_V4_MAXIP = 2;
    public static final int CTA_NAT_PROTO = 3; // nest ctattr_protonat
    public static final int CTA_NAT_V6_MINIP = 4;
    public static final int CTA_NAT_V6_MAXIP = 5;

    // enum ctattr_protonat
    public static final int CTA_PROTONAT_PORT_MIN = 1; // be16
    public static final int CTA_PROTONAT_PORT_MAX = 2; // be16

    // enum ctattr_seqadj
    public static final int CTA_SEQADJ_CORRECTION_POS = 1; // be32
    public static final int CTA_SEQADJ_OFFSET_BEFORE = 2; // be32, signed
    public static final int CTA_SEQADJ_OFFSET_AFTER = 3; // be32, signed

    // enum ctattr_synproxy
    public static final int CTA_SYNPROXY_ISN = 1; // be32
    public static final int CTA_SYNPROXY_ITS = 2; // be32
    public static final int CTA_SYNPROXY_TSOFF = 3; // be32

    // enum ctattr_help
    public static final int CTA_HELP_NAME = 1; // string, NUL-terminated
    public static final int CTA_HELP_INFO = 2; // bytes of the helper

    // enum ctattr_secctx
    public static final int CTA_SECCTX_NAME = 1; // string, NUL-terminated

    // enum ctattr_filter: u32 bit sets in the host's byte order
    public static final int CTA_FILTER_ORIG_FLAGS = 1;
    public static final int CTA_FILTER_REPLY_FLAGS = 2;

    // enum ctattr_stats_global
    public static final int CTA_STATS_GLOBAL_ENTRIES = 1; // be32
    public static final int CTA_STATS_GLOBAL_MAX_ENTRIES = 2; // be32

    // enum ctattr_stats_cpu: be32 each; the numbers left out are no longer sent
    public static final int CTA_STATS_FOUND = 2;
    public static final int CTA_STATS_INVALID = 4;
    public static final int CTA_STATS_INSERT = 8;
    public static final int CTA_STATS_INSERT_FAILED = 9;
    public static final int CTA_STATS_DROP = 10;
    public static final int CTA_STATS_EARLY_DROP = 11;
    public static final int CTA_STATS_ERROR = 12;
    public static final int CTA_STATS_SEARCH_RESTART = 13;
    public static final int CTA_STATS_CLASH_RESOLVE = 14;
    public static final int CTA_STATS_CHAIN_TOOLONG = 15;

    private Cta() {}
}
