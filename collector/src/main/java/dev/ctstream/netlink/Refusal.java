package dev.ctstream.netlink;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * The kernel's answer that it did not do what a request asked.
 *
 * @param request which of the datagram's requests, from 0
 * @param errno positive error number
 * @param kernelText extended-ack text; null when the kernel gave none
 * @param attributeOffset the fault's place in bytes from the request's header, or {@link NetlinkException#NO_OFFSET}
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
        boolean present = (message.flags() & NlMsgHdr.NLM_F_ACK_TLVS) != 0 && tlvs <= message.payloadLengthBytes();
        AttributeCursor tlv = new AttributeCursor()
                .wrap(
                        message.buffer(),
                        message.payloadOffset() + tlvs,
                        present ? message.payloadLengthBytes() - tlvs : 0);
        while (tlv.next()) {
            switch (tlv.number()) {
                case NlMsgErr.NLMSGERR_ATTR_MSG -> text = string(message.buffer(), tlv);
                case NlMsgErr.NLMSGERR_ATTR_OFFS -> offset = u32(message.buffer(), tlv, offset);
                case NlMsgErr.NLMSGERR_ATTR_MISS_TYPE ->
                    text = (text == null ? "" : text + "; ") + "missing attribute " + u32(message.buffer(), tlv, 0);
                default -> {} // cookie, policy: nothing a person could act on
            }
        }
        return new Refusal(request, errno, text, offset);
    }

    /** Where the echoed request ends in the payload; past its end when the length makes no sense. */
    private static int echoEnd(MessageCursor message) {
        if ((message.flags() & NlMsgHdr.NLM_F_CAPPED) != 0) {
            return NlMsgErr.HEADER_BYTES;
        }
        int echoed = message.buffer().getInt(message.payloadOffset() + NlMsgErr.REQUEST_OFFSET);
        if (echoed < NlMsgHdr.HEADER_BYTES || echoed > message.payloadLengthBytes()) {
            return Integer.MAX_VALUE;
        }
        return NlMsgErr.REQUEST_OFFSET + NlMsgHdr.align(echoed);
    }

    private static String string(ByteBuffer buffer, AttributeCursor attribute) {
        byte[] bytes = new byte[attribute.payloadLengthBytes()];
        buffer.get(attribute.payloadOffset(), bytes);
        int length = bytes.length;
        while (length > 0 && bytes[length - 1] == 0) {
            length--;
        }
        return new String(bytes, 0, length, StandardCharsets.UTF_8);
    }

    private static int u32(ByteBuffer buffer, AttributeCursor attribute, int otherwise) {
        return attribute.payloadLengthBytes() == Integer.BYTES ? buffer.getInt(attribute.payloadOffset()) : otherwise;
    }
}
