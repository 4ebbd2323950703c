package dev.ctstream.record.proof;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;

/**
 * The canonical bytes of a leaf: the same for a batch of events in every layout and framing, and when it was cut.
 *
 * <pre>
 * 0         1      2      6          14      18           26          58
 * +---------+------+------+----------+-------+------------+-----------+----------+-------+-----------+
 * | version | kind | zone | first    | count | lost_total | SHA-256   | netns_id | netns | host_name |
 * | 1       |      |      | sequence |       |            | of a body | (u16 length, UTF-8, each)    |
 * +---------+------+------+----------+-------+------------+-----------+----------+-------+-----------+
 * </pre>
 *
 * <p>All integers are big endian. The body of a batch is its encoded events one after the other, that of a control record
 * its datum without framing. A control record has zone -1, its control_sequence as the first sequence, count 1, and
 * lost_total 0. Names of more than 65 535 bytes have no leaf: no collector writes them.
 *
 * <p>Threads: any. The arrays belong to the caller.
 */
public final class LeafBytes {
    /** Kind: a batch of events. */
    public static final int EVENTS = 0;

    /** Kind: a control record. */
    public static final int CONTROL = 1;

    /** The zone of a control record. */
    public static final int NO_ZONE = -1;

    private static final byte VERSION = 1;
    private static final int FIXED_BYTES = 1 + 1 + Integer.BYTES + Long.BYTES + Integer.BYTES + Long.BYTES + Hash.BYTES;

    private LeafBytes() {}

    /** The names in a leaf. */
    public record Names(String netnsId, String netns, String hostName) {}

    /**
     * The leaf of a batch of events, as it was appended.
     *
     * @param body SHA-256 of its events
     */
    public static byte[] ofEvents(Names names, int zone, long firstSequence, int count, long lostTotal, byte[] body) {
        return of(EVENTS, names, zone, firstSequence, count, lostTotal, body);
    }

    /**
     * The leaf of a control record.
     *
     * @param body SHA-256 of its datum
     */
    public static byte[] ofControl(Names names, long controlSequence, byte[] body) {
        return of(CONTROL, names, NO_ZONE, controlSequence, 1, 0, body);
    }

    private static byte[] of(
            int kind, Names names, int zone, long firstSequence, int count, long lostTotal, byte[] body) {
        byte[] netnsId = names.netnsId().getBytes(UTF_8);
        byte[] netns = names.netns().getBytes(UTF_8);
        byte[] hostName = names.hostName().getBytes(UTF_8);
        return ByteBuffer.allocate(FIXED_BYTES + 3 * Short.BYTES + netnsId.length + netns.length + hostName.length)
                .put(VERSION)
                .put((byte) kind)
                .putInt(zone)
                .putLong(firstSequence)
                .putInt(count)
                .putLong(lostTotal)
                .put(body)
                .putShort((short) netnsId.length)
                .put(netnsId)
                .putShort((short) netns.length)
                .put(netns)
                .putShort((short) hostName.length)
                .put(hostName)
                .array();
    }
}
