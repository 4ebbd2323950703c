package dev.ctstream.nftables;

/**
 * Numbers of nf_tables' netlink protocol, one block per C enum. All integers in attributes are big endian; register
 * values are not.
 *
 * <p>Source: {@code uapi/linux/netfilter/nf_tables.h}, {@code nfnetlink.h}, {@code netfilter.h}.
 */
final class NfTables {
    static final int NFNL_MSG_BATCH_BEGIN = 0x10;
    static final int NFNL_MSG_BATCH_END = 0x11;
    static final int NFNL_SUBSYS_NFTABLES = 10;

    static final int NFT_MSG_NEWTABLE = 0;
    static final int NFT_MSG_DELTABLE = 2;
    static final int NFT_MSG_NEWCHAIN = 3;
    static final int NFT_MSG_NEWRULE = 6;

    static final int NFPROTO_INET = 1;
    static final int NFPROTO_IPV4 = 2;
    static final int NFPROTO_IPV6 = 10;

    static final int NF_INET_PRE_ROUTING = 0;
    static final int NF_INET_LOCAL_OUT = 3;
    static final int NF_INET_POST_ROUTING = 4;

    static final int NFTA_TABLE_NAME = 1;

    static final int NFTA_CHAIN_TABLE = 1;
    static final int NFTA_CHAIN_NAME = 3;
    static final int NFTA_CHAIN_HOOK = 4;
    static final int NFTA_CHAIN_TYPE = 7;

    static final int NFTA_HOOK_HOOKNUM = 1;
    static final int NFTA_HOOK_PRIORITY = 2;

    static final int NFTA_RULE_TABLE = 1;
    static final int NFTA_RULE_CHAIN = 2;
    static final int NFTA_RULE_EXPRESSIONS = 4;
    static final int NFTA_RULE_USERDATA = 7;

    static final int NFTA_LIST_ELEM = 1;

    static final int NFTA_EXPR_NAME = 1;
    static final int NFTA_EXPR_DATA = 2;

    static final int NFTA_DATA_VALUE = 1;
    static final int NFTA_DATA_VERDICT = 2;

    static final int NFTA_VERDICT_CODE = 1;

    static final int NFTA_IMMEDIATE_DREG = 1;
    static final int NFTA_IMMEDIATE_DATA = 2;

    static final int NFTA_CMP_SREG = 1;
    static final int NFTA_CMP_OP = 2;
    static final int NFTA_CMP_DATA = 3;

    static final int NFTA_PAYLOAD_DREG = 1;
    static final int NFTA_PAYLOAD_BASE = 2;
    static final int NFTA_PAYLOAD_OFFSET = 3;
    static final int NFTA_PAYLOAD_LEN = 4;

    static final int NFTA_META_DREG = 1;
    static final int NFTA_META_KEY = 2;

    static final int NFTA_CT_DREG = 1;
    static final int NFTA_CT_KEY = 2;
    static final int NFTA_CT_DIRECTION = 3;
    static final int NFTA_CT_SREG = 4;

    static final int NFTA_NAT_TYPE = 1;
    static final int NFTA_NAT_FAMILY = 2;
    static final int NFTA_NAT_REG_ADDR_MIN = 3;
    static final int NFTA_NAT_REG_PROTO_MIN = 5;

    static final int NFT_REG_VERDICT = 0;
    static final int NFT_REG_1 = 1;
    static final int NFT_REG_2 = 2;

    static final int NFT_CMP_EQ = 0;
    static final int NFT_CMP_NEQ = 1;

    static final int NFT_PAYLOAD_NETWORK_HEADER = 1;
    static final int NFT_PAYLOAD_TRANSPORT_HEADER = 2;

    static final int NFT_META_NFPROTO = 15;
    static final int NFT_META_L4PROTO = 16;

    static final int NFT_CT_STATE = 0;
    static final int NFT_CT_MARK = 3;
    static final int NFT_CT_ZONE = 17;

    static final int NFT_NAT_SNAT = 0;
    static final int NFT_NAT_DNAT = 1;

    static final int NF_DROP = 0;
    static final int NF_ACCEPT = 1;

    private NfTables() {}
}
