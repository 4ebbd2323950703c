package dev.ctstream.batch;

import static dev.ctstream.batch.AvroWriter.PRESENT;
import static dev.ctstream.batch.AvroWriter.writeLong;
import static dev.ctstream.batch.AvroWriter.writeNulls;
import static dev.ctstream.batch.AvroWriter.writePresent;

import dev.ctstream.conntrack.FlowEvent;
import dev.ctstream.conntrack.Tuple;
import dev.ctstream.record.AddressText;
import java.nio.ByteBuffer;

/** Writes the fields of a flow's tuples. Part of {@link FlowEventEncoder}; the same rules apply. */
final class TupleFields {
    private static final long ICMP =
            NestedRecords.bit(Tuple.ICMP_TYPE) | NestedRecords.bit(Tuple.ICMP_CODE) | NestedRecords.bit(Tuple.ICMP_ID);
    private static final int ICMP_FIELDS = 3;

    private TupleFields() {}

    /** From {@code ip_version} to {@code reply_icmp_id}. */
    static int write(byte[] to, int at, FlowEvent event) {
        Tuple original = event.original();
        Tuple reply = event.reply();
        ByteBuffer buffer = event.buffer();
        int end = writeLong(to, at, event.ipVersion());
        end = writeLong(to, end, original.protocol());
        end = writeAddresses(to, end, buffer, original);
        end = writeAddresses(to, end, buffer, reply);
        end = writePorts(to, end, original);
        end = writePorts(to, end, reply);
        end = writeIcmp(to, end, original);
        return writeIcmp(to, end, reply);
    }

    /** The record {@code master}. */
    static int writeMaster(byte[] to, int at, FlowEvent event) {
        Tuple master = event.master();
        to[at] = PRESENT;
        int end = writeLong(to, at + 1, event.ipVersion());
        end = writeLong(to, end, master.protocol());
        end = writeAddresses(to, end, event.buffer(), master);
        end = writePorts(to, end, master);
        end = writeIcmp(to, end, master);
        return writeZone(to, end, master);
    }

    private static int writeAddresses(byte[] to, int at, ByteBuffer buffer, Tuple tuple) {
        int lengthBytes = tuple.addressLengthBytes();
        int end = AddressText.write(to, at, buffer, tuple.sourceOffset(), lengthBytes);
        return AddressText.write(to, end, buffer, tuple.destinationOffset(), lengthBytes);
    }

    private static int writePorts(byte[] to, int at, Tuple tuple) {
        return writeDestinationPort(to, writeSourcePort(to, at, tuple), tuple);
    }

    static int writeSourcePort(byte[] to, int at, Tuple tuple) {
        return tuple.has(Tuple.SOURCE_PORT) ? writePresent(to, at, tuple.sourcePort()) : writeNulls(to, at, 1);
    }

    static int writeDestinationPort(byte[] to, int at, Tuple tuple) {
        return tuple.has(Tuple.DESTINATION_PORT)
                ? writePresent(to, at, tuple.destinationPort())
                : writeNulls(to, at, 1);
    }

    static int writeIcmp(byte[] to, int at, Tuple tuple) {
        if ((tuple.presence() & ICMP) == 0) {
            return writeNulls(to, at, ICMP_FIELDS);
        }
        int end = tuple.has(Tuple.ICMP_TYPE) ? writePresent(to, at, tuple.icmpType()) : writeNulls(to, at, 1);
        end = tuple.has(Tuple.ICMP_CODE) ? writePresent(to, end, tuple.icmpCode()) : writeNulls(to, end, 1);
        return tuple.has(Tuple.ICMP_ID) ? writePresent(to, end, tuple.icmpId()) : writeNulls(to, end, 1);
    }

    static int writeZone(byte[] to, int at, Tuple tuple) {
        return tuple.has(Tuple.ZONE) ? writePresent(to, at, tuple.zone()) : writeNulls(to, at, 1);
    }
}
