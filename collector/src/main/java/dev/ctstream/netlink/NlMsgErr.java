package dev.ctstream.netlink;

/**
 * Layout of {@code struct nlmsgerr}, the payload of {@code NLMSG_ERROR}. Offsets in bytes; host byte order throughout.
 *
 * <pre>
 *  0        4                20
 *  +--------+----------------+----------------------+-------------------+
 *  | -errno | request header | request's payload    | extended-ack TLVs |
 *  |        |                | (not if NLM_F_CAPPED)| (NLM_F_ACK_TLVS)  |
 *  +--------+----------------+----------------------+-------------------+
 * </pre>
 *
 * <p>{@code NLMSG_DONE} has the first field, and the TLVs directly after it.
 *
 * <p>Source: {@code uapi/linux/netlink.h}.
 */
final class NlMsgErr {
    /** s32, zero or negative. */
    static final int ERROR_OFFSET = 0;

    static final int ERROR_BYTES = 4;
    static final int REQUEST_OFFSET = 4;
    static final int HEADER_BYTES = 20;

    /** String. */
    static final int NLMSGERR_ATTR_MSG = 1;
    /** u32: offset of the bad attribute, in bytes from the start of the request. */
    static final int NLMSGERR_ATTR_OFFS = 2;
    /** u32: number of an attribute that is missing. */
    static final int NLMSGERR_ATTR_MISS_TYPE = 5;

    private NlMsgErr() {}
}
