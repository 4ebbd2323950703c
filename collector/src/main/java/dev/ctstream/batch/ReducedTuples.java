package dev.ctstream.batch;

import static dev.ctstream.batch.AvroWriter.PRESENT;
import static dev.ctstream.batch.AvroWriter.writeLong;
import static dev.ctstream.batch.AvroWriter.writeNulls;

import dev.ctstream.conntrack.FlowEvent;
import dev.ctstream.conntrack.PrivacyRules;
import dev.ctstream.conntrack.Tuple;
import dev.ctstream.record.AddressText;
import java.nio.ByteBuffer;

/**
 * Writes the tuples of events without what {@link PrivacyRules} leave out. Part of {@link FlowEventEncoder}, which has none
 * of these while nothing is left out.
 *
 * <p>An omitted address is an empty string, because the field is not nullable; an omitted port is null. The destination of
 * a flow is the source of its replies, so both are omitted together. The source of the flow stays, also as the replies'
 * destination: there it is the address that source NAT gave it.
 *
 * <p>Threads: confined to one. Allocates nothing.
 */
final class ReducedTuples {
    private static final byte EMPTY_TEXT = 0;

    private final PrivacyRules rules;
    private final ByteBuffer address = ByteBuffer.allocate(16);

    ReducedTuples(PrivacyRules rules) {
        this.rules = rules;
    }

    /** {@link PrivacyRules#omitsDestination}. */
    boolean omits(FlowEvent event) {
        return rules.omitsDestination(event);
    }

    /** Whether a hash of the addresses would reveal what is left out. */
    boolean hides(boolean omits) {
        return omits || rules.truncates();
    }

    /** As {@link TupleFields#write}. */
    int write(byte[] to, int at, FlowEvent event, boolean omits) {
        Tuple original = event.original();
        Tuple reply = event.reply();
        int end = writeLong(to, at, event.ipVersion());
        end = writeLong(to, end, original.protocol());
        end = writeAddress(to, end, original, original.sourceOffset(), false);
        end = writeAddress(to, end, original, original.destinationOffset(), omits);
        end = writeAddress(to, end, reply, reply.sourceOffset(), omits);
        end = writeAddress(to, end, reply, reply.destinationOffset(), false);
        end = TupleFields.writeSourcePort(to, end, original);
        end = omits ? writeNulls(to, end, 2) : TupleFields.writeDestinationPort(to, end, original);
        end = omits ? end : TupleFields.writeSourcePort(to, end, reply);
        end = TupleFields.writeDestinationPort(to, end, reply);
        end = TupleFields.writeIcmp(to, end, original);
        return TupleFields.writeIcmp(to, end, reply);
    }

    /**
     * As {@link TupleFields#writeMaster}. Either end of the master may be the flow's destination: in active FTP the server
     * opens the data connection.
     */
    int writeMaster(byte[] to, int at, FlowEvent event, boolean omits) {
        Tuple master = event.master();
        to[at] = PRESENT;
        int end = writeLong(to, at + 1, event.ipVersion());
        end = writeLong(to, end, master.protocol());
        end = writeAddress(to, end, master, master.sourceOffset(), omits);
        end = writeAddress(to, end, master, master.destinationOffset(), omits);
        end = omits ? writeNulls(to, end, 2) : TupleFields.writeSourcePort(to, end, master);
        end = omits ? end : TupleFields.writeDestinationPort(to, end, master);
        end = TupleFields.writeIcmp(to, end, master);
        return TupleFields.writeZone(to, end, master);
    }

    private int writeAddress(byte[] to, int at, Tuple tuple, int offset, boolean omits) {
        if (omits) {
            to[at] = EMPTY_TEXT;
            return at + 1;
        }
        int lengthBytes = tuple.addressLengthBytes();
        if (!rules.truncates()) {
            return AddressText.write(to, at, tuple.buffer(), offset, lengthBytes);
        }
        int kept = (lengthBytes == Integer.BYTES ? PrivacyRules.V4_BITS : PrivacyRules.V6_BITS) / Byte.SIZE;
        for (int i = 0; i < lengthBytes; i++) {
            address.put(i, i < kept ? tuple.buffer().get(offset + i) : 0);
        }
        return AddressText.write(to, at, address, 0, lengthBytes);
    }
}
