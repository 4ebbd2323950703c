package dev.ctstream.segment;

/**
 * Layout of a segment file, version 3. Offsets in bytes, all integers big endian, frames aligned to 8 bytes.
 *
 * <pre>
 * segment  = header, the same header again, frame*, [index frame, trailer]      the last two only when sealed
 *          = header, the same header again, frame*, zero*                       a segment of control records in use
 *
 * header   0        8         10       12       16    24      32      40        48       56     60
 *          +--------+---------+--------+--------+-----+-------+-------+---------+--------+------+---------------------+
 *          | magic  | version | length | crc32c | id  | first | epoch | created | events | kind | host id, boot id    |
 *          |        |         |        |        |     | number|       | nanos   | before |      | (u16 length, UTF-8) |
 *          +--------+---------+--------+--------+-----+-------+-------+---------+--------+------+---------------------+
 *
 * frame    0       4        8        12       16       24       32       40      44     48
 *          +-------+--------+--------+--------+--------+--------+--------+-------+------+
 *          | magic | header | body   | body   | number | events | first  | count | zone |
 *          |       | crc32c | length | crc32c |        | before | seq.   |       |      |
 *          +-------+--------+--------+--------+--------+--------+--------+-------+------+
 *          48         56         64     66       68         70         72       80     112
 *          +----------+----------+------+--------+----------+----------+--------+------+--------+
 *          | first    | last     | kind | netns  | netns id | reserved | log    | leaf | gives  |
 *          | received | received |      | length | length   |          | index  | hash | up     |
 *          +----------+----------+------+--------+----------+----------+--------+------+--------+
 *          144
 *          +-------+----------+------+---------+
 *          | netns | netns id | body | padding |
 *          | UTF-8 | UTF-8    |      | to 8    |
 *          +-------+----------+------+---------+
 *
 * gives up 0       8        16       24          all 0 = nothing
 *          +-------+--------+--------+--------+
 *          | first | events | next   | events |   of the chain of events; in the frame of a GAP
 *          | number| before | number | before |
 *          +-------+--------+--------+--------+
 *
 * trailer  0              8       12
 *          +--------------+-------+--------+
 *          | offset of    | magic | crc32c |  of the first 12 bytes
 *          | index frame  |       |        |
 *          +--------------+-------+--------+
 * </pre>
 *
 * <p>The header's checksum covers all {@code length} bytes of the header except itself, in every version. A frame's
 * header checksum covers the header from offset 8 and the namespace's name and identity. The body has its own checksum,
 * so a batch with a damaged body can still be identified, and a GAP with a damaged body still tells what it gave up.
 * {@code events before} counts the events of all batches that were ever appended to the chain before this one; in the
 * chain of control records it counts records. Its difference across a hole is the number of events in the hole. The leaf
 * hash is 0 in a run that is not proven.
 */
public final class SegmentFormat {
    static final long SEGMENT_MAGIC = 0x4354_5350_4F4F_4C0AL; // "CTSPOOL\n"
    /** The format version that this program writes. */
    public static final int VERSION = 3;

    /** Offset of the format version in the header, u16. */
    public static final int SEGMENT_VERSION_OFFSET = 8;

    static final int SEGMENT_LENGTH_OFFSET = 10;
    static final int SEGMENT_CRC_OFFSET = 12;
    static final int SEGMENT_ID_OFFSET = 16;
    static final int SEGMENT_FIRST_NUMBER_OFFSET = 24;
    static final int SEGMENT_EPOCH_OFFSET = 32;
    static final int SEGMENT_CREATED_OFFSET = 40;
    static final int SEGMENT_EVENTS_BEFORE_OFFSET = 48;
    static final int SEGMENT_KIND_OFFSET = 56;
    static final int SEGMENT_HOST_ID_OFFSET = 60;
    /** Size of each of the two header copies. It is fixed, so that the second is found when the first is damaged. */
    public static final int SEGMENT_HEADER_BYTES = 512;
    /** Offset of the first frame. */
    public static final int FRAMES_OFFSET = 2 * SEGMENT_HEADER_BYTES;

    static final int FRAME_MAGIC = 0xC7F1_0A5E;
    static final int FRAME_CRC_OFFSET = 4;
    static final int FRAME_BODY_LENGTH_OFFSET = 8;
    static final int FRAME_BODY_CRC_OFFSET = 12;
    static final int FRAME_NUMBER_OFFSET = 16;
    static final int FRAME_EVENTS_BEFORE_OFFSET = 24;
    static final int FRAME_FIRST_SEQUENCE_OFFSET = 32;
    static final int FRAME_COUNT_OFFSET = 40;
    static final int FRAME_ZONE_OFFSET = 44;
    static final int FRAME_FIRST_RECEIVED_OFFSET = 48;
    static final int FRAME_LAST_RECEIVED_OFFSET = 56;
    static final int FRAME_KIND_OFFSET = 64;
    static final int FRAME_NETNS_LENGTH_OFFSET = 66;
    static final int FRAME_NETNS_ID_LENGTH_OFFSET = 68;
    static final int FRAME_LOG_INDEX_OFFSET = 72;
    static final int FRAME_LEAF_HASH_OFFSET = 80;
    static final int LEAF_HASH_BYTES = 32;
    static final int FRAME_GIVES_UP_OFFSET = FRAME_LEAF_HASH_OFFSET + LEAF_HASH_BYTES;
    static final int FRAME_HEADER_BYTES = FRAME_GIVES_UP_OFFSET + 32;
    /** Offset of the first frame byte that the header checksum covers. */
    static final int FRAME_CRC_FROM = 8;

    /** Frames start at multiples of this, which makes the search for the next good frame cheap. */
    static final int ALIGNMENT_BYTES = 8;
    /** A longer body means a damaged header: {@code batch.max-bytes} is at most 8 MiB. */
    static final int BODY_MAX_BYTES = 64 << 20;

    /** Longest namespace name, and longest namespace identity. */
    static final int NETNS_MAX_BYTES = 4096;

    static final int NAMES_MAX_BYTES = 2 * NETNS_MAX_BYTES;

    /** Numbers and sequences beyond this mean a header that this program never wrote. */
    static final long MOST = 1L << 56;

    /** Events in one batch at most; more mean a damaged header. */
    static final int COUNT_MAX = 1 << 20;

    /** Frame kinds 0 and 1 are those of {@link BatchEnvelope}. */
    static final int KIND_INDEX = 2;

    static final int TRAILER_MAGIC = 0xC7F1_0E4D;
    static final int TRAILER_MAGIC_OFFSET = 8;
    static final int TRAILER_CRC_OFFSET = 12;
    static final int TRAILER_BYTES = 16;

    private SegmentFormat() {}

    static long align(long length) {
        return (length + ALIGNMENT_BYTES - 1) & -ALIGNMENT_BYTES;
    }
}
