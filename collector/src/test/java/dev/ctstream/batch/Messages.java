package dev.ctstream.batch;

import static dev.ctstream.conntrack.MessageBytes.attribute;
import static dev.ctstream.conntrack.MessageBytes.be16;
import static dev.ctstream.conntrack.MessageBytes.newFlow;
import static dev.ctstream.conntrack.MessageBytes.ports;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Small messages for tests of streams rather than of fields. */
final class Messages {
    private static final int CTA_ZONE = 18;

    private Messages() {}

    /** A NEW in the zone; about 90 bytes as a record. */
    static byte[] inZone(int zone) {
        return newFlow(ports(17, 1000, 2000), attribute(CTA_ZONE, be16(zone)));
    }

    /** One message whose zone can be changed in place, so that a test needs no allocation per message. */
    static final class Zoned {
        final ByteBuffer buffer;
        private final int zoneOffset;

        Zoned() {
            byte[] message = inZone(0);
            zoneOffset = message.length - 4; // be16 and two bytes of padding, the last attribute
            buffer = ByteBuffer.allocateDirect(message.length)
                    .order(ByteOrder.nativeOrder())
                    .put(message)
                    .flip();
        }

        ByteBuffer in(int zone) {
            buffer.put(zoneOffset, (byte) (zone >>> 8)).put(zoneOffset + 1, (byte) zone);
            return buffer;
        }
    }
}
