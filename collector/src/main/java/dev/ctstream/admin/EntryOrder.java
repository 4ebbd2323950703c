package dev.ctstream.admin;

import dev.ctstream.conntrack.FlowEvent;
import dev.ctstream.conntrack.Tuple;
import dev.ctstream.conntrack.ZoneScope;
import java.nio.ByteBuffer;
import java.util.Locale;
import java.util.Optional;

/**
 * A total order of entries: by one value, then by zone, family, protocol, source, source port, destination, destination
 * port and id. Threads: any.
 */
public final class EntryOrder {
    private static final int ADDRESS_BYTES = 16;
    private static final int KEY_BYTES = 1 + ADDRESS_BYTES + 2 + 1 + 1 + 2 * (ADDRESS_BYTES + 2) + Long.BYTES;

    private final By by;
    private final boolean descending;

    private EntryOrder(By by, boolean descending) {
        this.by = by;
        this.descending = descending;
    }

    private enum By {
        ZONE,
        PROTOCOL,
        SOURCE,
        DESTINATION,
        TIMEOUT,
        MARK,
        PACKETS,
        BYTES,
        START,
        ID
    }

    /** Values that entries can be sorted by. */
    public static final String NAMES = "zone, protocol, source, destination, timeout, mark, packets, bytes, start, id";

    /** The order by the named value, descending with a leading minus; empty for an unknown name. */
    public static Optional<EntryOrder> of(String name) {
        boolean descending = name.startsWith("-");
        String word = descending ? name.substring(1) : name;
        for (By by : By.values()) {
            if (by.name().toLowerCase(Locale.ROOT).equals(word)) {
                return Optional.of(new EntryOrder(by, descending));
            }
        }
        return Optional.empty();
    }

    /** A sort key of fewer than 128 bytes; keys compare as unsigned bytes. */
    byte[] key(FlowEvent entry) {
        ByteBuffer key = ByteBuffer.allocate(KEY_BYTES + 1);
        first(key, entry);
        if (descending) {
            for (int i = 0; i < key.position(); i++) {
                key.put(i, (byte) ~key.get(i));
            }
        }
        Tuple original = entry.original();
        key.putShort((short) ZoneScope.zoneOf(entry));
        key.put((byte) entry.family()).put((byte) original.protocol());
        address(key, entry, original.sourceOffset());
        key.putShort((short) (original.has(Tuple.SOURCE_PORT) ? original.sourcePort() : 0));
        address(key, entry, original.destinationOffset());
        key.putShort((short) (original.has(Tuple.DESTINATION_PORT) ? original.destinationPort() : 0));
        key.putLong(entry.has(FlowEvent.ID) ? entry.id() : 0);
        byte[] exact = new byte[key.position()];
        key.flip().get(exact);
        return exact;
    }

    private void first(ByteBuffer key, FlowEvent entry) {
        switch (by) {
            case ZONE -> key.putShort((short) ZoneScope.zoneOf(entry));
            case PROTOCOL -> key.put((byte) entry.original().protocol());
            case SOURCE -> {
                key.put((byte) entry.family());
                address(key, entry, entry.original().sourceOffset());
            }
            case DESTINATION -> {
                key.put((byte) entry.family());
                address(key, entry, entry.original().destinationOffset());
            }
            case TIMEOUT -> key.putLong(entry.has(FlowEvent.TIMEOUT) ? entry.timeoutSeconds() : 0);
            case MARK -> key.putLong(entry.has(FlowEvent.MARK) ? entry.mark() : 0);
            case PACKETS ->
                key.putLong(sum(
                        entry.has(FlowEvent.PACKETS_ORIGINAL) ? entry.packetsOriginal() : 0,
                        entry.has(FlowEvent.PACKETS_REPLY) ? entry.packetsReply() : 0));
            case BYTES ->
                key.putLong(sum(
                        entry.has(FlowEvent.BYTES_ORIGINAL) ? entry.bytesOriginal() : 0,
                        entry.has(FlowEvent.BYTES_REPLY) ? entry.bytesReply() : 0));
            case START -> key.putLong(entry.has(FlowEvent.START_TIME) ? entry.startTimeNanos() : 0);
            case ID -> key.putLong(entry.has(FlowEvent.ID) ? entry.id() : 0);
        }
    }

    private static long sum(long original, long reply) {
        return original + reply;
    }

    private static void address(ByteBuffer key, FlowEvent entry, int offset) {
        int bytes = entry.original().addressLengthBytes();
        key.put(new byte[ADDRESS_BYTES - bytes]);
        for (int i = 0; i < bytes; i++) {
            key.put(entry.buffer().get(offset + i));
        }
    }
}
