package dev.ctstream.conntrack;

import static dev.ctstream.conntrack.Cta.*;

import dev.ctstream.netlink.NlAttr;
import dev.ctstream.netlink.NlMsgHdr;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** Writes conntrack messages as the kernel does, for cases that no capture contains; also invalid ones. */
public final class MessageBytes {
    private MessageBytes() {}

    /** A message of the given attributes; sequence 0, port id 0. */
    public static byte[] message(int type, int flags, int family, byte[]... attributes) {
        byte[] body = concat(attributes);
        int lengthBytes = NfGenMsg.ATTRIBUTES_OFFSET + body.length;
        return ByteBuffer.allocate(lengthBytes)
                .order(ByteOrder.nativeOrder())
                .putInt(lengthBytes)
                .putShort((short) type)
                .putShort((short) flags)
                .putInt(0)
                .putInt(0)
                .put((byte) family)
                .put((byte) NfGenMsg.NFNETLINK_V0)
                .putShort((short) 0)
                .put(body)
                .array();
    }

    /** A NEW of a flow 10.1.0.1 to 10.1.0.2 with the given tuple parts, then the given attributes. */
    public static byte[] newFlow(byte[] protocolNest, byte[]... more) {
        byte[] ip = ip(new byte[] {10, 1, 0, 1}, new byte[] {10, 1, 0, 2});
        byte[] tuples = concat(nest(CTA_TUPLE_ORIG, ip, protocolNest), nest(CTA_TUPLE_REPLY, ip, protocolNest));
        return message(
                NfGenMsg.IPCTNL_MSG_CT_NEW,
                NlMsgHdr.NLM_F_CREATE | NlMsgHdr.NLM_F_EXCL,
                NfGenMsg.AF_INET,
                tuples,
                concat(more));
    }

    public static byte[] ip(byte[] source, byte[] destination) {
        boolean v4 = source.length == 4;
        return nest(
                CTA_TUPLE_IP,
                attribute(v4 ? CTA_IP_V4_SRC : CTA_IP_V6_SRC, source),
                attribute(v4 ? CTA_IP_V4_DST : CTA_IP_V6_DST, destination));
    }

    public static byte[] ports(int protocol, int source, int destination) {
        return nest(
                CTA_TUPLE_PROTO,
                attribute(CTA_PROTO_NUM, u8(protocol)),
                attribute(CTA_PROTO_SRC_PORT, be16(source)),
                attribute(CTA_PROTO_DST_PORT, be16(destination)));
    }

    public static byte[] nest(int number, byte[]... attributes) {
        return attribute(number | NlAttr.NLA_F_NESTED, concat(attributes));
    }

    /** An attribute with its padding. */
    public static byte[] attribute(int type, byte[] payload) {
        int lengthBytes = NlAttr.HEADER_BYTES + payload.length;
        return ByteBuffer.allocate(NlAttr.align(lengthBytes))
                .order(ByteOrder.nativeOrder())
                .putShort((short) lengthBytes)
                .putShort((short) type)
                .put(payload)
                .array();
    }

    public static byte[] u8(int value) {
        return new byte[] {(byte) value};
    }

    public static byte[] be16(int value) {
        return ByteBuffer.allocate(2).putShort((short) value).array();
    }

    public static byte[] be32(long value) {
        return ByteBuffer.allocate(4).putInt((int) value).array();
    }

    public static byte[] be64(long value) {
        return ByteBuffer.allocate(8).putLong(value).array();
    }

    /** Text with its NUL. */
    public static byte[] text(String text) {
        return (text + "\0").getBytes(StandardCharsets.UTF_8);
    }

    public static byte[] concat(byte[]... parts) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            out.writeBytes(part);
        }
        return out.toByteArray();
    }
}
