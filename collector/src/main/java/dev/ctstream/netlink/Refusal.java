package dev.ctstream.netlink;

import org.jspecify.annotations.Nullable;

/**
 * The kernel's refusal of a request.
 *
 * @param request index of the request in its datagram, from 0
 * @param errno positive error number
 * @param kernelText extended-ack text; null when the kernel gave none
 * @param attributeOffset offset of the fault in bytes from the start of the request's header, or
 *     {@link NetlinkException#NO_OFFSET}
 */
public record Refusal(int request, int errno, @Nullable String kernelText, int attributeOffset) {
    /** As an exception that names what was tried. */
    public NetlinkException during(String operation) {
        return new NetlinkException(operation, errno, kernelText, attributeOffset);
    }

    /** Reads an {@code NLMSG_ERROR} or {@code NLMSG_DONE} whose error field is {@code -errno}. */
    static Refusal of(MessageCursor message, int request, int errno) {
        int tlvs = message.type() == NlMsgHdr.NLMSG_DONE ? NlMsgErr.ERROR_BYTES : echoEnd(message);
        String text = null;
        int offset = NetlinkException.NO_OFFSET;
        boolean present = (message.flags() & NlMsgHdr.NLM_F_ACK_TLVS) != 0;
        AttributeCursor tlv =
                new AttributeCursor().wrap(message, present ? NlMsgHdr.HEADER_BYTES + tlvs : message.lengthBytes());
        while (tlv.next()) {
            switch (tlv.number()) {
                case NlMsgErr.NLMSGERR_ATTR_MSG -> text = tlv.text();
                case NlMsgErr.NLMSGERR_ATTR_OFFS -> offset = (int) tlv.host32();
                case NlMsgErr.NLMSGERR_ATTR_MISS_TYPE ->
                    text = (text == null ? "" : text + "; ") + "missing attribute " + tlv.host32();
                default -> {} // cookie, policy: nothing a person could act on
            }
        }
        return new Refusal(request, errno, text, tlv.malformed() ? NetlinkException.NO_OFFSET : offset);
    }

    /** Where the echoed request ends in the payload; the payload's end when its length is invalid. */
    private static int echoEnd(MessageCursor message) {
        if ((message.flags() & NlMsgHdr.NLM_F_CAPPED) != 0) {
            return NlMsgErr.HEADER_BYTES;
        }
        int echoed = message.buffer().getInt(message.payloadOffset() + NlMsgErr.REQUEST_OFFSET);
        if (echoed < NlMsgHdr.HEADER_BYTES || echoed > message.payloadLengthBytes()) {
            return message.payloadLengthBytes();
        }
        return NlMsgErr.REQUEST_OFFSET + NlMsgHdr.align(echoed);
    }
}
