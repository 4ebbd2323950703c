package dev.ctstream.admin;

import dev.ctstream.conntrack.FlowEvent;
import dev.ctstream.conntrack.Tuple;
import dev.ctstream.conntrack.ZoneScope;
import java.util.BitSet;
import java.util.function.Consumer;

/**
 * How often each of the 65 536 zones is used. A directional entry is counted in its zone, and its other direction uses
 * zone 0.
 *
 * <p>Memory: 768 KiB, whatever is counted. Threads: confined to one.
 */
public final class ZoneCounts {
    /** How many zones there are. */
    public static final int ZONES = 1 << 16;

    private final int[] entries = new int[ZONES];
    private final int[] original = new int[ZONES];
    private final int[] reply = new int[ZONES];

    /**
     * One zone.
     *
     * @param entries of the zone, as a filter by zone finds them
     * @param originalDirections entries whose original direction is in it
     * @param replyDirections entries whose reply direction is in it
     */
    public record Zone(int zone, int entries, int originalDirections, int replyDirections) {}

    void add(FlowEvent entry) {
        boolean directional = entry.original().has(Tuple.ZONE) || entry.reply().has(Tuple.ZONE);
        entries[ZoneScope.zoneOf(entry)]++;
        original[entry.zone()]++;
        reply[directional ? (entry.reply().has(Tuple.ZONE) ? entry.replyZone() : 0) : entry.zone()]++;
    }

    /** Hands over the zones in use, the lowest first. */
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
