package dev.ctstream.batch;

import dev.ctstream.conntrack.FlowEvent;
import dev.ctstream.conntrack.Tuple;
import java.nio.ByteBuffer;

/**
 * Computes which ends of a flow are translated: field {@code nat}. Without NAT the reply tuple is the original tuple
 * with source and destination swapped.
 *
 * <p>An ICMP flow has one identifier, which belongs to the source.
 */
final class Translation {
    static final int NONE = 0;
    static final int SOURCE = 1;
    static final int DESTINATION = 2;

    private Translation() {}

    /** {@link #NONE}, {@link #SOURCE}, {@link #DESTINATION} or the sum of both. */
    static int of(FlowEvent event) {
        Tuple original = event.original();
        Tuple reply = event.reply();
        ByteBuffer buffer = event.buffer();
        int lengthBytes = original.addressLengthBytes();
        boolean source = !same(buffer, reply.destinationOffset(), original.sourceOffset(), lengthBytes)
                || differ(reply, Tuple.DESTINATION_PORT, original, Tuple.SOURCE_PORT)
                || differ(reply, Tuple.ICMP_ID, original, Tuple.ICMP_ID);
        boolean destination = !same(buffer, reply.sourceOffset(), original.destinationOffset(), lengthBytes)
                || differ(reply, Tuple.SOURCE_PORT, original, Tuple.DESTINATION_PORT);
        return (source ? SOURCE : NONE) | (destination ? DESTINATION : NONE);
    }

    private static boolean same(ByteBuffer buffer, int first, int second, int lengthBytes) {
        for (int i = 0; i < lengthBytes; i += Integer.BYTES) {
            if (buffer.getInt(first + i) != buffer.getInt(second + i)) {
                return false;
            }
        }
        return true;
    }

    /** Whether both tuples have the field and the values differ. */
    private static boolean differ(Tuple first, int firstField, Tuple second, int secondField) {
        return first.has(firstField)
                && second.has(secondField)
                && value(first, firstField) != value(second, secondField);
    }

    private static int value(Tuple tuple, int field) {
        return switch (field) {
            case Tuple.SOURCE_PORT -> tuple.sourcePort();
            case Tuple.DESTINATION_PORT -> tuple.destinationPort();
            default -> tuple.icmpId();
        };
    }
}
