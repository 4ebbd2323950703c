package dev.ctstream.admin;

import dev.ctstream.conntrack.FlowEvent;
import dev.ctstream.conntrack.Tuple;
import dev.ctstream.conntrack.ZoneScope;
import java.util.BitSet;
import java.util.function.Consumer;

/**
 * Counts the entries of each of the 65 536 zones. A directional entry counts in its zone; its other direction uses zone
 * 0.
 *
 * <p>Memory: always 768 KiB. Threads: confined to one.
 */
public final class ZoneCounts {
    /** Number of zones. */
    public static final int ZONES = 1 << 16;

    private final int[] entries = new int[ZONES];
    private final int[] original = new int[ZONES];
    private final int[] reply = new int[ZONES];

    /**
     * One zone.
     *
     * @param entries of the zone, as matched by a filter by zone
     * @param originalDirections entries whose original direction is in the zone
     * @param replyDirections entries whose reply direction is in the zone
     */
    public record Zone(int zone, int entries, int originalDirections, int replyDirections) {}

    void add(FlowEvent entry) {
        boolean directional = entry.original().has(Tuple.ZONE) || entry.reply().has(Tuple.ZONE);
        entries[ZoneScope.zoneOf(entry)]++;
        original[entry.zone()]++;
        reply[directional ? (entry.reply().has(Tuple.ZONE) ? entry.replyZone() : 0) : entry.zone()]++;
    }

    /** Delivers the zones in use, lowest first. */
    public void forEach(Consumer<Zone> handler) {
        for (int zone = 0; zone < ZONES; zone++) {
            if (used(zone)) {
                handler.accept(new Zone(zone, entries[zone], original[zone], reply[zone]));
            }
        }
    }

    private boolean used(int zone) {
        return entries[zone] != 0 || original[zone] != 0 || reply[zone] != 0;
    }

    /** The zones in use. */
    public BitSet zones() {
        BitSet used = new BitSet(ZONES);
        for (int zone = 0; zone < ZONES; zone++) {
            used.set(zone, used(zone));
        }
        return used;
    }
}
