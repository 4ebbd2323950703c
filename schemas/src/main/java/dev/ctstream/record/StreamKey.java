package dev.ctstream.record;

import org.jspecify.annotations.Nullable;

/**
 * Identifies the stream that a sequence belongs to: host, boot, run, network namespace and zone. The namespace's name
 * is for people: two keys that differ only in the name are equal.
 *
 * @param netns name of the namespace
 * @param netnsId identity of the namespace
 * @param zone conntrack zone; -1 for the control stream
 * @param streamEpoch start of the collector run, ns since 1970-01-01 UTC
 */
public record StreamKey(String hostId, String bootId, String netns, String netnsId, int zone, long streamEpoch) {
    /** The stream of an event. */
    public static StreamKey of(DecodedRecord event) {
        return new StreamKey(
                event.text("host_id"),
                event.text("boot_id"),
                event.text("netns"),
                event.text("netns_id"),
                event.zone(),
                event.number("stream_epoch").orElse(0L));
    }

    /** The stream of an event, given as its generated class. */
    public static StreamKey of(ConntrackFlatEvent event) {
        return new StreamKey(
                event.getHostId(),
                event.getBootId(),
                event.getNetns(),
                event.getNetnsId(),
                event.getCtZone(),
                event.getStreamEpoch());
    }

    /** The stream's run. */
    public RunKey run() {
        return new RunKey(hostId, bootId, netns, netnsId, streamEpoch);
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof StreamKey that
                && zone == that.zone
                && streamEpoch == that.streamEpoch
                && netnsId.equals(that.netnsId)
                && bootId.equals(that.bootId)
                && hostId.equals(that.hostId);
    }

    @Override
    public int hashCode() {
        int texts = 31 * (31 * hostId.hashCode() + bootId.hashCode()) + netnsId.hashCode();
        return 31 * (31 * texts + zone) + Long.hashCode(streamEpoch);
    }
}
