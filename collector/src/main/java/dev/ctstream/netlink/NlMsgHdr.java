package dev.ctstream.netlink;

/**
 * Layout of {@code struct nlmsghdr}. Offsets in bytes; every field is in the host's byte order.
 *
 * <pre>
 *  0         4      6       8          12        16
 *  +---------+------+-------+----------+---------+
 *  | length  | type | flags | sequence | port id |
 *  +---------+------+-------+----------+---------+
 * </pre>
 *
 * <p>Source: {@code uapi/linux/netlink.h}.
 */
public final class NlMsgHdr {
    /** u32, header included, padding excluded. */
    public static final int LENGTH_OFFSET = 0;
    /** u16; below {@link #NLMSG_MIN_TYPE} it is a control message. */
    public static final int TYPE_OFFSET = 4;
    /** u16 bit set, {@code NLM_F_*}. */
    public static final int FLAGS_OFFSET = 6;
    /** u32; 0 in events. */
    public static final int SEQUENCE_OFFSET = 8;
    /** u32 port id of the socket that caused the message; 0 = the kernel itself. */
    public static final int PORT_ID_OFFSET = 12;

    public static final int HEADER_BYTES = 16;
    /** {@code NLMSG_ALIGNTO}. */
    public static final int ALIGNMENT_BYTES = 4;

    public static final int NLMSG_NOOP = 1;
    public static final int NLMSG_ERROR = 2;
    public static final int NLMSG_DONE = 3;
    public static final int NLMSG_OVERRUN = 4;
    public static final int NLMSG_MIN_TYPE = 0x10;

    public static final int NLM_F_REQUEST = 0x01;
    public static final int NLM_F_MULTI = 0x02;
    public static final int NLM_F_ACK = 0x04;
    public static final int NLM_F_ECHO = 0x08;
    public static final int NLM_F_DUMP_INTR = 0x10;
    public static final int NLM_F_DUMP_FILTERED = 0x20;
    /** {@code NLM_F_ROOT | NLM_F_MATCH}, in GET requests. */
    public static final int NLM_F_DUMP = 0x300;
    /** In create requests. */
    public static final int NLM_F_REPLACE = 0x100;

    public static final int NLM_F_EXCL = 0x200;
    public static final int NLM_F_CREATE = 0x400;
    public static final int NLM_F_APPEND = 0x800;
    /** In {@code NLMSG_ERROR}: the request's payload is not echoed. */
    public static final int NLM_F_CAPPED = 0x100;
    /** In {@code NLMSG_ERROR} and {@code NLMSG_DONE}: extended-ack attributes follow. */
    public static final int NLM_F_ACK_TLVS = 0x200;

    private NlMsgHdr() {}

    /** The length with its padding: {@code NLMSG_ALIGN}. */
    public static int align(int lengthBytes) {
        return (lengthBytes + ALIGNMENT_BYTES - 1) & -ALIGNMENT_BYTES;
    }
}
