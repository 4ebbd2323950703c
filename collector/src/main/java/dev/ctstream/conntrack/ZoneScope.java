package dev.ctstream.conntrack;

import java.util.Locale;

/**
 * The zone of a flow, 0..65535, and the direction that it is valid for; the other direction then has zone 0. A flow
 * that is in no zone has zone 0 for both directions.
 */
public record ZoneScope(int zone, Direction direction) {
    /** What a zone is valid for. */
    public enum Direction {
        BOTH,
        ORIGINAL,
        REPLY
    }

    /** Zone 0. */
    public static final ZoneScope NONE = both(0);

    private static final int MAX_ZONE = 0xFFFF;

    /** Checks the range. */
    public ZoneScope {
        if (zone < 0 || zone > MAX_ZONE) {
            throw new IllegalArgumentException("zone " + zone + " is not in 0.." + MAX_ZONE);
        }
    }

    public static ZoneScope both(int zone) {
        return new ZoneScope(zone, Direction.BOTH);
    }

    public static ZoneScope original(int zone) {
        return new ZoneScope(zone, Direction.ORIGINAL);
    }

    public static ZoneScope reply(int zone) {
        return new ZoneScope(zone, Direction.REPLY);
    }

    /** The zone of a flow event. */
    public static ZoneScope of(FlowEvent event) {
        if (event.original().has(Tuple.ZONE)) {
            return original(event.originalZone());
        }
        if (event.reply().has(Tuple.ZONE)) {
            return reply(event.replyZone());
        }
        return both(event.zone());
    }

    /** The number of {@link #of}; allocates nothing. */
    public static int zoneOf(FlowEvent event) {
        return event.reply().has(Tuple.ZONE) && !event.original().has(Tuple.ZONE) ? event.replyZone() : event.zone();
    }

    /** Such as {@code zone 7} or {@code original zone 42}. */
    @Override
    public String toString() {
        return direction == Direction.BOTH
                ? "zone " + zone
                : direction.name().toLowerCase(Locale.ROOT) + " zone " + zone;
    }
}
