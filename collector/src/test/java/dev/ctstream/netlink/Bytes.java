package dev.ctstream.netlink;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Byte strings in this host's byte order. */
final class Bytes {
    private Bytes() {}

    /** Hand-written attributes and messages: each argument is a u16 in host order. */
    static ByteBuffer ofShorts(int... shorts) {
        ByteBuffer buffer = ByteBuffer.allocate(shorts.length * Short.BYTES).order(ByteOrder.nativeOrder());
        for (int value : shorts) {
            buffer.putShort((short) value);
        }
        return buffer.flip();
    }

    /** A message header with this length and type, and {@code extra} zero bytes. */
    static ByteBuffer header(long length, int type, int extra) {
        ByteBuffer buffer = ByteBuffer.allocate(NlMsgHdr.HEADER_BYTES + extra).order(ByteOrder.nativeOrder());
        buffer.putInt(NlMsgHdr.LENGTH_OFFSET, (int) length);
        buffer.putShort(NlMsgHdr.TYPE_OFFSET, (short) type);
        return buffer;
    }

    /** A datagram as a kernel sent it, captured on a little-endian host. */
    static ByteBuffer captured(String name) {
        try (InputStream in = Bytes.class.getResourceAsStream("/ctnetlink/" + name)) {
            if (in == null) {
                throw new IllegalArgumentException("no fixture " + name);
            }
            return ByteBuffer.wrap(in.readAllBytes()).order(ByteOrder.LITTLE_ENDIAN);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
