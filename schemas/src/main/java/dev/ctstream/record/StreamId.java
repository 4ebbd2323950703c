package dev.ctstream.record;

/**
 * Identifies a stream within one run of the collector; {@link RunIdentity} identifies the run.
 *
 * @param netns name of the network namespace; {@code host} for the collector's own. It is part of the record's key
 * @param netnsId identity of the network namespace; a namespace that is recreated under the same name has a new one
 * @param zone conntrack zone of the original direction, 0..65535, or {@link #CONTROL_ZONE}
 */
public record StreamId(String netns, String netnsId, int zone) {
    /** Used as the zone in the stream of a namespace's control records. */
    public static final int CONTROL_ZONE = -1;

    /** The largest zone: {@code u16}. */
    public static final int MAX_ZONE = 0xFFFF;

    /** Checks the zone. */
    public StreamId {
        if (zone < CONTROL_ZONE || zone > MAX_ZONE) {
            throw new IllegalArgumentException("zone " + zone + " is outside 0.." + MAX_ZONE);
        }
    }

    /** The stream of a namespace's control records. */
    public static StreamId control(String netns, String netnsId) {
        return new StreamId(netns, netnsId, CONTROL_ZONE);
    }
}
