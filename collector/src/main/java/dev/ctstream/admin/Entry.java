package dev.ctstream.admin;

import dev.ctstream.conntrack.EntryKey;
import dev.ctstream.conntrack.FlowEvent;
import dev.ctstream.conntrack.FlowExtras;
import dev.ctstream.conntrack.FlowSpec;
import dev.ctstream.conntrack.TupleSpec;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * An entry of the table as the kernel listed it; null = the kernel did not send this field. Immutable.
 *
 * @param key original tuple, zone and id
 * @param status {@link dev.ctstream.conntrack.IpsStatus} bits
 * @param mark u32
 * @param state index into the protocol's table of {@link dev.ctstream.conntrack.ProtocolStates}
 * @param counters only if the namespace counts packets (nf_conntrack_acct)
 * @param startTimeNanos CLOCK_REALTIME; only if the namespace keeps times (nf_conntrack_timestamp)
 * @param use reference count
 * @param extras its master, and details of its connection
 */
public record Entry(
        EntryKey key,
        TupleSpec reply,
        @Nullable Integer status,
        @Nullable Long timeoutSeconds,
        @Nullable Long mark,
        @Nullable Integer state,
        FlowSpec.@Nullable Labels labels,
        @Nullable String helper,
        @Nullable Counters counters,
        @Nullable Long startTimeNanos,
        @Nullable Long use,
        FlowExtras extras) {

    /** Packet and byte counters, unsigned; bytes are layer-3 bytes. */
    public record Counters(long packetsOriginal, long bytesOriginal, long packetsReply, long bytesReply) {}

    /** Copies an entry. */
    public static Entry of(FlowEvent entry) {
        return new Entry(
                EntryKey.of(entry),
                TupleSpec.of(entry.reply()),
                entry.has(FlowEvent.STATUS) ? entry.status() : null,
                entry.has(FlowEvent.TIMEOUT) ? entry.timeoutSeconds() : null,
                entry.has(FlowEvent.MARK) ? entry.mark() : null,
                state(entry),
                labels(entry),
                helper(entry),
                counters(entry),
                entry.has(FlowEvent.START_TIME) ? entry.startTimeNanos() : null,
                entry.has(FlowEvent.USE) ? entry.use() : null,
                FlowExtras.of(entry));
    }

    private static @Nullable Integer state(FlowEvent entry) {
        if (entry.has(FlowEvent.TCP_STATE)) {
            return entry.tcpState();
        }
        if (entry.has(FlowEvent.SCTP_STATE)) {
            return entry.sctpState();
        }
        return entry.has(FlowEvent.DCCP_STATE) ? entry.dccpState() : null;
    }

    private static @Nullable Counters counters(FlowEvent entry) {
        boolean counted = entry.has(FlowEvent.PACKETS_ORIGINAL)
                && entry.has(FlowEvent.BYTES_ORIGINAL)
                && entry.has(FlowEvent.PACKETS_REPLY)
                && entry.has(FlowEvent.BYTES_REPLY);
        return counted
                ? new Counters(entry.packetsOriginal(), entry.bytesOriginal(), entry.packetsReply(), entry.bytesReply())
                : null;
    }

    private static FlowSpec.@Nullable Labels labels(FlowEvent entry) {
        if (!entry.has(FlowEvent.LABELS)) {
            return null;
        }
        int[] words = new int[4];
        for (int i = 0; i < entry.labelsLengthBytes() / Integer.BYTES; i++) {
            words[i] = entry.buffer().getInt(entry.labelsOffset() + i * Integer.BYTES);
        }
        return new FlowSpec.Labels(words[0], words[1], words[2], words[3]);
    }

    private static @Nullable String helper(FlowEvent entry) {
        if (!entry.has(FlowEvent.HELPER)) {
            return null;
        }
        byte[] name = new byte[entry.helperLengthBytes()];
        entry.buffer().get(entry.helperOffset(), name);
        return new String(name, StandardCharsets.UTF_8);
    }
}
