package dev.ctstream.batch;

import static dev.ctstream.batch.AvroWriter.writeEncoded;
import static dev.ctstream.batch.AvroWriter.writeNulls;

import dev.ctstream.conntrack.FlowEvent;
import dev.ctstream.conntrack.ProtocolStates;
import dev.ctstream.conntrack.Tuple;
import dev.ctstream.record.ProtocolNames;
import org.jspecify.annotations.Nullable;

/**
 * Writes the fields that {@link DerivedFields} asks for: {@code community_id}, {@code reply_community_id},
 * {@code protocol_name}, {@code tcp_state_name}. Part of {@link FlowEventEncoder}, which has none of these while
 * nothing is asked for.
 */
final class DerivedTexts {
    /** Number of the fields. */
    static final int FIELDS = 4;
    /** Two ids and two names of at most 11 characters. */
    static final int MAX_BYTES = 2 * CommunityId.MAX_BYTES + 2 * 13;

    private static final int PROTOCOLS = 256;
    /** A null in the place of an encoded text. */
    private static final byte[] NULL = {0};

    private final @Nullable CommunityId communityId;
    private final boolean names;
    private final byte[][] protocols = new byte[PROTOCOLS][];
    private final byte[][] tcpStates =
            ProtocolStates.TCP.stream().map(AvroWriter::encodedPresentString).toArray(byte[][]::new);

    DerivedTexts(DerivedFields fields) {
        communityId = fields.communityId() ? new CommunityId() : null;
        names = fields.names();
        for (int protocol = 0; protocol < PROTOCOLS; protocol++) {
            String name = ProtocolNames.of(protocol);
            protocols[protocol] = ProtocolNames.number(name) == null ? NULL : AvroWriter.encodedPresentString(name);
        }
    }

    /**
     * Writes the fields and returns the position after them.
     *
     * @param translation see {@link Translation}
     * @param hidesIds whether the ids are null, because they would reveal what is left out
     */
    int write(byte[] to, int at, FlowEvent event, int translation, boolean hidesIds) {
        int end = communityId == null || hidesIds
                ? writeNulls(to, at, 2)
                : writeIds(communityId, to, at, event, translation);
        if (!names) {
            return writeNulls(to, end, 2);
        }
        end = writeEncoded(to, end, protocols[event.original().protocol()]);
        int state = event.has(FlowEvent.TCP_STATE) ? event.tcpState() : tcpStates.length;
        return state < tcpStates.length ? writeEncoded(to, end, tcpStates[state]) : writeNulls(to, end, 1);
    }

    private static int writeIds(CommunityId id, byte[] to, int at, FlowEvent event, int translation) {
        Tuple original = event.original();
        Tuple reply = event.reply();
        int end = id.write(to, at, event.buffer(), original);
        if (translation == Translation.NONE && hasPorts(original) && hasPorts(reply)) {
            System.arraycopy(to, at, to, end, end - at); // the same endpoints
            return end + end - at;
        }
        return id.write(to, end, event.buffer(), reply);
    }

    private static boolean hasPorts(Tuple tuple) {
        return tuple.has(Tuple.SOURCE_PORT) && tuple.has(Tuple.DESTINATION_PORT);
    }
}
