package dev.ctstream.nftables;

import dev.ctstream.netlink.MessageWriter;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * Writes the expressions of one nf_tables rule, in the order in which the kernel evaluates them. A comparison that
 * fails ends the rule.
 *
 * <p>Source: {@code net/netfilter/nft_*.c}; {@code nft --debug=netlink} prints the same expressions.
 */
final class RuleWriter {
    /** Offsets of addresses and ports in a header, in bytes. */
    private static final int IPV4_SOURCE_OFFSET = 12;

    private static final int IPV4_DESTINATION_OFFSET = 16;
    private static final int IPV6_SOURCE_OFFSET = 8;
    private static final int IPV6_DESTINATION_OFFSET = 24;
    private static final int SOURCE_PORT_OFFSET = 0;
    private static final int DESTINATION_PORT_OFFSET = 2;
    private static final int PORT_BYTES = 2;
    private static final int ZONE_BYTES = 2;

    /** No direction: both. */
    static final int BOTH_DIRECTIONS = -1;

    private final MessageWriter out;
    private int element;

    /** Writes into {@code out}, which is positioned inside {@code NFTA_RULE_EXPRESSIONS}. */
    RuleWriter(MessageWriter out) {
        this.out = out;
    }

    /** The packet's source or destination address lies in a network. */
    RuleWriter address(boolean source, InetAddress network, int prefixBytes) {
        byte[] bytes = network.getAddress();
        boolean v4 = bytes.length == Integer.BYTES;
        meta(NfTables.NFT_META_NFPROTO);
        compare(NfTables.NFT_CMP_EQ, (byte) (v4 ? NfTables.NFPROTO_IPV4 : NfTables.NFPROTO_IPV6));
        int offset = source
                ? (v4 ? IPV4_SOURCE_OFFSET : IPV6_SOURCE_OFFSET)
                : (v4 ? IPV4_DESTINATION_OFFSET : IPV6_DESTINATION_OFFSET);
        payload(NfTables.NFT_PAYLOAD_NETWORK_HEADER, offset, prefixBytes);
        return compare(NfTables.NFT_CMP_EQ, Arrays.copyOf(bytes, prefixBytes));
    }

    /** The packet is of this IP protocol and its source or destination port is this one. */
    RuleWriter port(int protocol, boolean source, int port) {
        meta(NfTables.NFT_META_L4PROTO);
        compare(NfTables.NFT_CMP_EQ, (byte) protocol);
        int offset = source ? SOURCE_PORT_OFFSET : DESTINATION_PORT_OFFSET;
        payload(NfTables.NFT_PAYLOAD_TRANSPORT_HEADER, offset, PORT_BYTES);
        return compare(NfTables.NFT_CMP_EQ, portBytes(port));
    }

    /** Connection tracking looked at the packet. */
    RuleWriter tracked() {
        int data = begin("ct");
        out.be32(NfTables.NFTA_CT_DREG, NfTables.NFT_REG_1).be32(NfTables.NFTA_CT_KEY, NfTables.NFT_CT_STATE);
        end(data);
        return compare(NfTables.NFT_CMP_NEQ, hostOrder(Integer.BYTES, 0));
    }

    /** Puts the packet's flow into a zone; does nothing when it already has one. */
    RuleWriter setZone(int zone, int direction) {
        immediate(NfTables.NFT_REG_1, hostOrder(Short.BYTES, zone));
        return setCt(NfTables.NFT_CT_ZONE, direction);
    }

    /**
     * Puts the packet's flow into the zone given by the last two bytes of its IPv4 destination, in this host's byte
     * order.
     */
    RuleWriter setZoneOfDestination() {
        payload(NfTables.NFT_PAYLOAD_NETWORK_HEADER, IPV4_DESTINATION_OFFSET + ZONE_BYTES, ZONE_BYTES);
        return setCt(NfTables.NFT_CT_ZONE, BOTH_DIRECTIONS);
    }

    /** Sets the flow's mark. */
    RuleWriter setMark(long mark) {
        immediate(NfTables.NFT_REG_1, hostOrder(Integer.BYTES, (int) mark));
        return setCt(NfTables.NFT_CT_MARK, BOTH_DIRECTIONS);
    }

    /** Exempts the packet from connection tracking. */
    RuleWriter notrack() {
        end(begin("notrack"));
        return this;
    }

    /** Rewrites the flow's source or destination; port 0 leaves the port as it is. */
    RuleWriter nat(int natType, InetAddress to, int port) {
        byte[] bytes = to.getAddress();
        immediate(NfTables.NFT_REG_1, bytes);
        if (port != 0) {
            immediate(NfTables.NFT_REG_2, portBytes(port));
        }
        int data = begin("nat");
        int family = bytes.length == Integer.BYTES ? NfTables.NFPROTO_IPV4 : NfTables.NFPROTO_IPV6;
        out.be32(NfTables.NFTA_NAT_TYPE, natType).be32(NfTables.NFTA_NAT_FAMILY, family);
        out.be32(NfTables.NFTA_NAT_REG_ADDR_MIN, NfTables.NFT_REG_1);
        if (port != 0) {
            out.be32(NfTables.NFTA_NAT_REG_PROTO_MIN, NfTables.NFT_REG_2);
        }
        end(data);
        return this;
    }

    /** Ends the chain with {@code NF_DROP} or {@code NF_ACCEPT}. */
    RuleWriter verdict(int code) {
        int data = begin("immediate");
        out.be32(NfTables.NFTA_IMMEDIATE_DREG, NfTables.NFT_REG_VERDICT);
        int value = out.beginNest(NfTables.NFTA_IMMEDIATE_DATA);
        int verdict = out.beginNest(NfTables.NFTA_DATA_VERDICT);
        out.be32(NfTables.NFTA_VERDICT_CODE, code).endNest(verdict).endNest(value);
        end(data);
        return this;
    }

    private void meta(int key) {
        int data = begin("meta");
        out.be32(NfTables.NFTA_META_DREG, NfTables.NFT_REG_1).be32(NfTables.NFTA_META_KEY, key);
        end(data);
    }

    private void payload(int base, int offset, int lengthBytes) {
        int data = begin("payload");
        out.be32(NfTables.NFTA_PAYLOAD_DREG, NfTables.NFT_REG_1).be32(NfTables.NFTA_PAYLOAD_BASE, base);
        out.be32(NfTables.NFTA_PAYLOAD_OFFSET, offset).be32(NfTables.NFTA_PAYLOAD_LEN, lengthBytes);
        end(data);
    }

    private RuleWriter compare(int operator, byte... value) {
        int data = begin("cmp");
        out.be32(NfTables.NFTA_CMP_SREG, NfTables.NFT_REG_1).be32(NfTables.NFTA_CMP_OP, operator);
        value(NfTables.NFTA_CMP_DATA, value);
        end(data);
        return this;
    }

    private void immediate(int register, byte[] value) {
        int data = begin("immediate");
        out.be32(NfTables.NFTA_IMMEDIATE_DREG, register);
        value(NfTables.NFTA_IMMEDIATE_DATA, value);
        end(data);
    }

    private RuleWriter setCt(int key, int direction) {
        int data = begin("ct");
        out.be32(NfTables.NFTA_CT_SREG, NfTables.NFT_REG_1).be32(NfTables.NFTA_CT_KEY, key);
        if (direction != BOTH_DIRECTIONS) {
            out.u8(NfTables.NFTA_CT_DIRECTION, direction);
        }
        end(data);
        return this;
    }

    private void value(int attribute, byte[] bytes) {
        int nest = out.beginNest(attribute);
        out.bytes(NfTables.NFTA_DATA_VALUE, bytes).endNest(nest);
    }

    /** Begins an expression; both its nests end in {@link #end}. */
    private int begin(String name) {
        element = out.beginNest(NfTables.NFTA_LIST_ELEM);
        out.string(NfTables.NFTA_EXPR_NAME, name);
        return out.beginNest(NfTables.NFTA_EXPR_DATA);
    }

    private void end(int data) {
        out.endNest(data).endNest(element);
    }

    private static byte[] portBytes(int port) {
        return new byte[] {(byte) (port >>> Byte.SIZE), (byte) port};
    }

    /** A number in the form that a kernel register holds. */
    private static byte[] hostOrder(int bytes, int value) {
        ByteBuffer register = ByteBuffer.allocate(bytes).order(ByteOrder.nativeOrder());
        if (bytes == Short.BYTES) {
            register.putShort(0, (short) value);
        } else {
            register.putInt(0, value);
        }
        return register.array();
    }
}
