package dev.ctstream.netlink;

/**
 * Layout of {@code struct nlattr}. Offsets in bytes; both fields are in the host's byte order.
 *
 * <pre>
 *  0        2      4
 *  +--------+------+---------------------+---------+
 *  | length | type | payload             | padding |
 *  +--------+------+---------------------+---------+
 * </pre>
 *
 * <p>Source: {@code uapi/linux/netlink.h}.
 */
public final class NlAttr {
    /** u16, header included, padding excluded. */
    public static final int LENGTH_OFFSET = 0;
    /** u16; the top two bits are flags. */
    public static final int TYPE_OFFSET = 2;

    public static final int HEADER_BYTES = 4;
    /** {@code NLA_ALIGNTO}. */
    public static final int ALIGNMENT_BYTES = 4;
    /** {@code NLA_F_NESTED}. */
    public static final int NLA_F_NESTED = 0x8000;
    /** {@code NLA_F_NET_BYTEORDER}; ctnetlink never sets it although its integers are big endian. */
    public static final int NLA_F_NET_BYTEORDER = 0x4000;
    /** {@code NLA_TYPE_MASK}. */
    public static final int TYPE_MASK = 0x3FFF;

    private NlAttr() {}

    /** The length with its padding: {@code NLA_ALIGN}. */
    public static int align(int lengthBytes) {
        return (lengthBytes + ALIGNMENT_BYTES - 1) & -ALIGNMENT_BYTES;
    }
}
